"""Who a group of unknown faces is: said by people, and taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.records import ImageRecord, NewFace
from reknown.biometrics.templates import Template
from reknown.gallery import faces, groups, users
from reknown.gallery.collections import claim
from reknown.gallery.consents import consents_of
from reknown.ledger import log
from reknown.ledger.records import NameGroupRecord, UnnameGroupRecord
from reknown.services.archive.groups import seen_in
from reknown.services.galleries.users import MAX_FACES_OF_USER

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from reknown.biometrics.geometry import BoundingBox
    from reknown.biometrics.records import FaceRecord
    from reknown.gallery.groups import GroupRecord
    from reknown.gallery.sightings import SightingRecord
    from reknown.services.context import Context
    from reknown.storage.database import Connection

# More references make a search slower and hardly better.
MOST_REFERENCES = 10


@dataclass(frozen=True, slots=True)
class NamedGroup:
    """A group that has a name now; so many of its best faces are `references` of the person.

    `former` is the name that it had before, if any. `made` are the ids of those that were no faces
    of the gallery before, `new_person` says that the person was not there either: with both
    `unname_group` takes it back, but brings no former name.
    """

    group: GroupRecord
    references: int
    made: tuple[str, ...]
    new_person: bool
    former: str | None


@dataclass(frozen=True, slots=True)
class UnnamedGroup:
    """A group without a name; `deleted` are the ids of the references that went with it.

    `freed` are faces of nobody now. `person` had the name, and is `gone` if nothing else was left
    of them.
    """

    group: GroupRecord
    person: str
    deleted: tuple[str, ...]
    freed: tuple[str, ...]
    gone: bool


def name_group(context: Context, collection: str, number: int, user: str) -> NamedGroup:
    """Says who a group is: its best faces become references of that user, made if missing.

    Raises `NotFoundError`, and `InputError` for a name that cannot be stored, or a group in
    which no face is good enough.
    """
    with context.database.begin() as connection:
        claim(connection, collection)
        chosen = _best(seen_in(connection, collection, number))
        if not chosen:
            raise InputError(
                f"no face of group {number} is good enough to be enrolled: enroll other images"
            )
        known = {each.face_id for each in _enrolled(connection, collection, chosen)}
        former = groups.get_group(connection, collection, number).user
        new_person = not users.has_user(connection, collection, user)
        groups.name_group(connection, collection, number, user)
        stored = [_enrol(connection, collection, record) for record in chosen]
        before = users.get_user(connection, collection, user)
        free = stored[: MAX_FACES_OF_USER - before.faces]
        own = users.associate_faces(connection, collection, user, free)
        record = NameGroupRecord(number, before.subject_id, tuple(stored))
        log.append(connection, context.actor, collection, record)
        made = tuple(each for each in stored if each not in known)
        group = groups.get_group(connection, collection, number)
    return NamedGroup(group, len(own), made, new_person, former)


def unname_group(
    context: Context,
    collection: str,
    number: int,
    face_ids: Collection[str] | None = None,
    *,
    drop_person: bool = False,
) -> UnnamedGroup:
    """Says that nobody knows who a group is; its faces are no references of that person any more.

    With `face_ids`, as `name_group` told what it made, these are deleted and nothing else of the
    person is touched. Without, references that show the very faces of the group become nobody's.
    The sightings stay. With `drop_person` the person goes too, unless they have another face,
    group or consent, or something is told of them. Raises `NotFoundError`, and `InputError` for a
    group without a name.
    """
    with context.database.begin() as connection:
        claim(connection, collection)
        name = groups.get_group(connection, collection, number).user
        if name is None:
            raise InputError(f"group {number} has no name: there is nothing to take back")
        subject_id = users.get_user(connection, collection, name).subject_id
        own = _references(connection, collection, number, name)
        deleted = tuple(each for each in own if each in (face_ids or ()))
        freed = tuple(own) if face_ids is None else ()
        faces.delete_faces(connection, collection, deleted)
        users.disassociate_faces(connection, collection, name, freed)
        groups.unname_group(connection, collection, number)
        gone = drop_person and not _anything_left(connection, collection, name)
        if gone:
            users.delete_user(connection, collection, name)
        record = UnnameGroupRecord(number, subject_id, deleted, freed, gone)
        log.append(connection, context.actor, collection, record)
        group = groups.get_group(connection, collection, number)
    return UnnamedGroup(group, name, deleted, freed, gone)


def _references(connection: Connection, collection: str, number: int, name: str) -> list[str]:
    """The ids of a person's references that show the very faces of a group, the best first."""
    seen = seen_in(connection, collection, number)
    at: dict[tuple[str, BoundingBox], list[str]] = {}
    for face in _enrolled(connection, collection, seen):
        if face.user == name:
            at.setdefault((face.image.sha256, face.box), []).append(face.face_id)
    places = dict.fromkeys((each.sighting.medium.sha256, each.sighting.box) for each in seen)
    return [face_id for place in places for face_id in at.get(place, ())]


def _anything_left(connection: Connection, collection: str, name: str) -> bool:
    user = users.get_user(connection, collection, name)
    if user.faces or user.profile or groups.groups_of(connection, collection, name):
        return True
    return bool(consents_of(connection, users.key_of_user(connection, collection, name)))


def _enrolled(
    connection: Connection, collection: str, seen: Sequence[SightingRecord]
) -> list[FaceRecord]:
    media = {each.sighting.medium.sha256 for each in seen}
    return faces.find_images(connection, collection, media)


def _best(seen: Sequence[SightingRecord]) -> list[SightingRecord]:
    """The best faces, each of another medium."""
    of_media: dict[str, SightingRecord] = {}
    for record in seen:
        if record.sighting.fit:
            of_media.setdefault(record.sighting.medium.sha256, record)
    return list(of_media.values())[:MOST_REFERENCES]


def _enrol(connection: Connection, collection: str, record: SightingRecord) -> str:
    seen, medium = record.sighting, record.sighting.medium
    # a track's template is the mean of several views, shorter than a reference is
    vector = seen.template / np.linalg.norm(seen.template)
    face = NewFace(
        Template(vector.astype(np.float32), record.space), seen.box, seen.confidence, seen.quality
    )
    image = ImageRecord(medium.sha256, medium.name, medium.width, medium.height)
    (stored,) = faces.merge_faces(connection, collection, image, [face])
    return stored.face_id
