"""Images that a program holds as pixels: made files of, so that bytes are decoded in one place."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from reknown.biometrics.errors import ImageTooLargeError, InputError, InvalidImageError
from reknown.services.images.sources import MAX_BYTES, MAX_PIXELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

_QUALITY = 95
# Those that a PNG holds as they are; 16 bits too, of which the decoder takes the higher eight.
_KEPT = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})
# Nobody knows which of their values is white.
_UNSCALED = frozenset({"F", "I"})


def encode_pixels(image: object) -> bytes:
    """A Pillow image, or RGB pixels uint8 (height, width, 3), as a PNG.

    Upright where the image says how it was taken (EXIF); as a fine JPEG where the PNG would be
    too large a file.

    Raises `InputError` for anything else, `ImageTooLargeError`, or `InvalidImageError` for an
    image that cannot be read.
    """
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise InputError(
                f"pixels must be RGB uint8 (height, width, 3), got {image.dtype} {image.shape}"
            )
        image = Image.fromarray(image)
    if not isinstance(image, Image.Image):
        raise InputError(
            f"an image is a path, bytes, a Pillow image or an RGB array, got {type(image).__name__}"
        )
    if image.width * image.height > MAX_PIXELS:  # before they are copied, or even decoded
        raise ImageTooLargeError(f"more than {MAX_PIXELS:,} pixels")
    if image.mode in _UNSCALED:
        raise InputError(f"a Pillow image of mode {image.mode} has no white: convert it to RGB")
    try:
        return _encoded(image)
    except (OSError, SyntaxError, ValueError) as error:
        raise InvalidImageError(f"not a readable Pillow image: {error}") from error


def small_jpeg(pixels: NDArray[np.uint8], side: int, quality: int = 85) -> bytes:
    """RGB pixels (height, width, 3) as a JPEG for people to look at, neither side above `side`."""
    image, buffer = Image.fromarray(pixels), io.BytesIO()
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _encoded(image: Image.Image) -> bytes:
    upright = ImageOps.exif_transpose(image)
    if upright.mode not in _KEPT:
        upright = upright.convert("RGB")
    buffer = io.BytesIO()
    upright.save(buffer, "PNG", compress_level=1)
    if buffer.tell() > MAX_BYTES:
        buffer = io.BytesIO()
        upright.convert("RGB").save(buffer, "JPEG", quality=_QUALITY, subsampling=0)
    return buffer.getvalue()
