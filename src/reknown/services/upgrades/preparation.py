"""Images -> templates of another pack, beside those in force; one durable transaction each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ImageError, ReknownError
from reknown.biometrics.geometry import pair_boxes
from reknown.gallery import carried, upgrades
from reknown.gallery.carried import Loss, LossReason
from reknown.gallery.collections import newest_face, require
from reknown.ledger import log
from reknown.ledger.records import PrepareUpgradeRecord, SpaceRecord
from reknown.services.galleries.enrolment import new_face
from reknown.services.images.sources import attempt_all, read_source
from reknown.storage.database import reading
from reknown.vision.extraction import ExtractionPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from reknown.biometrics.records import NewFace
    from reknown.biometrics.templates import TemplateSpace
    from reknown.gallery.carried import PlacedFace
    from reknown.gallery.upgrades import Upgrade
    from reknown.services.context import Context, Platform
    from reknown.storage.database import Database

# Intersection over union. On 350 images of LFW the boxes that MTCNN and YuNet draw around one
# face overlap by 0.68 or more, those around two faces by 0.14 or less.
_SAME_FACE = 0.3
_LONGEST_DETAIL = 500


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of a file: nothing if it holds no image that is still to be carried.

    `carried` faces have a new template, `losses` cannot have one; `trouble` is why the file
    could not be read.
    """

    path: Path
    carried: int = 0
    losses: tuple[Loss, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class _Seen:
    """An image with the faces that are to be stored, and those that are not."""

    faces: Sequence[NewFace]
    losses: Sequence[Loss]


def find_upgrade(context: Context, collection: str) -> Upgrade | None:
    """The upgrade that the collection is on, if any; raises `NotFoundError`."""
    with reading(context.database) as connection:
        return upgrades.find_upgrade(connection, collection)


def begin(context: Context, collection: str, pack: str | None = None) -> Upgrade:
    """Begins to move the collection to this pack, or goes on with the one begun.

    Without a name it is the pack of the upgrade that was begun, else the default one.

    Raises `NotFoundError`, `SpaceMismatchError`, `UpgradeError`, `ModelError`.
    """
    engines, begun = context.platform.engines, find_upgrade(context, collection)
    if pack is None:
        pack = engines.default_pack if begun is None else begun.other.pack
    space = engines.space_of(pack)
    with context.database.begin() as connection:
        upgrade = upgrades.begin_upgrade(connection, collection, space)
        record = PrepareUpgradeRecord(*upgrade_spaces(upgrade))
        log.append(connection, context.actor, collection, record)
    return upgrade


def carry_all(
    context: Context, collection: str, space: TemplateSpace, files: Iterable[Path]
) -> Iterator[FileResult]:
    """Makes the missing templates from whatever images of the collection are among the files.

    A result is given out only after it is on disk. Uses all cores and holds only a few files at
    a time. What is carried already is passed over, so an interrupted run goes on where it
    stopped. Ends before the last file when nothing is left to be carried; what is left after
    it is noted as not found.

    Raises `NotFoundError`, or `UpgradeError` when the collection is switched meanwhile.
    """
    platform, database = context.platform, context.database

    def look(path: Path) -> _Seen | None:
        data = read_source(path)
        digest = hashlib.sha256(data).hexdigest()
        with reading(database) as connection:
            stored = carried.open_faces(connection, collection, digest)
        return _look(platform, space, data, stored) if stored else None

    with reading(database) as connection:
        newest = newest_face(connection, require(connection, collection).id)
        left = carried.count_open(connection, collection)
    for path, seen in attempt_all(platform, look, files) if left else ():
        result = _concluded(database, collection, space, path, seen)
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


def upgrade_spaces(upgrade: Upgrade) -> tuple[SpaceRecord, SpaceRecord]:
    """The former and the target space of an upgrade as the ledger has them."""
    return SpaceRecord.of(upgrade.former), SpaceRecord.of(upgrade.target)


def _look(
    platform: Platform, space: TemplateSpace, data: bytes, stored: Sequence[PlacedFace]
) -> _Seen:
    open_faces = [face for face in stored if face.open]
    # one face may be stored several times, under several external ids
    boxes = tuple(dict.fromkeys(face.box for face in stored))
    try:
        found = platform.executor.extract(data, ExtractionPolicy(space, places=boxes)).fit
    except ImageError as error:
        detail = str(error).replace("\0", "")[:_LONGEST_DETAIL]
        lost = [Loss(face.face_id, LossReason.UNREADABLE, detail) for face in open_faces]
        return _Seen((), lost)
    places = pair_boxes(boxes, [face.box for face, _ in found], _SAME_FACE)
    again = {boxes[number]: found[place] for number, place in places.items()}
    return _Seen(
        [
            replace(new_face(*again[face.box]), face_id=face.face_id)
            for face in open_faces
            if face.box in again
        ],
        [Loss(f.face_id, LossReason.UNDETECTED) for f in open_faces if f.box not in again],
    )


def _concluded(
    database: Database,
    collection: str,
    space: TemplateSpace,
    path: Path,
    seen: _Seen | ReknownError | None,
) -> FileResult:
    if seen is None:
        return FileResult(path)
    if isinstance(seen, ReknownError):
        return FileResult(path, trouble=str(seen))
    with database.begin() as connection:
        carried.carry(connection, collection, space, seen.faces, seen.losses)
    return FileResult(path, len(seen.faces), tuple(seen.losses))
