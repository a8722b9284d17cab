"""A stored face shown again, as long as the image that it was enrolled from is still there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.biometrics.errors import NotFoundError
from reknown.gallery import faces, media, users
from reknown.ledger import log
from reknown.ledger.records import ShowFaceRecord
from reknown.services.images.files import files_below
from reknown.services.images.sources import find_image
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from reknown.biometrics.geometry import BoundingBox
    from reknown.biometrics.records import FaceRecord
    from reknown.services.context import Context

# What is shown around the face, in shares of its size.
_MARGIN = 0.35
_LOOKED_FOR = 3


@dataclass(frozen=True, slots=True, eq=False)
class ShownFace:
    """A stored face, and where its image is found.

    `pixels` are the part of it around the face, upright, RGB uint8 (height, width, 3). Both are
    None where the image is not found.
    """

    face: FaceRecord
    path: Path | None = None
    pixels: NDArray[np.uint8] | None = None


def show_face(
    context: Context, collection: str, face_id: str, places: Sequence[Path] = ()
) -> ShownFace:
    """The face with its part of the image, which is known by its SHA-256.

    It is looked for where it was enrolled from, where a scan has seen it, then in all files at
    and below the `places`.

    Raises `NotFoundError`, `ImageError`.
    """
    with reading(context.database) as connection:
        face = faces.find_faces(connection, collection, [face_id]).get(face_id)
        if face is None:
            raise NotFoundError(
                f"face {face_id} does not exist in {collection!r}: see `faces list`"
            )
        scanned = media.places_with(connection, collection, face.image.sha256)
    shown = _shown(context, face, [*map(Path, scanned), *places])
    record = ShowFaceRecord(face_id, shown.pixels is not None)
    log.record(context.database, context.actor, collection, record)
    return shown


def picture_of(context: Context, collection: str, face_id: str) -> ShownFace | None:
    """A face in a list that was recorded when it was read; None where it is not there any more.

    Raises `ImageError`, and `NotFoundError` for the collection.
    """
    with reading(context.database) as connection:
        face = faces.find_faces(connection, collection, [face_id]).get(face_id)
        if face is None:
            return None
        scanned = media.places_with(connection, collection, face.image.sha256)
    return _shown(context, face, [*map(Path, scanned)])


def portrait_of(context: Context, collection: str, subject_id: str) -> ShownFace | None:
    """The first of a person's faces whose image is found, of the few that are looked for.

    None for a person without a face; raises as `picture_of` does.
    """
    with reading(context.database) as connection:
        user = users.find_user(connection, collection, subject_id)
        own = faces.list_faces(connection, collection, None, _LOOKED_FOR, user.name).items
    shown = None
    for face in own:
        shown = picture_of(context, collection, face.face_id)
        if shown is not None and shown.pixels is not None:
            break
    return shown


def _shown(context: Context, face: FaceRecord, places: Sequence[Path]) -> ShownFace:
    found = find_image(_candidates(face, places), face.image.sha256)
    if found is None:
        return ShownFace(face)
    path, data = found
    return ShownFace(face, path, cut(context.platform.executor.decode(data).pixels, face.box))


def cut(pixels: NDArray[np.uint8], box: BoundingBox) -> NDArray[np.uint8]:
    """The part of the image around the box, as far as there is image."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = box.pixels(width, height)
    wide, high = round(_MARGIN * (right - left)), round(_MARGIN * (bottom - top))
    left, right = max(left - wide, 0), max(min(right + wide, width), 1)
    top, bottom = max(top - high, 0), max(min(bottom + high, height), 1)
    return pixels[min(top, bottom - 1) : bottom, min(left, right - 1) : right]


def _candidates(face: FaceRecord, places: Sequence[Path]) -> Iterator[Path]:
    """Where the image may be, the likeliest first."""
    origin, name = face.image.origin, face.image.name
    if origin is not None and name:
        yield Path(origin, face.user or "", name)
        yield from (Path(person, name) for person in _people(origin))
    base = name.rpartition("/")[2]
    # walked through twice, as there may be millions of files to keep in mind
    yield from (path for path in files_below(places, hidden=True) if path.name == base)
    yield from (path for path in files_below(places, hidden=True) if path.name != base)


def _people(origin: str) -> list[str]:
    """The people's folders in the one that was enrolled, as far as it can be read."""
    try:
        with os.scandir(origin) as found:
            return [person.path for person in found]
    except OSError:
        return []
