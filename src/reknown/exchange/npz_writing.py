"""NPZ files of templates, written page by page."""

from __future__ import annotations

import io
import shutil
import zipfile
from itertools import accumulate
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.exchange.columns import portion_of
from reknown.exchange.fields import FIELDS, FORMAT, VECTORS, Kind
from reknown.exchange.npz import ENDS, UTF8

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import IO, BinaryIO

    from reknown.biometrics.moved import MovedFaces
    from reknown.biometrics.templates import TemplateSpace


class NpzWriter:
    """Writes vectors as they come, and all else behind them.

    An archive has one array behind the other: what is not a vector waits in files of `folder`
    that have no name.
    """

    def __init__(self, file: BinaryIO, space: TemplateSpace, count: int, folder: Path) -> None:
        self._archive = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self._count, self._written = count, 0
        self._folder = folder
        self._waiting: dict[str, IO[bytes]] = {}
        self._lengths: dict[str, int] = {}
        self._archive.writestr(_member("format"), _saved(FORMAT))
        for name, text in {"pack": space.pack, "fingerprint": space.fingerprint}.items():
            self._archive.writestr(_member(name), _saved(text))
        self._vectors = self._archive.open(_member(VECTORS), "w", force_zip64=True)
        self._vectors.write(_header("<f4", (count, space.dimension)))

    def write(self, moved: MovedFaces) -> None:
        """As `files.TemplateWriter` says."""
        self._written += len(moved)
        portion = portion_of(moved)
        for name, field in FIELDS.items():
            if name not in portion:
                continue
            if field.kind is Kind.TEXT:
                self._keep_texts(name, list(portion[name]))
            else:
                values = np.asarray(portion[name], field.type)
                stream = self._vectors if name == VECTORS else self._kept(name)
                stream.write(np.ascontiguousarray(values).data)

    def finish(self) -> None:
        """As `files.TemplateWriter` says."""
        if self._written != self._count:
            raise InputError(f"{self._count:,} faces were to be written, not {self._written:,}")
        self._vectors.close()
        empty = {name for name, length in self._lengths.items() if not length}
        without = {name.removesuffix(UTF8) + ENDS for name in empty} | empty
        for name, stream in self._waiting.items():
            if name not in without:  # a field of which no face has anything
                self._append(name, stream)

    def close(self) -> None:
        """As `files.TemplateWriter` says."""
        self._vectors.close()
        for stream in self._waiting.values():
            stream.close()
        self._archive.close()

    def _append(self, name: str, stream: IO[bytes]) -> None:
        """Puts an array that has waited into the archive."""
        shape: tuple[int, ...] = (self._count,)
        if name.endswith(UTF8):
            kind, shape = "|u1", (self._lengths[name],)
        elif name.endswith(ENDS):
            kind = "<i8"
        else:
            field = FIELDS[name]
            kind = field.type
            shape = shape if field.width == 1 else (self._count, field.width)
        stream.seek(0)
        with self._archive.open(_member(name), "w", force_zip64=True) as target:
            target.write(_header(kind, shape))
            shutil.copyfileobj(stream, target, 2**20)

    def _keep_texts(self, name: str, texts: Sequence[Any]) -> None:
        data = [text.encode() for text in texts]
        start = self._lengths.get(name + UTF8, 0)
        ends = list(accumulate(map(len, data), initial=start))
        self._lengths[name + UTF8] = ends[-1]
        self._kept(name + UTF8).write(b"".join(data))
        self._kept(name + ENDS).write(np.array(ends[1:], "<i8").tobytes())

    def _kept(self, name: str) -> IO[bytes]:
        if name not in self._waiting:
            self._waiting[name] = TemporaryFile(dir=self._folder)  # noqa: SIM115 - until the end
        return self._waiting[name]


def _member(name: str) -> zipfile.ZipInfo:
    """Without the time: the same gallery gives the same bytes."""
    member = zipfile.ZipInfo(f"{name}.npy")
    member.external_attr = 0o600 << 16
    return member


def _header(kind: str, shape: tuple[int, ...]) -> bytes:
    target = io.BytesIO()
    about: Mapping[str, Any] = {"descr": kind, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(target, dict(about))
    return target.getvalue()


def _saved(value: str | int) -> bytes:
    target = io.BytesIO()
    np.save(target, np.array(value), allow_pickle=False)
    return target.getvalue()
