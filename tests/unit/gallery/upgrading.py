"""Ways to another template space, for tests of what lies on them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.records import NewFace
from reknown.biometrics.templates import Template, TemplateSpace
from reknown.gallery.carried import carry
from reknown.gallery.faces import list_faces
from reknown.gallery.switching import begin_end, end_portion
from reknown.gallery.upgrades import begin_upgrade

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from reknown.biometrics.records import FaceRecord

# Of another dimension than the tests' first space.
NEXT = TemplateSpace("next", "ef" * 32, 6)


def renewed(record: FaceRecord, space: TemplateSpace = NEXT) -> NewFace:
    """What the face of this id is in that space: always the same."""
    chance = np.random.default_rng([*record.face_id.encode(), space.dimension])
    vector = chance.normal(size=space.dimension).astype(np.float32)
    template = Template(vector / np.linalg.norm(vector), space, 7.5)
    box = BoundingBox(record.box.left + 0.01, 0.2, 0.3, 0.4)
    return NewFace(template, box, 0.75, 33, None, record.face_id)


def prepare(
    connection: Connection, collection: str, space: TemplateSpace = NEXT
) -> dict[str, NewFace]:
    """Carries all faces to that space; what each of them is there."""
    begin_upgrade(connection, collection, space)
    made = [renewed(record, space) for record in list_faces(connection, collection).items]
    carry(connection, collection, space, made, ())
    return {str(face.face_id): face for face in made}


def end(connection: Connection, collection: str) -> None:
    """Leaves what is in force alone."""
    begin_end(connection, collection)
    after: int | None = 0
    while after is not None:
        after = end_portion(connection, collection, after)


def as_record(record: FaceRecord, face: NewFace) -> FaceRecord:
    """The record as it is to be once the face is in force."""
    return replace(
        record,
        box=face.box,
        confidence=face.confidence,
        quality=face.quality,
        magnitude=face.template.magnitude,
    )
