"""Files of templates by their suffix: opened in portions, written page by page."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from reknown.biometrics.moved import MovedFaces
    from reknown.biometrics.templates import TemplateSpace
    from reknown.exchange.fields import Portion

SUFFIXES = (".npz", ".parquet")


class TemplateFile(Protocol):
    """A file that is open: `count` templates of `dimension` values; `space` where it says one."""

    @property
    def count(self) -> int:
        """How many templates there are."""

    @property
    def dimension(self) -> int:
        """How many values each has."""

    @property
    def space(self) -> TemplateSpace | None:
        """The space that they are comparable in."""

    def portions(self, rows: int) -> Iterator[Portion]:
        """Its fields, at most so many faces at a time, less where they are large.

        Raises `InputError` for a file that does not hold what it says.
        """


class TemplateWriter(Protocol):
    """A file that is being written."""

    def write(self, moved: MovedFaces) -> None:
        """Some more faces."""

    def finish(self) -> None:
        """No more come; raises `InputError` where they are not as many as were promised."""

    def close(self) -> None:
        """Lets go of everything, also of a file that was not finished."""


def require_suffix(path: Path) -> None:
    """Raises `InputError` for a file that is named after no format, or after one not installed."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: name it {' or '.join(f'FILE{suffix}' for suffix in SUFFIXES)}")
    if path.suffix.lower() == ".parquet":
        from reknown.exchange.parquet import require_support  # noqa: PLC0415

        require_support()


@contextlib.contextmanager
def open_templates(path: Path) -> Iterator[TemplateFile]:
    """The file of this name.

    What is wrong with it is an `InputError`, here and while its portions are read.
    """
    require_suffix(path)
    if path.exists() and not path.is_file():  # a pipe may never come to an end
        raise InputError(f"cannot read {path}: it is no regular file")
    try:
        file = path.open("rb")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"cannot read {path}: {reason}") from error
    with file, _reader(path, file) as templates:
        yield templates


def _reader(path: Path, file: BinaryIO) -> contextlib.AbstractContextManager[TemplateFile]:
    # Only the one that is wanted: both take long to import.
    if path.suffix.lower() == ".npz":
        from reknown.exchange.npz import open_npz  # noqa: PLC0415

        return open_npz(file)
    from reknown.exchange.parquet import open_parquet  # noqa: PLC0415

    return open_parquet(file)


@contextlib.contextmanager
def writing_templates(
    path: Path, file: BinaryIO, space: TemplateSpace, count: int
) -> Iterator[TemplateWriter]:
    """Writes `count` faces of this space to the `file`, as the suffix of `path` says.

    Raises `InputError` where they are not as many in the end.
    """
    writer = _writer(path, file, space, count)
    try:
        yield writer
        writer.finish()
    finally:
        writer.close()


def _writer(path: Path, file: BinaryIO, space: TemplateSpace, count: int) -> TemplateWriter:
    if path.suffix.lower() == ".npz":
        from reknown.exchange.npz_writing import NpzWriter  # noqa: PLC0415

        return NpzWriter(file, space, count, path.parent)
    from reknown.exchange.parquet import ParquetWriter  # noqa: PLC0415

    return ParquetWriter(file, space, count)
