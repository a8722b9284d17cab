"""Bytes -> pixels: the one place where images from strangers are decoded.

It runs in a process of its own (`child.py`) and needs nothing but Pillow and its plugin for HEIC,
so that such a process starts fast and has little to lose. Limits are checked on the header before
any pixel is decoded.
"""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from reknown.biometrics.errors import (
    ImageError,
    ImageTooLargeError,
    ImageTooSmallError,
    InvalidImageError,
)
from reknown.vision.decoding.cut_off import load_cut_off
from reknown.vision.decoding.exif import taken
from reknown.vision.decoding.protocol import Cut
from reknown.vision.images import ImageFormat

if TYPE_CHECKING:
    from PIL import ImageFile

    from reknown.vision.decoding.scan import Header
    from reknown.vision.images import ImageLimits, Intake

_PLUGINS = {
    ImageFormat.JPEG: ("JPEG",),
    ImageFormat.PNG: ("PNG",),
    ImageFormat.HEIC: ("HEIF",),
    ImageFormat.WEBP: ("WEBP",),
    ImageFormat.AVIF: ("AVIF",),
    ImageFormat.TIFF: ("TIFF",),
    ImageFormat.BMP: ("BMP",),
    ImageFormat.GIF: ("GIF",),
}
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
_DEEPER = 65_535


@dataclass(frozen=True, slots=True, eq=False)
class Upright:
    """An image the right way up: RGB, the `size` that its file has, when it was taken.

    `taken` as `exif.taken` reads it; `cut` with how many of the rows are missing.
    """

    pixels: Image.Image
    size: tuple[int, int]
    taken: tuple[bytes, bytes]
    cut: tuple[Cut, int] = (Cut.WHOLE, 0)


def decode(data: bytes, header: Header, intake: Intake, limits: ImageLimits) -> Upright:
    """An image as upright RGB.

    `header` is what `scan` read, and for so many pixels there is room.
    Orientation follows EXIF, or a HEIC's own turns; transparency is laid over white; only the
    first page or frame counts; colour profiles are ignored. Images with a side of 6,000 pixels or
    more come out at a half, a third and so on, so that no side is shorter than needed, unless
    they are wanted whole and there is memory for that.

    Raises `ImageTooLargeError`, `ImageTooSmallError` or `InvalidImageError`.
    """
    try:
        if intake.whole:  # for turned copies, and of some codecs, there may be no memory
            with suppress(MemoryError):
                return _decode(data, header, intake, limits)
        return _decode(data, header, replace(intake, whole=False), limits)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageTooLargeError(f"more than {limits.max_pixels:,} pixels") from error
    except MemoryError as error:
        raise InvalidImageError("decoding it takes more memory than an image is worth") from error
    except Exception as error:
        raise InvalidImageError(f"not a readable {header.form.value}: {_reason(error)}") from error


def _decode(data: bytes, header: Header, intake: Intake, limits: ImageLimits) -> Upright:
    with Image.open(io.BytesIO(data), formats=_PLUGINS[header.form]) as image:
        width, height = image.size
        _check_statement(image.size, header)
        _check_size(width, height, limits)
        loaded, cut = _loaded(image, data, header.form, intake)
        transposition = _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))
        when = _taken(image, data, header.form)
        upright = _rgb(_shrunk(loaded, intake))
    if transposition is not None:
        upright = upright.transpose(transposition)
        if transposition in _SWAPPING:
            width, height = height, width
    return Upright(upright, (width, height), when, cut)


def _check_statement(size: tuple[int, int], header: Header) -> None:
    """A HEIC or AVIF may hold larger images than the one that it is; a TIFF may lie on its side."""
    if header.form in {ImageFormat.HEIC, ImageFormat.AVIF}:
        alike = size[0] * size[1] <= header.pixels
    elif header.form is ImageFormat.TIFF:
        alike = sorted(size) == sorted((header.width, header.height))
    else:
        alike = size == (header.width, header.height)
    if not alike:
        raise InvalidImageError(f"not a readable {header.form.value}: it states more than one size")


def _loaded(
    image: ImageFile.ImageFile, data: bytes, form: ImageFormat, intake: Intake
) -> tuple[Image.Image, tuple[Cut, int]]:
    draft = None if intake.whole else _draft_size(*image.size)
    if draft is not None:
        image.draft("RGB", draft)
    try:
        image.load()
    except OSError:
        if form is not ImageFormat.JPEG or not intake.forgiving:
            raise
        return load_cut_off(data, draft)
    return image, (Cut.WHOLE, 0)


def _taken(image: Image.Image, data: bytes, form: ImageFormat) -> tuple[bytes, bytes]:
    """A TIFF is itself what EXIF is in other files."""
    exif = data if form is ImageFormat.TIFF else image.info.get("exif")
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


def _shrunk(image: Image.Image, intake: Intake) -> Image.Image:
    """At most twice as large as needed, by averaging, before copies are made of it.

    Transparent images are never whole: the copies that laying them over white takes are too large.
    """
    if image.mode == "F":
        scale = _scale(image)
        image = image.point(lambda value: value * scale + 0).convert("L")
    elif image.mode in _HIGH_BYTES:
        step, place = _HIGH_BYTES[image.mode]
        if image.mode == "I" and _highest(image) > _DEEPER:
            place = 3
        image = Image.frombytes("L", image.size, image.tobytes()[place::step])
    elif image.mode in {"P", "1"}:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if intake.whole and not image.has_transparency_data:
        return image
    factor = max(image.size) // _ENOUGH
    return image.reduce(factor) if factor > 1 else image


def _highest(image: Image.Image) -> float:
    extrema = image.getextrema()
    return float(extrema[1]) if isinstance(extrema[1], int | float) else 0.0


def _scale(image: Image.Image) -> float:
    """Values of floating point are up to 1, or bytes."""
    return 255.0 if _highest(image) <= 1 else 1.0


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
