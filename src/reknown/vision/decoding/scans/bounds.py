"""How much a file may ask of its decoder."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from reknown.biometrics.errors import InvalidImageError


@dataclass(frozen=True, slots=True)
class WorkBounds:
    """How much a file may ask of its decoder.

    Each is far above what encoders write: a progressive JPEG has about ten scans, a photograph
    with all its metadata some hundred segments, a PNG of 15 MB about two thousand chunks, a HEIC
    of 48 megapixels two hundred items with three boxes each.
    `scanned_pixels` is for all scans of a JPEG together, `stray_bytes` for those between segments.
    `blocks` are a GIF's before its first frame is decoded, `entries` those of a TIFF's first
    directory, `strips` the parts that its pixels are in.
    """

    scans: int = 100
    scanned_pixels: int = 1_000_000_000
    segments: int = 4_000
    chunks: int = 10_000
    stray_bytes: int = 65_536
    exif_entries: int = 1_000
    boxes: int = 10_000
    items: int = 4_000
    depth: int = 6
    blocks: int = 20_000
    entries: int = 1_000
    strips: int = 200_000


def require_at_most(count: int, most: int, what: str) -> None:
    """Raises `InvalidImageError` for more of something than any ordinary file has."""
    if count > most:
        raise InvalidImageError(
            f"more than {most:,} {what}, built to keep decoders busy: save it anew with any "
            "image program"
        )


def exif_entries(exif: bytes) -> int:
    """Of the first directory, which is all that is read of it."""
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None or len(exif) < 8:
        return 0
    (place,) = struct.unpack_from(f"{order}I", exif, 4)
    if place + 2 > len(exif):
        return 0
    return int(struct.unpack_from(f"{order}H", exif, place)[0])
