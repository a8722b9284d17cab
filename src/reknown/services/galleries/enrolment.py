"""Images -> references in a gallery, one durable transaction an image."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from reknown.biometrics.errors import (
    AlreadyExistsError,
    InputError,
    PolicyError,
    QuotaError,
    ReknownError,
)
from reknown.biometrics.quality_filter import DEFAULT_FILTER, QualityFilter
from reknown.biometrics.records import FaceRecord, ImageRecord, NewFace
from reknown.gallery import faces as references
from reknown.gallery import users
from reknown.gallery.collections import holds_more_than
from reknown.gallery.names import alike
from reknown.ledger import log
from reknown.ledger.records import EnrolRecord, SpaceRecord
from reknown.services.galleries.collections import ensure_collection
from reknown.services.galleries.spaces import until_switched
from reknown.services.images.sources import attempt_all, read_source
from reknown.services.policies.rules import require_ruled
from reknown.storage.database import reading
from reknown.vision.extraction import ExtractionPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.templates import Template
    from reknown.services.context import Context
    from reknown.services.galleries.enrolees import Enrolee, GivenBox
    from reknown.services.images.sources import Source
    from reknown.storage.database import Connection
    from reknown.vision.extraction import ExtractedFace, Extraction

# The default of Amazon Rekognition, https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
MAX_FACES_IN_COLLECTION = 10_000_000
# Intersection over union, as in an upgrade: boxes around one face overlap by more, those around
# two by less.
_SAME_FACE = 0.3
_BY_BOX = (
    "enroll a CSV file with the columns image,subject,left,top,width,height (numbers as in "
    "`reknown detect`)"
)


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
    largest = ExtractionPolicy(space, policy.quality, limit=1, largest=2)
    every = ExtractionPolicy(space, policy.quality)

    def prepare(enrolee: Enrolee) -> Extraction | list[FaceRecord]:
        data = read_source(enrolee.source)
        digest = hashlib.sha256(data).hexdigest()
        with reading(context.database) as connection:
            known = references.find_image(connection, collection, digest)
        if enrolee.box is not None:
            known = [face for face in known if _is_at(face, enrolee.box)]
        if known or enrolee.others:
            return known
        return platform.executor.extract(data, largest if enrolee.box is None else every)

    for enrolee, prepared in attempt_all(platform, prepare, plan):
        yield _conclude(context, collection, enrolee, prepared, policy)


def enrol_group(context: Context, collection: str, image: GroupImage) -> GroupEnrolment:
    """Enrols the faces of an image, largest first, without saying whose they are.

    The same image with the same external id is not enrolled twice: its faces come back as
    they are stored.

    Raises `NotFoundError`, `SpaceMismatchError` when the collection is switched meanwhile,
    `QuotaError`, `PolicyError`, `ImageError`, or `InputError` for names that cannot be stored.
    """
    require_ruled(context, collection)
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
        return known(enrolee, prepared)
    if isinstance(prepared, Exception):
        return EnrolmentResult(enrolee, Outcome.REFUSED, str(prepared))
    chosen = _chosen(prepared, enrolee.box, policy)
    if isinstance(chosen, str):
        return EnrolmentResult(enrolee, Outcome.REFUSED, chosen)
    try:
        with until_switched(collection), context.database.begin() as connection:
            face = _store(connection, context, collection, enrolee, prepared, chosen)
        return EnrolmentResult(
            enrolee, Outcome.ENROLLED, face=face, warnings=prepared.image.warnings
        )
    except (InputError, PolicyError) as error:
        return EnrolmentResult(enrolee, Outcome.REFUSED, str(error))
    except AlreadyExistsError:
        with reading(context.database) as connection:
            stored = references.find_image(connection, collection, prepared.image.sha256)
        return known(enrolee, stored)


def _chosen(found: Extraction, box: GivenBox | None, policy: EnrolmentPolicy) -> NewFace | str:
    """The face to enrol, or why the image is turned away.

    It is the one at the box, else the only one or the largest by far.
    """
    if not found.found:
        return "no face found"
    largest, *others = found.found
    if box is not None:
        place = box.within(found.image.width, found.image.height)
        largest = max(found.found, key=lambda each: each.face.box.overlap(place))
        if largest.face.box.overlap(place) < _SAME_FACE:
            return "no face where left, top, width and height say: see `reknown detect`"
    elif others and largest.face.box.area < policy.dominance * others[0].face.box.area:
        return f"several faces, none stands out: crop it to one person, or {_BY_BOX}"
    if largest.objections:
        return f"the face is {_reasons(largest)}"
    assert largest.template is not None
    return new_face(largest.face, largest.template)


def _reasons(found: ExtractedFace) -> str:
    return "; ".join(map(str, found.objections))


def _is_at(face: FaceRecord, box: GivenBox) -> bool:
    return face.box.overlap(box.within(face.image.width, face.image.height)) >= _SAME_FACE


def known(enrolee: Enrolee, faces: list[FaceRecord]) -> EnrolmentResult:
    """For an image that is in, with these faces, of which one should be this person's.

    The same bytes under another name would make one person two.
    """
    if own := [f for f in faces if f.user and alike(f.user, enrolee.subject)]:
        return EnrolmentResult(enrolee, Outcome.KNOWN, face=own[0])
    return EnrolmentResult(enrolee, Outcome.REFUSED, _conflict(enrolee, faces))


def _conflict(enrolee: Enrolee, faces: list[FaceRecord]) -> str:
    """Why an image that is enrolled, but not as this person, is refused, and what mends it."""
    if enrolee.others:
        return (
            f"the same image is given as {', '.join(enrolee.others)}, and nothing says whose face "
            f"is meant: {_BY_BOX}"
        )
    if not faces:  # deleted since it was looked up
        return "just deleted: try again"
    first = faces[0]
    move = f"reknown faces move {first.face_id} --to {shlex.quote(enrolee.subject)}"
    if any(face.user is None for face in faces):
        return f"the image is enrolled without a name: {move}"
    others = ", ".join(sorted({face.user for face in faces if face.user}))
    if enrolee.origin is not None and first.image.origin == enrolee.origin:
        move = "enroll with --sync to move it"
    what = "image" if enrolee.box is None else "face"
    return f"the same {what} is enrolled as {others}: {move}"


def _store(
    connection: Connection,
    context: Context,
    collection: str,
    enrolee: Enrolee,
    found: Extraction,
    face: NewFace,
) -> FaceRecord:
    image = _image(found, enrolee.name, enrolee.origin)
    if enrolee.box is None:
        stored = references.add_faces(connection, collection, image, [face], enrolee.subject)
    else:
        # beside faces of other people in the same image
        (merged,) = references.merge_faces(connection, collection, image, [face])
        if merged.user is not None:
            raise AlreadyExistsError("somebody has this face")
        users.move_faces(connection, collection, [merged.face_id], enrolee.subject)
        stored = references.find_image(connection, collection, image.sha256)
        stored = [one for one in stored if one.face_id == merged.face_id]
    _append(connection, context, collection, found, stored, subject_id=stored[0].subject_id)
    return stored[0]


def _image(found: Extraction, name: str, origin: str | None = None) -> ImageRecord:
    return ImageRecord(found.image.sha256, name, found.image.width, found.image.height, origin)


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
