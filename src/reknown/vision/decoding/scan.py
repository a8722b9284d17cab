"""A look at how an image file is built, before any decoder sees it.

A file of a few kilobytes can keep a decoder busy for minutes: thousands of scans over the same
pixels, a million empty segments. Here only lengths and markers are read, never what is within, so
that refusing costs next to nothing. What is merely broken is left for the decoder to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.vision.decoding.formats import require_format
from reknown.vision.decoding.scans.bmp import scan_bmp
from reknown.vision.decoding.scans.bounds import WorkBounds
from reknown.vision.decoding.scans.gif import scan_gif
from reknown.vision.decoding.scans.heif import scan_heif
from reknown.vision.decoding.scans.jpeg import scan_jpeg
from reknown.vision.decoding.scans.png import scan_png
from reknown.vision.decoding.scans.tiff import scan_tiff
from reknown.vision.decoding.scans.webp import scan_webp
from reknown.vision.images import EVERY_FORMAT, ImageFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_SCANS: dict[ImageFormat, Callable[[bytes, WorkBounds], tuple[int, int]]] = {
    ImageFormat.JPEG: scan_jpeg,
    ImageFormat.PNG: scan_png,
    ImageFormat.HEIC: scan_heif,
    ImageFormat.WEBP: scan_webp,
    ImageFormat.AVIF: scan_heif,
    ImageFormat.TIFF: scan_tiff,
    ImageFormat.BMP: lambda data, _: scan_bmp(data),
    ImageFormat.GIF: scan_gif,
}


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself: its format, and width and height, 0 and 0 where none is found."""

    form: ImageFormat
    width: int
    height: int

    @property
    def pixels(self) -> int:
        """How many there are."""
        return self.width * self.height


def scan(
    data: bytes,
    formats: Collection[ImageFormat] = EVERY_FORMAT,
    bounds: WorkBounds = WorkBounds(),
) -> Header:
    """Format and size of a file.

    Raises `InvalidImageError` for none of the `formats`, and for a file that asks for more work
    than its pixels are worth.
    """
    form = require_format(data, formats)
    return Header(form, *_SCANS[form](data, bounds))
