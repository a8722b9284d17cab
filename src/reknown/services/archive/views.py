"""Cut-outs of faces that were seen, made of the files that still show them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from reknown.biometrics.errors import ImageError
from reknown.biometrics.sightings import MediumKind
from reknown.services.images.sources import find_image

if TYPE_CHECKING:
    from reknown.biometrics.geometry import BoundingBox
    from reknown.gallery.sightings import SightingRecord
    from reknown.services.context import Platform
    from reknown.vision.images import DecodedImage

_MARGIN = 0.4
_QUALITY = 85


def _bytes_of(record: SightingRecord) -> bytes | None:
    """The bytes of an image that was seen, if a file still has them."""
    medium = record.sighting.medium
    if medium.kind is not MediumKind.IMAGE:
        return None
    found = find_image(map(Path, record.files), medium.sha256)
    return None if found is None else found[1]


def view(platform: Platform, record: SightingRecord, side: int = 240) -> bytes:
    """A square cut-out of the face as JPEG, `side` pixels; empty where its image is not there."""
    data = _bytes_of(record)
    if data is None:
        return b""
    try:
        image = platform.executor.decode(data)
    except ImageError:
        return b""
    return _cut_out(image, record.sighting.box, side)


def _cut_out(image: DecodedImage, box: BoundingBox, side: int) -> bytes:
    pixels = image.pixels
    height, width = pixels.shape[:2]
    half = max(box.width * width, box.height * height) * (0.5 + _MARGIN)
    x, y = (box.left + box.width / 2) * width, (box.top + box.height / 2) * height
    corners = round(x - half), round(y - half), round(x + half), round(y + half)
    buffer = io.BytesIO()
    cut = Image.fromarray(pixels).crop(corners).resize((side, side), Image.Resampling.LANCZOS)
    cut.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
