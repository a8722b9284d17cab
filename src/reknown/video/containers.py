"""Which container a file is, and whether it asks for too much, before it is demuxed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import InvalidVideoError
from reknown.video.isobmff import check_boxes
from reknown.video.matroska import check_elements

if TYPE_CHECKING:
    from typing import BinaryIO

_HEADER = 12
_MOV, _MATROSKA = "mov", "matroska"
# What Amazon Rekognition documents (MP4 and MOV), and what browsers record.
_CONTAINERS = ((4, b"ftyp", _MOV), (0, b"\x1a\x45\xdf\xa3", _MATROSKA))
# Old QuickTime files begin with other atoms.
_ATOMS = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


def examine(file: BinaryIO) -> str:
    """FFmpeg's name for the container of a seekable file, which is left at its beginning.

    Raises `InvalidVideoError` for any other file, and for one that is built to cost more than it
    is worth.
    """
    form = _form(file)
    if form == _MOV:
        check_boxes(file)
    else:
        check_elements(file)
    return form


def _form(file: BinaryIO) -> str:
    file.seek(0)
    header = file.read(_HEADER)
    file.seek(0)
    if not header:
        raise InvalidVideoError("the file is empty")
    for place, magic, name in _CONTAINERS:
        if header[place : place + len(magic)] == magic:
            return name
    if header[4:8] in _ATOMS:
        return _MOV
    raise InvalidVideoError("not a video of a supported format: give MP4, MOV, MKV or WebM")
