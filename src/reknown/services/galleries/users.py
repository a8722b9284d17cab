"""Users as subjects: made, listed, given faces, deleted; a request sent twice is done once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

import msgspec

from reknown.biometrics.errors import QuotaError
from reknown.gallery import faces, users
from reknown.gallery.collections import claim, get_space
from reknown.gallery.groups import forget_person
from reknown.ledger import log, records
from reknown.ledger.requests import find_answer, keep_answer
from reknown.storage.database import reading
from reknown.structs import resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from reknown.biometrics.records import Profile, UserRecord
    from reknown.biometrics.thresholds import Threshold, ThresholdChoice
    from reknown.services.context import Context, RequestToken
    from reknown.services.galleries.pages import PageRequest
    from reknown.storage.database import Connection
    from reknown.storage.paging import Page

# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_AssociateFaces.html
MAX_FACES_OF_USER = 100


class RefusalReason(Enum):
    """Why a face was not given to a user, taken from one or deleted."""

    NOT_FOUND = "not found"
    OTHER_USER = "belongs to another user"
    UNLIKE = "does not resemble the user's faces"
    HAS_USER = "belongs to a user"


@dataclass(frozen=True, slots=True)
class RefusedFace:
    """A face left as it was; `user` is whose it is, `similarity` to the user's faces, 0-100."""

    face_id: str
    refusal: RefusalReason
    user: str | None = None
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """What became of the faces, and how many the user has afterwards."""

    changed: tuple[str, ...]
    refused: tuple[RefusedFace, ...]
    left: int


@dataclass(frozen=True, slots=True)
class UserRequest:
    """A request on a user; `token` names a request that may be sent again."""

    collection: str
    user: str
    token: RequestToken | None = None


@dataclass(frozen=True, slots=True)
class _Change:
    """What was done to a user: the answer that a repeated request gets again.

    The previous release kept no subject id.
    """

    subject_id: str | None = None
    faces: tuple[str, ...] = ()
    refused: tuple[RefusedFace, ...] = ()
    left: int = 0


def list_users(context: Context, collection: str, page: PageRequest) -> Page[UserRecord]:
    """A page of the users; raises `NotFoundError`."""
    with context.database.begin() as connection:
        found = users.list_users(connection, collection, page.after, page.limit)
        record = records.ListUsersRecord(len(found.items))
        log.append(connection, context.actor, collection, record)
    return found


def read_user(context: Context, collection: str, subject_id: str) -> UserRecord:
    """The user with this opaque id and what is told of it; raises `NotFoundError`."""
    with context.database.begin() as connection:
        found = users.find_user(connection, collection, subject_id)
        log.append(connection, context.actor, collection, records.ReadUserRecord(subject_id))
    return found


def look_up_user(context: Context, collection: str, name: str) -> UserRecord:
    """The user of this name, however it is spelled; raises `NotFoundError`."""
    with context.database.begin() as connection:
        found = users.get_user(connection, collection, name)
        log.append(connection, context.actor, collection, records.ReadUserRecord(found.subject_id))
    return found


def describe_user(context: Context, collection: str, user: str, profile: Profile) -> UserRecord:
    """Tells this of a user in place of what was told before; raises `NotFoundError`."""
    with context.database.begin() as connection:
        told = users.set_profile(connection, collection, user, profile)
        record = records.DescribeUserRecord(told.subject_id, len(profile.urls))
        log.append(connection, context.actor, collection, record)
    return told


def profiles_of(context: Context, subject_ids: Iterable[str]) -> Mapping[str, Profile]:
    """What is told of these subjects, for the answer to a search that is on the record."""
    with reading(context.database) as connection:
        return users.find_profiles(connection, subject_ids)


def create_user(context: Context, request: UserRequest) -> None:
    """A new user without faces; raises `NotFoundError`, `AlreadyExistsError`, `InputError`."""

    def work(connection: Connection) -> _Change:
        made = users.create_user(connection, request.collection, request.user)
        return _Change(made.subject_id)

    def record(done: _Change, repeated: bool) -> records.Record:
        return records.CreateUserRecord(done.subject_id, repeated)

    _once(context, request, "create user", work, record)


def delete_user(context: Context, request: UserRequest, *, keep_faces: bool) -> int:
    """Deletes the user with its faces, or leaves these without one; how many faces are gone.

    Raises `NotFoundError`.
    """

    def work(connection: Connection) -> _Change:
        if keep_faces:
            user = users.get_user(connection, request.collection, request.user)
            users.delete_user(connection, request.collection, user.name)
            return _Change(user.subject_id)
        return _Change(*delete_person(connection, context, request.collection, request.user))

    def record(done: _Change, repeated: bool) -> records.Record:
        return records.DeleteUserRecord(done.subject_id, done.faces, repeated)

    return len(_once(context, request, "delete user", work, record).faces)


def delete_person(
    connection: Connection, context: Context, collection: str, name: str
) -> tuple[str, tuple[str, ...]]:
    """Deletes the user with its faces and sightings; its opaque id, and the ids of the faces.

    Of the sightings there is a record. Raises `NotFoundError`.
    """
    from reknown.gallery.templates import templates_of_user  # noqa: PLC0415 - needs NumPy

    user = users.get_user(connection, collection, name)
    own = templates_of_user(connection, collection, user.name).face_ids
    gone = faces.delete_faces(connection, collection, own)
    if seen := forget_person(connection, collection, user.name):
        of_person = records.DeleteSightingsRecord(tuple(seen))
        log.append(connection, context.actor, collection, of_person)
    users.delete_user(connection, collection, user.name)
    return user.subject_id, tuple(sorted(gone))


def associate_faces(
    context: Context, request: UserRequest, face_ids: Sequence[str], choice: ThresholdChoice
) -> Assignment:
    """Gives faces to a user, if they resemble one that it has already.

    Faces that are its own already are passed over.

    Raises `NotFoundError` for collection or user, `QuotaError`, `UncalibratedError`, or
    `SpaceMismatchError` when the collection is switched to another pack meanwhile.
    """
    space = context.platform.space_of(request.collection)
    threshold = choice.resolve(context.platform.engines.calibration_of(space))

    def work(connection: Connection) -> _Change:
        space.require(get_space(connection, request.collection))
        refused, free = _sorted(connection, request, face_ids)
        unlike = _unlike(connection, request, free, threshold)
        wanted = [face for face in free if face not in {other.face_id for other in unlike}]
        user = users.get_user(connection, request.collection, request.user)
        if user.faces + len(wanted) > MAX_FACES_OF_USER:
            raise QuotaError(
                f"a user has {MAX_FACES_OF_USER} faces at most; "
                f"{request.user!r} has {user.faces} and would get {len(wanted)}"
            )
        users.associate_faces(connection, request.collection, request.user, wanted)
        left = user.faces + len(wanted)
        return _Change(user.subject_id, tuple(wanted), (*refused, *unlike), left)

    def record(done: _Change, repeated: bool) -> records.Record:
        refused = tuple(face.face_id for face in done.refused)
        limit = records.ThresholdRecord.of(threshold)
        return records.AssociateFacesRecord(done.subject_id, done.faces, refused, limit, repeated)

    done = _once(context, request, "associate faces", work, record)
    return Assignment(done.faces, done.refused, done.left)


def disassociate_faces(
    context: Context, request: UserRequest, face_ids: Sequence[str]
) -> Assignment:
    """Takes faces from a user; those that have none are passed over. Raises `NotFoundError`."""

    def work(connection: Connection) -> _Change:
        users.get_user(connection, request.collection, request.user)
        refused, _ = _sorted(connection, request, face_ids)
        wanted = list(dict.fromkeys(face_ids))
        gone = users.disassociate_faces(connection, request.collection, request.user, wanted)
        user = users.get_user(connection, request.collection, request.user)
        taken = tuple(face for face in wanted if face in gone)
        return _Change(user.subject_id, taken, tuple(refused), user.faces)

    def record(done: _Change, repeated: bool) -> records.Record:
        refused = tuple(face.face_id for face in done.refused)
        return records.DisassociateFacesRecord(done.subject_id, done.faces, refused, repeated)

    done = _once(context, request, "disassociate faces", work, record)
    return Assignment(done.faces, done.refused, done.left)


def _once(
    context: Context,
    request: UserRequest,
    operation: str,
    work: Callable[[Connection], _Change],
    record: Callable[[_Change, bool], records.Record],
) -> _Change:
    """`work`, or what it answered when this request came before; on the record either way."""
    token, actor = request.token, context.actor
    with context.database.begin() as connection:
        # two requests of one token wait for each other here
        claim(connection, request.collection)
        answer = token and find_answer(connection, actor, operation, token)
        known = answer and _known(connection, request, answer)
        done = known or work(connection)
        if token and not known:
            keep_answer(connection, actor, operation, token, _nameless(done))
        log.append(connection, actor, request.collection, record(done, bool(known)))
    return done


def _nameless(done: _Change) -> str:
    """As it is kept: whose a refused face is may be deleted before the answer is."""
    refused = tuple(replace(face, user=None) for face in done.refused)
    return msgspec.json.encode(replace(done, refused=refused)).decode()


def _known(connection: Connection, request: UserRequest, answer: str) -> _Change:
    """The answer to an earlier request, with the names that are there now."""
    kept = msgspec.json.decode(answer)
    # the previous release kept each refused face as a list
    kept["refused"] = [
        dict(zip(("face_id", "refusal", "user", "similarity"), face, strict=True))
        if isinstance(face, list)
        else face
        for face in kept.get("refused", ())
    ]
    done = msgspec.convert(kept, resolved(_Change))
    others = [face.face_id for face in done.refused if face.refusal is RefusalReason.OTHER_USER]
    owners = faces.find_faces(connection, request.collection, others)
    refused = (
        replace(face, user=owners[face.face_id].user) if face.face_id in owners else face
        for face in done.refused
    )
    return replace(done, refused=tuple(refused))


def _sorted(
    connection: Connection, request: UserRequest, face_ids: Sequence[str]
) -> tuple[list[RefusedFace], list[str]]:
    """The faces that cannot be the user's, and those that belong to nobody yet."""
    known = faces.find_faces(connection, request.collection, face_ids)
    own = users.get_user(connection, request.collection, request.user).name
    refused, free = [], []
    for face_id in dict.fromkeys(face_ids):
        record = known.get(face_id)
        if record is None:
            refused.append(RefusedFace(face_id, RefusalReason.NOT_FOUND))
        elif record.user is None:
            free.append(face_id)
        elif record.user != own:
            refused.append(RefusedFace(face_id, RefusalReason.OTHER_USER, record.user))
    return refused, free


def _unlike(
    connection: Connection, request: UserRequest, face_ids: Sequence[str], threshold: Threshold
) -> list[RefusedFace]:
    # Only here, as they need NumPy.
    from reknown.gallery.index import ExactIndex  # noqa: PLC0415
    from reknown.gallery.templates import pick_templates, templates_of_user  # noqa: PLC0415

    own = templates_of_user(connection, request.collection, request.user).vectors
    new = pick_templates(connection, request.collection, face_ids)
    if not len(own) or not face_ids:
        return []
    # the very scores of a search
    best = ExactIndex(own).search(new.vectors, 1)
    pairs = zip(new.face_ids, best, strict=True)
    judged = {face_id: threshold.judge(float(scores[0])) for face_id, (_, scores) in pairs}
    return [
        RefusedFace(face, RefusalReason.UNLIKE, similarity=judged[face].similarity)
        for face in face_ids
        if not judged[face].accepted
    ]
