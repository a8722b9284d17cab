"""What a file is by its first bytes; names may have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import InvalidImageError
from reknown.vision.images import EVERY_FORMAT, ImageFormat

if TYPE_CHECKING:
    from collections.abc import Collection

_STARTS = (
    (b"\xff\xd8\xff", ImageFormat.JPEG),
    (b"\x89PNG\r\n\x1a\n", ImageFormat.PNG),
    (b"GIF87a", ImageFormat.GIF),
    (b"GIF89a", ImageFormat.GIF),
    (b"II*\0", ImageFormat.TIFF),
    (b"MM\0*", ImageFormat.TIFF),
    (b"II+\0", ImageFormat.TIFF),
    (b"MM\0+", ImageFormat.TIFF),
)
# Of ISO/IEC 23008-12, annex B, and https://aomediacodec.github.io/av1-avif/; "mif1" and "msf1" say
# what the box says, not how its images are coded.
_AVIF = frozenset({b"avif", b"avis"})
_HEIC = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_MOST_BRANDS = 64
_BMP_HEADERS = frozenset(size.to_bytes(4, "little") for size in (12, 16, 40, 52, 56, 64, 108, 124))
_FILM = "a film"
# Named where they are refused, so that people know what to convert.
_OTHERS = (
    (0, b"%PDF", "PDF"),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (0, b"\0\0\0\x0cJXL ", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"8BPS", "PSD"),
    (0, b"\0\0\1\0", "ICO"),
    (0, b"<svg", "SVG"),
    (4, b"ftyp", _FILM),
    (0, b"\x1a\x45\xdf\xa3", _FILM),
    (8, b"AVI ", _FILM),
)


def format_of(data: bytes) -> ImageFormat | None:
    """The format of a file, None for all that is not decoded here."""
    for start, form in _STARTS:
        if data.startswith(start):
            return form
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ImageFormat.WEBP
    if data[4:8] == b"ftyp":
        return _of_brands(data)
    # "BM" alone begins many a text: the size of the header is asked, too
    if data[:2] == b"BM" and data[14:18] in _BMP_HEADERS:
        return ImageFormat.BMP
    return None


def require_format(data: bytes, allowed: Collection[ImageFormat]) -> ImageFormat:
    """The format of a file; raises `InvalidImageError`, which names it, unless it is allowed."""
    found = format_of(data)
    if found is not None and found in allowed:
        return found
    if name := found.value if found else _other(data):
        todo = "give an image" if name == _FILM else f"convert it to {_either(allowed)}"
        raise InvalidImageError(f"this is {name}: {todo}")
    wanted = "image" if set(allowed) == EVERY_FORMAT else _either(allowed)
    raise InvalidImageError(f"not a readable {wanted}: unknown format")


def _of_brands(data: bytes) -> ImageFormat | None:
    size = min(int.from_bytes(data[:4]), 16 + 4 * _MOST_BRANDS, len(data))
    major = data[8:12]
    brands = {major, *(data[place : place + 4] for place in range(16, size - 3, 4))}
    if major in _AVIF or (major not in _HEIC - {b"mif1", b"msf1"} and brands & _AVIF):
        return ImageFormat.AVIF
    return ImageFormat.HEIC if brands & _HEIC else None


def _other(data: bytes) -> str | None:
    return next((name for at, start, name in _OTHERS if data.startswith(start, at)), None)


def _either(formats: Collection[ImageFormat]) -> str:
    *names, last = [form.value for form in ImageFormat if form in formats]
    return f"{', '.join(names)} or {last}" if names else last
