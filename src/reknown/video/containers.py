"""Which container a file is, and whether it asks for too much, before it is demuxed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from reknown.biometrics.errors import InvalidVideoError
from reknown.video import camcorders
from reknown.video.isobmff import check_boxes
from reknown.video.matroska import check_elements

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_HEADER = 1024


@dataclass(frozen=True, slots=True)
class Container:
    """FFmpeg's name for a container, people's `names`, how it is looked at and what it begins with.

    `starts` are the bytes at a place, and any of them will do.
    """

    form: str
    names: tuple[str, ...]
    check: Callable[[BinaryIO], None]
    starts: tuple[tuple[int, bytes], ...] = ()


MOV = Container(
    "mov",
    ("MP4", "MOV"),
    check_boxes,
    # Old QuickTime files begin with other atoms.
    tuple((4, kind) for kind in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")),
)
MATROSKA = Container("matroska", ("MKV", "WebM"), check_elements, ((0, b"\x1a\x45\xdf\xa3"),))
AVI = Container("avi", ("AVI",), camcorders.check_avi, ((8, b"AVI "),))
_TRANSPORT = Container("mpegts", ("TS", "MTS"), camcorders.check_transport)
_CONTAINERS = (
    MATROSKA,
    AVI,
    Container("mpeg", ("MPG",), lambda _: None, ((0, b"\0\0\1\xba"),)),
    Container("asf", ("WMV",), camcorders.check_asf, ((0, bytes.fromhex("3026b2758e66cf11a6d9")),)),
    Container("flv", ("FLV",), camcorders.check_flash, ((0, b"FLV\1"),)),
    Container("gif", ("GIF",), camcorders.check_gif, ((0, b"GIF87a"), (0, b"GIF89a"))),
    MOV,
)
EVERY_CONTAINER = frozenset({*_CONTAINERS, _TRANSPORT})
REQUESTED = frozenset({MOV, AVI, MATROSKA})
"""What Amazon Rekognition documents (MP4, MOV and AVI), and what browsers record."""


def examine(file: BinaryIO, allowed: Collection[Container] = EVERY_CONTAINER) -> str:
    """FFmpeg's name for the container of a seekable file, which is left at its beginning.

    Raises `InvalidVideoError` for any other file, and for one that is built to cost more than it
    is worth.
    """
    found = _container(file)
    if found is None:
        raise InvalidVideoError(f"not a video of a supported format: give {_either(allowed)}")
    if found not in allowed:
        raise InvalidVideoError(f"this is {' or '.join(found.names)}: give {_either(allowed)}")
    found.check(file)
    file.seek(0)
    return found.form


def _container(file: BinaryIO) -> Container | None:
    file.seek(0)
    header = file.read(_HEADER)
    file.seek(0)
    if not header:
        raise InvalidVideoError("the file is empty")
    for container in _CONTAINERS:
        if any(header.startswith(start, place) for place, start in container.starts):
            return container
    return _TRANSPORT if camcorders.transport_start(header) >= 0 else None


def _either(containers: Collection[Container]) -> str:
    order = dict.fromkeys((MOV, *_CONTAINERS, _TRANSPORT))
    *names, last = [name for each in order if each in containers for name in each.names]
    return f"{', '.join(names)} or {last}"
