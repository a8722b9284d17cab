"""Bytes -> pixels: the one place where images from strangers are decoded.

JPEG and PNG only, as Amazon Rekognition takes
(https://docs.aws.amazon.com/rekognition/latest/dg/limits.html). Limits are checked on the
header before any pixel is decoded, and every exception of the decoder becomes one error.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, UnidentifiedImageError

from reknown.biometrics.errors import (
    ImageError,
    ImageTooLargeError,
    ImageTooSmallError,
    InputError,
    InvalidImageError,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

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


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What an image may be at most, and at least; bytes and pixels."""

    max_bytes: int = 15 * 1024 * 1024
    max_pixels: int = 50_000_000
    min_side: int = 80
    max_side: int = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """An upright image from a file.

    `pixels` is uint8 RGB (height, width, 3), possibly smaller than the file's own size
    (`width`, `height`, upright) when that is very large. `sha256` is of the file's bytes.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    sha256: str

    def __post_init__(self) -> None:
        if len(self.sha256) != 64:
            raise ValueError("an image comes from a file, which has a digest")


def read_image_file(path: Path, limits: ImageLimits = ImageLimits()) -> bytes:
    """The bytes of a regular file, never more than the limit.

    Raises `InputError` for what is not a readable file (a folder, a pipe, no permission),
    `ImageTooLargeError` for a file above the byte limit.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {_reason(error)}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(f"cannot read {path}: not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        try:
            data = file.read(limits.max_bytes + 1)
        except OSError as error:
            raise InputError(f"cannot read {path}: {_reason(error)}") from error
    if len(data) > limits.max_bytes:
        raise ImageTooLargeError(f"more than {limits.max_bytes:,} bytes")
    return data


def decode_image(data: bytes, limits: ImageLimits = ImageLimits()) -> DecodedImage:
    """Decodes a JPEG or PNG to upright RGB.

    Orientation follows EXIF; transparency is laid over white; only the first frame of an
    animation counts; colour profiles are ignored. Images with a side of 6,000 pixels or
    more come out at a half, a third and so on, so that no side is shorter than needed.

    Raises `ImageTooLargeError`, `ImageTooSmallError` or `InvalidImageError`.
    """
    if len(data) > limits.max_bytes:
        raise ImageTooLargeError(f"more than {limits.max_bytes:,} bytes")
    if not data:
        raise InvalidImageError("the file is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pixels, width, height = _decode(data, limits)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageTooLargeError(f"more than {limits.max_pixels:,} pixels") from error
    except Exception as error:
        raise InvalidImageError(f"not a readable JPEG or PNG: {_reason(error)}") from error
    return DecodedImage(pixels, width, height, hashlib.sha256(data).hexdigest())


def _decode(data: bytes, limits: ImageLimits) -> tuple[NDArray[np.uint8], int, int]:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        width, height = image.size
        _check_size(width, height, limits)
        image.draft("RGB", _draft_size(width, height))
        image.load()
        transposition = _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))
        upright = _rgb(_shrunk(image))
    if transposition is not None:
        upright = upright.transpose(transposition)
        if transposition in _SWAPPING:
            width, height = height, width
    return np.asarray(upright), width, height


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
    if image.mode.startswith("I"):
        image = Image.fromarray(_high_bytes(np.asarray(image)))
    elif image.mode in {"P", "1"}:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    factor = max(image.size) // _ENOUGH
    return image.reduce(factor) if factor > 1 else image


def _high_bytes(values: NDArray[np.integer]) -> NDArray[np.uint8]:
    high = np.empty(values.shape, np.uint8)
    np.right_shift(values, 8, out=high, casting="unsafe")
    return high


def _rgb(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(white, layered).convert("RGB")
    return image.convert("RGB")


def _reason(error: Exception) -> str:
    """What went wrong, without the addresses and paths that some messages carry."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, UnidentifiedImageError):
        return "unknown format"
    if isinstance(error, ValueError) and "null" in str(error):
        return "the name contains a NUL"
    return str(error) or type(error).__name__
