"""Users as subjects: made, given faces, deleted; a request sent twice is done once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from reknown.biometrics.errors import QuotaError
from reknown.gallery import faces, users
from reknown.gallery.collections import claim, get_space
from reknown.gallery.index import ExactIndex
from reknown.gallery.templates import pick_templates, templates_of_user
from reknown.ledger import events
from reknown.ledger.requests import recall, remember
from reknown.services.decision import threshold_at_similarity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from reknown.biometrics.records import FaceRecord
    from reknown.ledger.actor import Actor
    from reknown.ledger.requests import RequestToken
    from reknown.services.decision import Threshold
    from reknown.services.platform import Platform
    from reknown.storage.database import Connection

# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_AssociateFaces.html
MAX_FACES_OF_USER = 100


class Refusal(Enum):
    """Why a face was not given to a user, taken from one or deleted."""

    NOT_FOUND = "not found"
    OTHER_USER = "belongs to another user"
    UNLIKE = "does not resemble the user's faces"
    HAS_USER = "belongs to a user"


@dataclass(frozen=True, slots=True)
class RefusedFace:
    """A face left as it was; `user` is whose it is, `similarity` to the user's faces, 0-100."""

    face_id: str
    refusal: Refusal
    user: str | None = None
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """What became of the faces; `user_has_faces` afterwards."""

    changed: tuple[str, ...]
    refused: tuple[RefusedFace, ...]
    user_has_faces: bool


@dataclass(frozen=True, slots=True)
class UserRequest:
    """Who wants what done to which user; `token` names a request that may be sent again."""

    collection: str
    user: str
    actor: Actor
    token: RequestToken | None = None


def create_user(platform: Platform, request: UserRequest) -> None:
    """A new user without faces; raises `NotFoundError`, `AlreadyExistsError`, `InputError`."""

    def work(connection: Connection) -> dict[str, Any]:
        users.create_user(connection, request.collection, request.user)
        return {}

    _once(platform, request, "create user", work)


def delete_user(platform: Platform, request: UserRequest) -> None:
    """Deletes the user and keeps its faces; raises `NotFoundError`."""

    def work(connection: Connection) -> dict[str, Any]:
        users.delete_user(connection, request.collection, request.user)
        return {}

    _once(platform, request, "delete user", work)


def associate_faces(
    platform: Platform, request: UserRequest, face_ids: Sequence[str], similarity: float
) -> Assignment:
    """Gives faces to a user, if they resemble one that it has already.

    Faces that are its own already are passed over.

    Raises `NotFoundError` for collection or user, `QuotaError`, `UncalibratedError`, or
    `SpaceMismatchError` when the collection is switched to another pack meanwhile.
    """
    engine = platform.engine_of(request.collection)
    threshold = threshold_at_similarity(engine.calibration, similarity)

    def work(connection: Connection) -> dict[str, Any]:
        engine.space.require(get_space(connection, request.collection))
        refused, free = _sorted(connection, request, face_ids)
        unlike = _unlike(connection, request, free, threshold)
        wanted = [face for face in free if face not in {other.face_id for other in unlike}]
        had = users.get_user(connection, request.collection, request.user).faces
        if had + len(wanted) > MAX_FACES_OF_USER:
            raise QuotaError(
                f"a user has {MAX_FACES_OF_USER} faces at most; "
                f"{request.user!r} has {had} and would get {len(wanted)}"
            )
        users.associate_faces(connection, request.collection, request.user, wanted)
        return _answer(wanted, refused + unlike, had + len(wanted))

    gate = {"threshold": similarity}
    return _assignment(_once(platform, request, "associate faces", work, gate))


def disassociate_faces(
    platform: Platform, request: UserRequest, face_ids: Sequence[str]
) -> Assignment:
    """Takes faces from a user; those that have none are passed over. Raises `NotFoundError`."""

    def work(connection: Connection) -> dict[str, Any]:
        users.get_user(connection, request.collection, request.user)
        refused, _ = _sorted(connection, request, face_ids)
        wanted = list(dict.fromkeys(face_ids))
        gone = users.disassociate_faces(connection, request.collection, request.user, wanted)
        left = users.get_user(connection, request.collection, request.user).faces
        return _answer([face for face in wanted if face in gone], refused, left)

    return _assignment(_once(platform, request, "disassociate faces", work))


def delete_free_faces(
    platform: Platform, collection: str, face_ids: Sequence[str], actor: Actor
) -> tuple[tuple[str, ...], tuple[RefusedFace, ...]]:
    """Deletes the faces that belong to no user: those, and the others.

    Raises `NotFoundError` for the collection.
    """
    with platform.database.begin() as connection:
        claim(connection, collection)
        known = faces.find_faces(connection, collection, face_ids)
        wanted = dict.fromkeys(face_ids)
        gone = tuple(face for face in wanted if face in known and known[face].user is None)
        faces.delete_faces(connection, collection, gone)
        events.append(connection, actor, "delete faces", collection, {"faces": list(gone)})
    refused = (_delete_refusal(face, known) for face in wanted if face not in gone)
    return gone, tuple(refused)


def _delete_refusal(face_id: str, known: Mapping[str, FaceRecord]) -> RefusedFace:
    if face_id not in known:
        return RefusedFace(face_id, Refusal.NOT_FOUND)
    return RefusedFace(face_id, Refusal.HAS_USER, known[face_id].user)


def _once(
    platform: Platform,
    request: UserRequest,
    operation: str,
    work: Callable[[Connection], dict[str, Any]],
    terms: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """`work`, or what it answered when this request came before; recorded with its `terms`."""
    token = request.token
    with platform.database.begin() as connection:
        # two requests of one token wait for each other here
        claim(connection, request.collection)
        known = token and recall(connection, request.actor, operation, token)
        answer: dict[str, Any] = json.loads(known) if known else work(connection)
        if token and not known:
            remember(connection, request.actor, operation, token, json.dumps(answer))
        detail = {"user": request.user, "repeated": bool(known), **_summary(answer)}
        detail |= terms or {}
        events.append(connection, request.actor, operation, request.collection, detail)
    return answer


def _sorted(
    connection: Connection, request: UserRequest, face_ids: Sequence[str]
) -> tuple[list[RefusedFace], list[str]]:
    """The faces that cannot be the user's, and those that belong to nobody yet."""
    known = faces.find_faces(connection, request.collection, face_ids)
    refused, free = [], []
    for face_id in dict.fromkeys(face_ids):
        record = known.get(face_id)
        if record is None:
            refused.append(RefusedFace(face_id, Refusal.NOT_FOUND))
        elif record.user is None:
            free.append(face_id)
        elif record.user != request.user:
            refused.append(RefusedFace(face_id, Refusal.OTHER_USER, record.user))
    return refused, free


def _unlike(
    connection: Connection, request: UserRequest, face_ids: Sequence[str], threshold: Threshold
) -> list[RefusedFace]:
    own = templates_of_user(connection, request.collection, request.user).vectors
    new = pick_templates(connection, request.collection, face_ids)
    if not len(own) or not face_ids:
        return []
    # the very scores of a search
    best = ExactIndex(own).search(new.vectors, 1)
    pairs = zip(new.face_ids, best, strict=True)
    judged = {face_id: threshold.judge(float(scores[0])) for face_id, (_, scores) in pairs}
    return [
        RefusedFace(face, Refusal.UNLIKE, similarity=judged[face].similarity)
        for face in face_ids
        if not judged[face].accepted
    ]


def _answer(changed: Iterable[str], refused: Iterable[RefusedFace], left: int) -> dict[str, Any]:
    return {
        "faces": list(changed),
        "refused": [[r.face_id, r.refusal.value, r.user, r.similarity] for r in refused],
        "left": left,
    }


def _summary(answer: Mapping[str, Any]) -> dict[str, Any]:
    if not answer:
        return {}
    return {"faces": answer["faces"], "refused": [entry[0] for entry in answer["refused"]]}


def _assignment(answer: Mapping[str, Any]) -> Assignment:
    refused = (RefusedFace(f, Refusal(why), user, s) for f, why, user, s in answer["refused"])
    return Assignment(tuple(answer["faces"]), tuple(refused), answer["left"] > 0)
