"""JPEGs without their end: what there is of them, when that is nearly all.

Other programs show them, with grey where something is missing.
"""

from __future__ import annotations

import io

from PIL import Image, ImageChops, ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from reknown.biometrics.errors import InvalidImageError
from reknown.vision.decoding.protocol import Cut
from reknown.vision.decoding.scans.jpeg import whole_scans

# Of the rows no more may be missing; of a progressive one, whose scans are of all rows each, so
# many have to be there: by then it looks like a small copy that was enlarged.
_MISSING = 0.1
_ENOUGH_SCANS = 3
_GREY = 128
_NOISE_ROWS = 64
_END = b"\xff\xd9"


class _AsItEnds(JpegImageFile):
    """A JPEG that ends where its file does: Pillow would add an end, and grey before it."""

    def load_read(self, read_bytes: int) -> bytes:
        """So many bytes, fewer at the end of the file."""
        assert self.fp is not None
        return self.fp.read(read_bytes)


def load_cut_off(data: bytes, draft: tuple[int, int] | None) -> tuple[Image.Image, tuple[Cut, int]]:
    """The image, reduced as by `draft`, grey where rows are missing, and how many these are.

    Raises `InvalidImageError` where too much is missing.
    """
    image, missing = _rows(data, draft)
    if missing is not None:
        if missing:
            grey = Image.new(image.mode, (image.width, missing), (_GREY,) * len(image.getbands()))
            image.paste(grey, (0, image.height - missing))
        return image, (Cut.ROWS, missing)
    if whole_scans(data) >= _ENOUGH_SCANS:
        return _opened(data + _END, draft), (Cut.DETAIL, 0)
    raise InvalidImageError(
        f"the file is cut off: more than {100 * _MISSING:.0f} % of the image are missing"
    )


def _rows(data: bytes, draft: tuple[int, int] | None) -> tuple[Image.Image, int | None]:
    """The image, and how many rows are missing at its end: None for more than may be.

    Where nothing is decoded there is still the noise afterwards that was there before.
    """
    with _AsItEnds(io.BytesIO(data)) as image:
        if draft is not None:
            image.draft("RGB", draft)
        tail = int(_MISSING * image.height) + 1
        noise = _noise(image.mode, (image.width, tail))
        before = Image.new(image.mode, image.size)
        before.paste(noise, (0, image.height - tail))
        image.im = before.im
        strict, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
        try:
            image.load()
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = strict
        plain = image.copy()
    end = plain.crop((0, plain.height - tail, plain.width, plain.height))
    changed = ImageChops.difference(end, noise).getbbox(alpha_only=False)
    return plain, tail - changed[3] if changed else None


def _noise(mode: str, size: tuple[int, int]) -> Image.Image:
    part = Image.effect_noise((size[0], min(_NOISE_ROWS, size[1])), _GREY)
    bands = Image.getmodebands(mode)
    part = part if bands == 1 else Image.merge(mode, [part] * bands)
    noise = Image.new(mode, size)
    for top in range(0, size[1], part.height):
        noise.paste(part, (0, top))
    return noise


def _opened(data: bytes, draft: tuple[int, int] | None) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        if draft is not None:
            image.draft("RGB", draft)
        image.load()
        return image.copy()
