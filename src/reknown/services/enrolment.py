"""Pictures -> references in a gallery, one durable transaction a picture."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from reknown.biometrics.errors import AlreadyExistsError, InputError, ReknownError
from reknown.biometrics.records import FaceRecord, ImageRecord, NewFace
from reknown.gallery import faces as references
from reknown.ledger import events
from reknown.services.extraction import extract
from reknown.services.photos import attempt_all
from reknown.services.quality_filter import SPOILERS, QualityFilter
from reknown.services.spaces import until_switched
from reknown.storage.database import reading
from reknown.vision.images import decode_image, read_image_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.templates import Template
    from reknown.ledger.actor import Actor
    from reknown.services.enrolment_plan import Enrolee
    from reknown.storage.database import Connection, Database
    from reknown.vision.analyze import Engine
    from reknown.vision.images import DecodedImage


@dataclass(frozen=True, slots=True)
class EnrolmentPolicy:
    """What a picture has to show to become a reference.

    `dominance` is how many times larger than any other the face to enrol must be when a
    picture shows several.
    """

    quality: QualityFilter = SPOILERS
    dominance: float = 2.0


class Outcome(Enum):
    """What became of a picture."""

    ENROLLED = "enrolled"
    KNOWN = "already enrolled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class EnrolmentResult:
    """One picture's fate; `reason` is empty unless it was refused."""

    enrolee: Enrolee
    outcome: Outcome
    reason: str = ""
    face: FaceRecord | None = None


@dataclass(frozen=True, slots=True)
class _Prepared:
    image: ImageRecord
    face: NewFace


class _RefusedError(ReknownError):
    """A picture that the policy turns away."""


def enrol_all(
    engine: Engine,
    database: Database,
    collection: str,
    plan: Iterable[Enrolee],
    *,
    policy: EnrolmentPolicy = EnrolmentPolicy(),
    actor: Actor,
) -> Iterator[EnrolmentResult]:
    """Enrols each picture's face; a result is given out only after it is on disk.

    Uses all cores and holds only a few pictures at a time. Pictures already in the
    collection are skipped, so an interrupted run goes on where it stopped.
    """

    def prepare(enrolee: Enrolee) -> _Prepared | list[FaceRecord]:
        data = read_image_file(enrolee.path)
        digest = hashlib.sha256(data).hexdigest()
        with reading(database) as connection:
            known = references.find_image(connection, collection, digest)
        return known or _prepare(engine, decode_image(data), enrolee, policy)

    for enrolee, prepared in attempt_all(prepare, plan):
        yield _conclude(database, collection, enrolee, prepared, actor)


def _conclude(
    database: Database,
    collection: str,
    enrolee: Enrolee,
    prepared: _Prepared | list[FaceRecord] | ReknownError,
    actor: Actor,
) -> EnrolmentResult:
    if isinstance(prepared, ReknownError):
        return EnrolmentResult(enrolee, Outcome.REFUSED, str(prepared))
    if isinstance(prepared, _Prepared):
        try:
            with until_switched(collection), database.begin() as connection:
                face = _store(connection, collection, enrolee, prepared, actor)
            return EnrolmentResult(enrolee, Outcome.ENROLLED, face=face)
        except InputError as error:
            return EnrolmentResult(enrolee, Outcome.REFUSED, str(error))
        except AlreadyExistsError:
            with reading(database) as connection:
                prepared = references.find_image(connection, collection, prepared.image.sha256)
    return _known(enrolee, prepared)


def _known(enrolee: Enrolee, faces: list[FaceRecord]) -> EnrolmentResult:
    """The same bytes under another name would make one person two."""
    if not faces:  # deleted since it was looked up
        return EnrolmentResult(enrolee, Outcome.REFUSED, "just deleted: try again")
    if nameless := [face.face_id for face in faces if face.user is None]:
        reason = f"the picture is enrolled without a name: delete face {nameless[0]} first"
        return EnrolmentResult(enrolee, Outcome.REFUSED, reason)
    others = sorted({face.user for face in faces if face.user and face.user != enrolee.subject})
    if others:
        reason = f"the same picture is enrolled as {', '.join(others)}"
        return EnrolmentResult(enrolee, Outcome.REFUSED, reason)
    return EnrolmentResult(enrolee, Outcome.KNOWN, face=faces[0])


def _store(
    connection: Connection, collection: str, enrolee: Enrolee, prepared: _Prepared, actor: Actor
) -> FaceRecord:
    (face,) = references.add_faces(
        connection, collection, prepared.image, [prepared.face], enrolee.subject
    )
    detail = {"face": face.face_id, "user": enrolee.subject, "image": prepared.image.sha256}
    events.append(connection, actor, "enrol", collection, detail)
    return face


def _prepare(
    engine: Engine, image: DecodedImage, enrolee: Enrolee, policy: EnrolmentPolicy
) -> _Prepared:
    chosen = _choose(engine.detect(image), policy)
    found = extract(engine, image, [chosen], policy.quality, 1)
    for _, objections in found.refused:
        reasons = " and ".join(objection.reason.value for objection in objections)
        raise _RefusedError(f"the face is {reasons}")
    ((face, template),) = found.fit
    name = os.fsencode(enrolee.path.name).decode("utf-8", "replace")
    record = ImageRecord(image.sha256, name, image.width, image.height)
    return _Prepared(record, new_face(face, template))


def _choose(faces: tuple[DetectedFace, ...], policy: EnrolmentPolicy) -> DetectedFace:
    """The only face, or the one that stands out by size."""
    if not faces:
        raise _RefusedError("no face found")
    if len(faces) > 1 and faces[0].box.area < policy.dominance * faces[1].box.area:
        raise _RefusedError("several faces, none stands out: crop it to one person")
    return faces[0]


def new_face(face: DetectedFace, template: Template, external_id: str | None = None) -> NewFace:
    """A detected face as it is stored."""
    quality = face.quality.unified_score.score
    return NewFace(template, face.box, face.confidence, quality, external_id)
