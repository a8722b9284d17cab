"""Bytes -> pixels: the one place where images from strangers are decoded.

It runs in a process of its own (`child.py`) and needs nothing but Pillow, so that such a process
starts fast and has little to lose. JPEG and PNG only, as Amazon Rekognition takes
(https://docs.aws.amazon.com/rekognition/latest/dg/limits.html). Limits are checked on the header
before any pixel is decoded.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from reknown.biometrics.errors import (
    ImageError,
    ImageTooLargeError,
    ImageTooSmallError,
    InvalidImageError,
)
from reknown.vision.decoding.exif import taken

if TYPE_CHECKING:
    from reknown.vision.images import ImageLimits

_FORMATS = ("JPEG", "PNG")
# Faces too small to recognise at this many pixels a side are too small for the detector too.
_ENOUGH = 3000
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SWAPPING = {_UPRIGHT[value] for value in (5, 6, 7, 8)}
# Which byte of a value of 16 or 32 bits is the higher one of the 16 that a PNG has.
_HIGH_BYTES = {"I;16": (2, 1), "I;16L": (2, 1), "I;16B": (2, 0), "I": (4, 1)}


@dataclass(frozen=True, slots=True, eq=False)
class Upright:
    """An image the right way up: RGB, the `size` that its file has, when it was taken.

    `taken` as `exif.taken` reads it. `orientation` is EXIF's of the pixels as they are stored.
    """

    pixels: Image.Image
    size: tuple[int, int]
    taken: tuple[bytes, bytes]
    orientation: int = 1


def decode(data: bytes, stated: tuple[int, int], limits: ImageLimits) -> Upright:
    """A JPEG or PNG as upright RGB.

    `stated` is the size that `scan` read, for which there is room.
    Orientation follows EXIF; transparency is laid over white; only the first frame of an
    animation counts; colour profiles are ignored. Images with a side of 6,000 pixels or
    more come out at a half, a third and so on, so that no side is shorter than needed.

    Raises `ImageTooLargeError`, `ImageTooSmallError` or `InvalidImageError`.
    """
    try:
        return _decode(data, stated, limits)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageTooLargeError(f"more than {limits.max_pixels:,} pixels") from error
    except MemoryError as error:
        raise InvalidImageError("decoding it takes more memory than an image is worth") from error
    except Exception as error:
        raise InvalidImageError(f"not a readable JPEG or PNG: {_reason(error)}") from error


def _decode(data: bytes, stated: tuple[int, int], limits: ImageLimits) -> Upright:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        width, height = image.size
        if (width, height) != stated:
            raise InvalidImageError("not a readable JPEG or PNG: it states more than one size")
        _check_size(width, height, limits)
        image.draft("RGB", _draft_size(width, height))
        image.load()
        orientation = image.getexif().get(_ORIENTATION, 1)
        when = _taken(image)
        upright = _rgb(_shrunk(image))
    transposition = _UPRIGHT.get(orientation)
    if transposition is None:
        orientation = 1
    else:
        orientation = int(orientation)
        upright = upright.transpose(transposition)
        if transposition in _SWAPPING:
            width, height = height, width
    return Upright(upright, (width, height), when, orientation)


def _taken(image: Image.Image) -> tuple[bytes, bytes]:
    exif = image.info.get("exif", b"")
    return taken(exif) if isinstance(exif, bytes) else (b"", b"")


def _check_size(width: int, height: int, limits: ImageLimits) -> None:
    size = f"{width} x {height} pixels"
    if max(width, height) > limits.max_side:
        raise ImageTooLargeError(f"{size}: a side may have {limits.max_side:,} at most")
    if width * height > limits.max_pixels:
        raise ImageTooLargeError(f"{size}: {limits.max_pixels:,} in all are allowed")
    if min(width, height) < limits.min_side:
        raise ImageTooSmallError(f"{size}: a side needs {limits.min_side} at least")


def _draft_size(width: int, height: int) -> tuple[int, int]:
    shrink = max(1.0, max(width, height) / _ENOUGH)
    return int(width / shrink), int(height / shrink)


def _shrunk(image: Image.Image) -> Image.Image:
    """At most twice as large as needed, by averaging, before copies are made of it."""
    if image.mode in _HIGH_BYTES:
        step, place = _HIGH_BYTES[image.mode]
        image = Image.frombytes("L", image.size, image.tobytes()[place::step])
    elif image.mode in {"P", "1"}:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    factor = max(image.size) // _ENOUGH
    return image.reduce(factor) if factor > 1 else image


def _rgb(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(white, layered).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _reason(error: Exception) -> str:
    """What went wrong, without the addresses that some messages carry."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, UnidentifiedImageError):
        return "unknown format"
    return str(error) or "it is damaged"
