"""Images as files and as pixels: what they may be, and how a file is read."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from reknown.biometrics.errors import ImageTooLargeError, InputError
from reknown.shortages import shortage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


_DATE = re.compile(r"[0-9]{4}(:[0-9]{2}){2} [0-9]{2}(:[0-9]{2}){2}")
_OFFSET = re.compile(r"[+-][0-9]{2}:[0-9]{2}")

Decode: TypeAlias = "Callable[[bytes], DecodedImage]"
"""Makes pixels of a file, as `vision.decoding.pool` does; raises `ImageError`."""


class ImageFormat(Enum):
    """How an image is kept in a file, by the name that people know; the order never changes."""

    JPEG = "JPEG"
    PNG = "PNG"
    HEIC = "HEIC"
    WEBP = "WebP"
    AVIF = "AVIF"
    TIFF = "TIFF"
    BMP = "BMP"
    GIF = "GIF"


EVERY_FORMAT = frozenset(ImageFormat)


@dataclass(frozen=True, slots=True)
class Intake:
    """Which files are taken, and how.

    `forgiving` takes a JPEG whose end is missing, with a warning. `whole` gives pixels in full
    size; without it a side of 6,000 pixels or more comes out at a half, a third and so on.
    """

    formats: frozenset[ImageFormat] = EVERY_FORMAT
    forgiving: bool = True
    whole: bool = False


STRICT = Intake(frozenset({ImageFormat.JPEG, ImageFormat.PNG}), forgiving=False)
"""What Amazon Rekognition takes (https://docs.aws.amazon.com/rekognition/latest/dg/limits.html)."""


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
    `taken` is the camera's time as `taken_at` writes it, `warnings` are for people.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    sha256: str
    taken: str | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.sha256) != 64:
            raise ValueError("an image comes from a file, which has a digest")


def taken_at(date: str, offset: str) -> str | None:
    """EXIF's date, "2024:05:06 07:08:09", and offset, "+02:00" or nothing, as ISO 8601 writes them.

    None for a date that there is none of: cameras whose clock was never set write zeros or
    spaces. Without an offset it is a time of wherever the camera was.
    """
    if not _DATE.fullmatch(date):
        return None
    text = date[:10].replace(":", "-") + "T" + date[11:]
    text += offset if _OFFSET.fullmatch(offset) else ""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text


def read_image_file(path: Path, limits: ImageLimits = ImageLimits()) -> bytes:
    """The bytes of a regular file, never more than the limit.

    Raises `InputError` for what is not a readable file (a folder, a pipe, no permission),
    `ImageTooLargeError` for a file above the byte limit, and `OSError` where the machine has run
    out of something.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        if shortage(error) is not None:
            raise  # which is not this file's fault: the next one fails too
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


def _reason(error: Exception) -> str:
    """What went wrong, without the path that some messages carry."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "the name contains a NUL" if "null" in str(error) else str(error)
