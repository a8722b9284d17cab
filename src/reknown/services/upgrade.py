"""Pictures -> templates of another pack, beside those in force; one durable transaction each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ImageError, ReknownError
from reknown.biometrics.geometry import pair_boxes
from reknown.gallery import carried, upgrades
from reknown.gallery.carried import Loss, Reason
from reknown.ledger import events
from reknown.services.enrolment import new_face
from reknown.services.photos import attempt_all
from reknown.storage.database import reading
from reknown.vision.images import decode_image, read_image_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from reknown.biometrics.records import NewFace
    from reknown.biometrics.templates import TemplateSpace
    from reknown.gallery.carried import PlacedFace
    from reknown.gallery.upgrades import Upgrade
    from reknown.ledger.actor import Actor
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine
    from reknown.vision.images import DecodedImage

# Intersection over union. On 350 photos of LFW the boxes that MTCNN and YuNet draw around one
# face overlap by 0.68 or more, those around two faces by 0.14 or less.
_SAME_FACE = 0.3
_LONGEST_DETAIL = 500


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of a file: nothing if it holds no picture that is still to be carried.

    `carried` faces have a new template, `losses` cannot have one; `trouble` is why the file
    could not be read.
    """

    path: Path
    carried: int = 0
    losses: tuple[Loss, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A picture with the faces that are to be stored, and those that are not."""

    faces: Sequence[NewFace]
    losses: Sequence[Loss]


def find(database: Database, collection: str) -> Upgrade | None:
    """The upgrade that the collection is on, if any; raises `NotFoundError`."""
    with reading(database) as connection:
        return upgrades.find_upgrade(connection, collection)


def begin(database: Database, collection: str, space: TemplateSpace, actor: Actor) -> Upgrade:
    """Begins to move the collection to this space, or goes on.

    Raises `NotFoundError`, `SpaceMismatchError`, `UpgradeError`.
    """
    with database.begin() as connection:
        upgrade = upgrades.begin_upgrade(connection, collection, space)
        events.append(connection, actor, "prepare upgrade", collection, spaces_detail(upgrade))
    return upgrade


def carry_all(
    engine: Engine, database: Database, collection: str, files: Iterable[Path]
) -> Iterator[FileResult]:
    """Makes the missing templates from whatever pictures of the collection are among the files.

    A result is given out only after it is on disk. Uses all cores and holds only a few files at
    a time. What is carried already is passed over, so an interrupted run goes on where it
    stopped. Ends before the last file when nothing is left to be carried; what is left after
    it is noted as not found.

    Raises `NotFoundError`, or `UpgradeError` when the collection is switched meanwhile.
    """

    def look(path: Path) -> _Seen | None:
        data = read_image_file(path)
        digest = hashlib.sha256(data).hexdigest()
        with reading(database) as connection:
            stored = carried.open_faces(connection, collection, digest)
        return _look(engine, data, stored) if stored else None

    with reading(database) as connection:
        newest = carried.newest_face(connection, collection)
        left = carried.count_open(connection, collection)
    for path, seen in attempt_all(look, files) if left else ():
        result = _concluded(engine, database, collection, path, seen)
        left -= result.carried + len(result.losses)
        yield result
        if left <= 0:
            # more may have come meanwhile, and another process may have done the same
            with reading(database) as connection:
                left = carried.count_open(connection, collection)
            if not left:
                return
    with database.begin() as connection:
        carried.carry_nothing(connection, collection, newest)


def spaces_detail(upgrade: Upgrade) -> dict[str, str]:
    """Both spaces of an upgrade as the ledger has them."""
    return {
        "from": upgrade.former.fingerprint,
        "from_pack": upgrade.former.pack,
        "to": upgrade.target.fingerprint,
        "to_pack": upgrade.target.pack,
    }


def _look(engine: Engine, data: bytes, stored: Sequence[PlacedFace]) -> _Seen:
    try:
        image = decode_image(data)
    except ImageError as error:
        detail = str(error).replace("\0", "")[:_LONGEST_DETAIL]
        lost = (face.face_id for face in stored if face.open)
        return _Seen((), [Loss(face_id, Reason.UNREADABLE, detail) for face_id in lost])
    return _found_again(engine, image, stored)


def _found_again(engine: Engine, image: DecodedImage, stored: Sequence[PlacedFace]) -> _Seen:
    """Those faces of a picture that are still to be carried, as the engine sees them."""
    detected = engine.detect(image)
    # one face may be stored several times, under several external ids
    boxes = list(dict.fromkeys(face.box for face in stored))
    places = pair_boxes(boxes, [face.box for face in detected], _SAME_FACE)
    found = {boxes[number]: detected[place] for number, place in places.items()}
    again = [face for face in stored if face.open and face.box in found]
    lost = [face for face in stored if face.open and face.box not in found]
    made = engine.extract(image, [found[face.box] for face in again])
    return _Seen(
        [
            replace(new_face(*pair), face_id=face.face_id)
            for face, pair in zip(again, made, strict=True)
        ],
        [Loss(face.face_id, Reason.UNDETECTED) for face in lost],
    )


def _concluded(
    engine: Engine,
    database: Database,
    collection: str,
    path: Path,
    seen: _Seen | ReknownError | None,
) -> FileResult:
    if seen is None:
        return FileResult(path)
    if isinstance(seen, ReknownError):
        return FileResult(path, trouble=str(seen))
    with database.begin() as connection:
        carried.carry(connection, collection, engine.space, seen.faces, seen.losses)
    return FileResult(path, len(seen.faces), tuple(seen.losses))
