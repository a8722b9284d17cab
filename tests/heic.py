"""HEICs for tests, written by hand around one frame of HEVC: nothing here encodes them."""

from __future__ import annotations

import re
import struct
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np

if TYPE_CHECKING:
    from PIL import Image

_ITEM = 1
# Kinds of units: of a video, of a sequence, of a picture; what only people read.
_PARAMETERS, _NOTE = (32, 33, 34), 39


def heic(
    image: Image.Image, *, turns: int = 0, mirrored: int | None = None, exif: bytes = b""
) -> bytes:
    """An image, to be shown turned by `turns` times 90 degrees against the clock.

    `mirrored` about a vertical axis (0) or a horizontal one (1) after that; sides are even.
    """
    parameters, frame = _hevc(image)
    properties = [
        _full(b"ispe", struct.pack(">II", *image.size)),
        box(b"hvcC", parameters),
    ]
    if turns:
        properties.append(box(b"irot", bytes([turns])))
    if mirrored is not None:
        properties.append(box(b"imir", bytes([mirrored])))
    payload = struct.pack(">I", 0) + exif if exif else b""
    return _file(properties, [(b"hvc1", frame)] + ([(b"Exif", payload)] if exif else []))


def box(kind: bytes, body: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _full(kind: bytes, body: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags) + body)


def _file(properties: list[bytes], items: list[tuple[bytes, bytes]]) -> bytes:
    start = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    meta = _meta(properties, items, 0)
    return (
        start
        + _meta(properties, items, len(start) + len(meta) + 8)
        + box(b"mdat", b"".join(data for _, data in items))
    )


def _meta(properties: list[bytes], items: list[tuple[bytes, bytes]], place: int) -> bytes:
    infos, places = b"", b""
    for number, (kind, data) in enumerate(items, _ITEM):
        infos += _full(b"infe", struct.pack(">HH4sB", number, 0, kind, 0), version=2)
        places += struct.pack(">HHHII", number, 0, 1, place, len(data))
        place += len(data)
    numbers = bytes(0x80 * (index > 1) | index for index in range(1, len(properties) + 1))
    linked = struct.pack(">IHB", 1, _ITEM, len(properties)) + numbers
    parts = [
        _full(b"hdlr", struct.pack(">I4s12xB", 0, b"pict", 0)),
        _full(b"pitm", struct.pack(">H", _ITEM)),
        _full(b"iinf", struct.pack(">H", len(items)) + infos),
        _full(b"iloc", struct.pack(">HH", 0x4400, len(items)) + places),
        box(b"iprp", box(b"ipco", b"".join(properties)) + _full(b"ipma", linked)),
    ]
    if len(items) > 1:
        reference = box(b"cdsc", struct.pack(">HHH", _ITEM + 1, 1, _ITEM))
        parts.append(_full(b"iref", reference))
    return _full(b"meta", b"".join(parts))


def _hevc(image: Image.Image) -> tuple[bytes, bytes]:
    """The parameters of a decoder (ISO/IEC 14496-15, 8.3.3) and its one frame."""
    encoder: Any = av.CodecContext.create("libx265", "w")
    encoder.width, encoder.height, encoder.pix_fmt = *image.size, "yuv420p"
    encoder.time_base, encoder.options = Fraction(1), {"x265-params": "log-level=0"}
    frame = av.VideoFrame.from_ndarray(np.asarray(image.convert("RGB")), format="rgb24")
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    units = [
        unit
        for unit in re.split(rb"\0{2,3}\x01", b"".join(map(bytes, packets)))
        if unit and unit[0] >> 1 != _NOTE
    ]
    parameters = {unit[0] >> 1: unit for unit in units if unit[0] >> 1 in _PARAMETERS}
    arrays = b"".join(
        struct.pack(">BHH", 0x80 | kind, 1, len(unit)) + unit for kind, unit in parameters.items()
    )
    head = bytes.fromhex("01 01 60000000 900000000000 5d f000 fc fd f8 f8 0000 0f")
    shown = (unit for unit in units if unit[0] >> 1 not in _PARAMETERS)
    coded = b"".join(struct.pack(">I", len(unit)) + unit for unit in shown)
    return head + bytes([len(parameters)]) + arrays, coded
