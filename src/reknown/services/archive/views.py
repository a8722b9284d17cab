"""Cut-outs of faces that were seen, made of the files that still show them."""

from __future__ import annotations

import io
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from reknown.biometrics.errors import ImageError
from reknown.biometrics.sightings import MediumKind
from reknown.gallery.groups import members
from reknown.gallery.sightings import find_sightings
from reknown.services.images.files import files_below
from reknown.services.images.sources import find_image
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.biometrics.geometry import BoundingBox
    from reknown.gallery.sightings import SightingRecord
    from reknown.services.context import Context, Platform
    from reknown.vision.images import DecodedImage

_MARGIN = 0.4
_QUALITY = 85
_LOOKED_FOR = 3


def _bytes_of(record: SightingRecord, places: Sequence[Path]) -> bytes | None:
    """The bytes of an image that was seen, if a file still has them."""
    medium = record.sighting.medium
    if medium.kind is not MediumKind.IMAGE:
        return None
    files = chain(map(Path, record.files), files_below(places, hidden=True))
    found = find_image(files, medium.sha256)
    return None if found is None else found[1]


def view(
    platform: Platform, record: SightingRecord, side: int = 240, places: Sequence[Path] = ()
) -> bytes:
    """A square cut-out of the face as JPEG, `side` pixels; empty where its image is not there.

    Neither where it was seen nor at and below the `places`.
    """
    data = _bytes_of(record, places)
    if data is None:
        return b""
    try:
        image = platform.executor.decode(data)
    except ImageError:
        return b""
    return _cut_out(image, record.sighting.box, side)


def view_sighting(context: Context, collection: str, sighting_id: str, side: int) -> bytes:
    """The same by its id, for a list that was recorded when it was read; raises `NotFoundError`."""
    with reading(context.database) as connection:
        found = find_sightings(connection, collection, [sighting_id]).get(sighting_id)
    return b"" if found is None else view(context.platform, found, side)


def view_group(context: Context, collection: str, number: int, side: int) -> bytes:
    """A group by the first of its best faces whose file is there; raises `NotFoundError`."""
    with reading(context.database) as connection:
        ids = members(connection, collection, number)[:_LOOKED_FOR]
        found = find_sightings(connection, collection, ids)
    views = (view(context.platform, found[each], side) for each in ids if each in found)
    return next(filter(None, views), b"")


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
