"""Images -> references in a gallery, one durable transaction an image."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from reknown.biometrics.errors import AlreadyExistsError, InputError, QuotaError, ReknownError
from reknown.biometrics.quality_filter import DEFAULT_FILTER, QualityFilter
from reknown.biometrics.records import FaceRecord, ImageRecord, NewFace
from reknown.gallery import faces as references
from reknown.gallery.collections import holds_more_than
from reknown.ledger import log
from reknown.ledger.records import EnrolRecord, SpaceRecord
from reknown.services.galleries.collections import ensure_collection
from reknown.services.galleries.spaces import until_switched
from reknown.services.images.sources import attempt_all, read_source
from reknown.storage.database import reading
from reknown.vision.extraction import ExtractionPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.templates import Template
    from reknown.services.context import Context
    from reknown.services.galleries.enrolment_plan import Enrolee
    from reknown.services.images.sources import Source
    from reknown.storage.database import Connection
    from reknown.vision.extraction import ExtractedFace, Extraction

# The default of Amazon Rekognition, https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
MAX_FACES_IN_COLLECTION = 10_000_000


@dataclass(frozen=True, slots=True)
class EnrolmentPolicy:
    """What an image has to show to become a reference of one subject.

    `dominance` is how many times larger than any other the face to enrol must be when an
    image shows several.
    """

    quality: QualityFilter = DEFAULT_FILTER
    dominance: float = 2.0


class Outcome(Enum):
    """What became of an image."""

    ENROLLED = "enrolled"
    KNOWN = "already enrolled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class EnrolmentResult:
    """One image's fate; `reason` is empty unless it was refused, `warnings` are of its file."""

    enrolee: Enrolee
    outcome: Outcome
    reason: str = ""
    face: FaceRecord | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupImage:
    """An image to enrol all faces of; `external_id` goes to each.

    `name` is what the caller calls it. The first `limit` faces that `quality` lets through are
    enrolled. With `attributes` all of them tell what they do; nothing of that is stored.
    """

    source: Source
    name: str = ""
    external_id: str | None = None
    quality: QualityFilter = DEFAULT_FILTER
    limit: int | None = None
    attributes: bool = False


@dataclass(frozen=True, slots=True)
class GroupEnrolment:
    """What became of an image's faces, and those that are stored now."""

    extraction: Extraction
    stored: tuple[FaceRecord, ...]

    def enrolled(self) -> Iterator[tuple[DetectedFace, FaceRecord]]:
        """The faces that are enrolled, largest first."""
        return zip((face for face, _ in self.extraction.fit), self.stored, strict=True)


def enrol_subjects(
    context: Context,
    collection: str,
    plan: Iterable[Enrolee],
    *,
    policy: EnrolmentPolicy = EnrolmentPolicy(),
    pack: str | None = None,
) -> Iterator[EnrolmentResult]:
    """Enrols each image's face; a result is given out only after it is on disk.

    Makes the collection when it is missing. Uses all cores and holds only a few images at a
    time. Images already in the collection are skipped, so an interrupted run goes on where it
    stopped.
    """
    platform, space = context.platform, ensure_collection(context, collection, pack)
    wanted = ExtractionPolicy(space, policy.quality, limit=1, largest=2)

    def prepare(enrolee: Enrolee) -> Extraction | list[FaceRecord]:
        data = read_source(enrolee.source)
        digest = hashlib.sha256(data).hexdigest()
        with reading(context.database) as connection:
            known = references.find_image(connection, collection, digest)
        return known or platform.executor.extract(data, wanted)

    for enrolee, prepared in attempt_all(platform, prepare, plan):
        yield _conclude(context, collection, enrolee, prepared, policy)


def enrol_group(context: Context, collection: str, image: GroupImage) -> GroupEnrolment:
    """Enrols the faces of an image, largest first, without saying whose they are.

    The same image with the same external id is not enrolled twice: its faces come back as
    they are stored.

    Raises `NotFoundError`, `SpaceMismatchError` when the collection is switched meanwhile,
    `QuotaError`, `ImageError`, or `InputError` for names that cannot be stored.
    """
    space = context.platform.space_of(collection)
    policy = ExtractionPolicy(space, image.quality, image.limit, attributes=image.attributes)
    found = context.platform.executor.extract(read_source(image.source), policy)
    new = [new_face(face, template, image.external_id) for face, template in found.fit]
    with context.database.begin() as connection:
        stored = references.merge_faces(connection, collection, _image(found, image.name), new)
        if holds_more_than(connection, collection, MAX_FACES_IN_COLLECTION):
            raise QuotaError(f"a collection holds {MAX_FACES_IN_COLLECTION:,} faces at most")
        left_out = len(found.found) - len(found.fit)
        _append(connection, context, collection, found, stored, refused=left_out)
    return GroupEnrolment(found, tuple(stored))


def new_face(face: DetectedFace, template: Template, external_id: str | None = None) -> NewFace:
    """A detected face as it is stored."""
    quality = face.quality.unified_score.score
    return NewFace(template, face.box, face.confidence, quality, external_id)


def _conclude(
    context: Context,
    collection: str,
    enrolee: Enrolee,
    prepared: Extraction | list[FaceRecord] | ReknownError,
    policy: EnrolmentPolicy,
) -> EnrolmentResult:
    if isinstance(prepared, list):
        return _known(enrolee, prepared)
    reason = str(prepared) if isinstance(prepared, Exception) else _objection(prepared, policy)
    if isinstance(prepared, Exception) or reason:
        return EnrolmentResult(enrolee, Outcome.REFUSED, reason)
    try:
        with until_switched(collection), context.database.begin() as connection:
            face = _store(connection, context, collection, enrolee, prepared)
        return EnrolmentResult(
            enrolee, Outcome.ENROLLED, face=face, warnings=prepared.image.warnings
        )
    except InputError as error:
        return EnrolmentResult(enrolee, Outcome.REFUSED, str(error))
    except AlreadyExistsError:
        with reading(context.database) as connection:
            stored = references.find_image(connection, collection, prepared.image.sha256)
        return _known(enrolee, stored)


def _objection(found: Extraction, policy: EnrolmentPolicy) -> str:
    """Why the image is turned away, empty when its only face, or the largest by far, is fit."""
    if not found.found:
        return "no face found"
    largest, *others = found.found
    if others and largest.face.box.area < policy.dominance * others[0].face.box.area:
        return "several faces, none stands out: crop it to one person"
    if largest.objections:
        return f"the face is {_reasons(largest)}"
    return ""


def _reasons(found: ExtractedFace) -> str:
    return "; ".join(map(str, found.objections))


def _known(enrolee: Enrolee, faces: list[FaceRecord]) -> EnrolmentResult:
    """The same bytes under another name would make one person two."""
    if not faces:  # deleted since it was looked up
        return EnrolmentResult(enrolee, Outcome.REFUSED, "just deleted: try again")
    if nameless := [face.face_id for face in faces if face.user is None]:
        reason = f"the image is enrolled without a name: delete face {nameless[0]} first"
        return EnrolmentResult(enrolee, Outcome.REFUSED, reason)
    others = sorted({face.user for face in faces if face.user and face.user != enrolee.subject})
    if others:
        reason = f"the same image is enrolled as {', '.join(others)}"
        return EnrolmentResult(enrolee, Outcome.REFUSED, reason)
    return EnrolmentResult(enrolee, Outcome.KNOWN, face=faces[0])


def _store(
    connection: Connection,
    context: Context,
    collection: str,
    enrolee: Enrolee,
    found: Extraction,
) -> FaceRecord:
    ((face, template), *_) = found.fit
    image, new = _image(found, enrolee.name), [new_face(face, template)]
    stored = references.add_faces(connection, collection, image, new, enrolee.subject)
    _append(connection, context, collection, found, stored, subject_id=stored[0].subject_id)
    return stored[0]


def _image(found: Extraction, name: str) -> ImageRecord:
    return ImageRecord(found.image.sha256, name, found.image.width, found.image.height)


def _append(
    connection: Connection,
    context: Context,
    collection: str,
    found: Extraction,
    stored: list[FaceRecord],
    *,
    subject_id: str | None = None,
    refused: int = 0,
) -> None:
    record = EnrolRecord(
        image_sha256=found.image.sha256,
        space=SpaceRecord.of(found.space),
        faces=tuple(face.face_id for face in stored),
        subject_id=subject_id,
        refused=refused,
    )
    log.append(connection, context.actor, collection, record)
