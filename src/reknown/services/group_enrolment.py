"""All faces of a picture -> references, without saying whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import QuotaError
from reknown.biometrics.records import ImageRecord
from reknown.gallery import faces as references
from reknown.gallery.collections import holds_more_than
from reknown.ledger import events
from reknown.services.enrolment import new_face
from reknown.services.extraction import extract

if TYPE_CHECKING:
    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.records import FaceRecord
    from reknown.ledger.actor import Actor
    from reknown.services.platform import Platform
    from reknown.services.quality_filter import Objection, QualityFilter
    from reknown.vision.analyze import Engine
    from reknown.vision.images import DecodedImage

# The default of Amazon Rekognition, https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
MAX_FACES_IN_COLLECTION = 10_000_000


@dataclass(frozen=True, slots=True)
class GroupPhoto:
    """A picture to enrol; `name` is what the caller calls it, `external_id` goes to each face."""

    image: DecodedImage
    name: str
    external_id: str | None


@dataclass(frozen=True, slots=True)
class GroupEnrolment:
    """What became of the faces, largest first.

    `refused` have objections of the quality filter; `surplus` were beyond the limit.
    """

    enrolled: tuple[tuple[DetectedFace, FaceRecord], ...]
    refused: tuple[tuple[DetectedFace, tuple[Objection, ...]], ...]
    surplus: tuple[DetectedFace, ...]


def enrol_group(
    platform: Platform,
    engine: Engine,
    collection: str,
    photo: GroupPhoto,
    quality: QualityFilter,
    limit: int,
    actor: Actor,
) -> GroupEnrolment:
    """Enrols the `limit` largest faces that the filter lets through.

    The same picture with the same external id is not enrolled twice: its faces come back as
    they are stored.

    Raises `NotFoundError`, `SpaceMismatchError` when the collection is not the engine's,
    `QuotaError`, or `InputError` for names that cannot be stored.
    """
    image = photo.image
    faces = extract(engine, image, engine.detect(image), quality, limit)
    new = [new_face(face, template, photo.external_id) for face, template in faces.fit]
    record = ImageRecord(image.sha256, photo.name, image.width, image.height)
    with platform.database.begin() as connection:
        stored = references.merge_faces(connection, collection, record, new)
        if holds_more_than(connection, collection, MAX_FACES_IN_COLLECTION):
            raise QuotaError(f"a collection holds {MAX_FACES_IN_COLLECTION:,} faces at most")
        detail = {
            "image": image.sha256,
            "faces": [face.face_id for face in stored],
            "refused": len(faces.refused) + len(faces.surplus),
        }
        events.append(connection, actor, "enrol", collection, detail)
    enrolled = zip((face for face, _ in faces.fit), stored, strict=True)
    return GroupEnrolment(tuple(enrolled), faces.refused, faces.surplus)
