"""A gallery made what a folder of people's folders is: compared first, changed at once.

Only faces whose image was enrolled from that folder are touched. An image is known again by its
bytes, wherever in the folder it lies. What was enrolled otherwise - over the API, from a list, by a
release that did not keep from where, from another folder - is left alone, even where its image
lies in the folder, until it is adopted: from then on it is as if enrolled from there.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.biometrics.errors import (
    CollectionNotFoundError,
    GalleryError,
    InputError,
    ReknownError,
)
from reknown.gallery import faces, groups, users
from reknown.gallery.collections import claim
from reknown.gallery.names import normalised
from reknown.ledger import log
from reknown.ledger.records import DeleteFacesRecord, DeleteUserRecord, FollowImagesRecord
from reknown.services.galleries import mending
from reknown.services.galleries.enrolees import as_text
from reknown.services.galleries.folder_changes import (
    Folder,
    FolderChanges,
    Placed,
    compared,
    misplaced,
)
from reknown.services.images.sources import attempt_all, read_source
from reknown.storage.database import reading
from reknown.vision.folders import gaps_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reknown.biometrics.records import FaceRecord
    from reknown.services.context import Context, Platform
    from reknown.services.galleries.enrolees import Enrolee
    from reknown.storage.database import Connection

_GONE = object()


def compare_folder(
    context: Context,
    collection: str,
    plan: Sequence[Enrolee],
    progress: Callable[[int], object] = lambda _: None,
    *,
    adopt: bool = False,
) -> FolderChanges:
    """What would have to change; reads every file of the plan, which is of one folder.

    `progress` is called after each file with how many have been read. `adopt` also follows images
    that lie in the folder of the person they are enrolled as, unless they were enrolled from
    another folder that still exists. Changes nothing.
    """
    origin = plan[0].origin or ""
    folder = _read(context.platform, origin, plan, progress)
    try:
        with reading(context.database) as connection:
            stored = faces.faces_from(connection, collection, origin)
            known = faces.find_images(connection, collection, folder.images)
            placed = _placed(connection, collection, folder, stored)
    except CollectionNotFoundError:
        known, placed = [], Placed([], [], [], [], {}, set(), set())
    return compared(origin, folder, known, placed, adopt=adopt)


def follow_folder(context: Context, collection: str, changes: FolderChanges) -> None:
    """Makes all changes in one transaction, but for the images to be enrolled.

    Raises `GalleryError` when a face has got another owner since they were compared, or a person
    to be renamed or deleted something more.
    """
    if not changes:
        return
    with context.database.begin() as connection:
        claim(connection, collection)
        _require_unchanged(connection, collection, changes)
        for old, new in changes.renames:
            mending.rename(connection, context, collection, old, new)
        by_target: dict[str, list[FaceRecord]] = defaultdict(list)
        for move in changes.moves:
            by_target[move.to].append(move.face)
        for to, moved in by_target.items():
            mending.move(connection, context, collection, moved, to)
        if changes.deletions:
            ids = tuple(face.face_id for face in changes.deletions)
            faces.delete_faces(connection, collection, ids)
            log.append(connection, context.actor, collection, DeleteFacesRecord(ids))
        for name in changes.emptied:
            user = users.get_user(connection, collection, name)
            users.delete_user(connection, collection, name)
            record = DeleteUserRecord(user.subject_id)
            log.append(connection, context.actor, collection, record)
        if changes.followed:
            faces.set_origin(connection, collection, changes.followed, changes.origin)
            record_of = FollowImagesRecord(len(changes.followed))
            log.append(connection, context.actor, collection, record_of)


def _read(
    platform: Platform,
    origin: str,
    plan: Sequence[Enrolee],
    progress: Callable[[int], object],
) -> Folder:
    images: dict[str, dict[str, Enrolee]] = defaultdict(dict)
    unread: list[tuple[Enrolee, str]] = []

    def digest(enrolee: Enrolee) -> str:
        data = read_source(enrolee.source)
        if not data:  # as what a cloud has not brought yet
            raise InputError("the file is empty")
        return hashlib.sha256(data).hexdigest()

    for number, (enrolee, found) in enumerate(attempt_all(platform, digest, plan), 1):
        if isinstance(found, ReknownError):
            unread.append((enrolee, str(found)))
        else:
            images[found].setdefault(enrolee.subject, enrolee)
        progress(number)
    return Folder(images, tuple(unread), frozenset(_away(origin)))


def _away(origin: str) -> Iterator[str]:
    folder = Path(origin)
    for path in gaps_below(folder):
        yield normalised(as_text(path.relative_to(folder).parts[0]))


def _placed(
    connection: Connection, collection: str, folder: Folder, stored: Sequence[FaceRecord]
) -> Placed:
    moves, deletions, unclear, away = misplaced(folder, stored)
    names = {face.user for face in [*(move.face for move in moves), *deletions]} - {None}
    counts = {name: users.get_user(connection, collection, name).faces for name in names if name}
    targets = {move.to for move in moves}
    taken = {name for name in targets if users.has_user(connection, collection, name)}
    kept = {name for name in counts if _is_known(connection, collection, name)}
    return Placed(moves, deletions, unclear, away, counts, taken, kept)


def _is_known(connection: Connection, collection: str, name: str) -> bool:
    """Whether there is more of a person than faces: named sightings, or what was told."""
    told = users.get_user(connection, collection, name).profile
    return bool(told) or bool(groups.groups_of(connection, collection, name))


def _require_unchanged(connection: Connection, collection: str, changes: FolderChanges) -> None:
    moved = (move.face for move in changes.moves)
    touched = [*changes.renamed, *moved, *changes.deletions]
    now = faces.find_faces(connection, collection, (face.face_id for face in touched))
    owners = {face_id: face.user for face_id, face in now.items()}
    same = all(owners.get(face.face_id, _GONE) == face.user for face in touched)
    if not same or any(users.has_user(connection, collection, name) for name in changes.made):
        raise _changed(repr(collection))
    counts = Counter(face.user for face in touched)
    for name in [*changes.emptied, *(old for old, _ in changes.renames)]:
        if users.get_user(connection, collection, name).faces != counts[name]:
            raise _changed(repr(name))
    for name in changes.emptied:
        if _is_known(connection, collection, name):
            raise _changed(repr(name))


def _changed(what: str) -> GalleryError:
    return GalleryError(
        f"{what} has changed since it was compared with the folder: run the same again"
    )
