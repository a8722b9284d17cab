"""Templates out of one gallery and into another of the same template space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.gallery import faces
from reknown.gallery.collections import claim
from reknown.gallery.templates import pick_templates
from reknown.ledger import events
from reknown.storage.database import reading
from reknown.storage.paging import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from reknown.biometrics.records import FaceRecord, MovedFace
    from reknown.biometrics.templates import TemplateSpace
    from reknown.ledger.actor import Actor
    from reknown.services.listing import PageRequest
    from reknown.storage.database import Database


@dataclass(frozen=True, slots=True, eq=False)
class ExportedFace:
    """A reference with its template, unit float32 (dimension,)."""

    record: FaceRecord
    vector: NDArray[np.float32]


def export_templates(
    database: Database, collection: str, page: PageRequest, actor: Actor
) -> tuple[TemplateSpace, Page[ExportedFace]]:
    """A page of the references with their templates; raises `NotFoundError`."""
    # one state throughout, although the collection may be switched to another space meanwhile
    with reading(database) as connection:
        found = faces.list_faces(connection, collection, page.after, page.limit)
        ids = [record.face_id for record in found.items]
        picked = pick_templates(connection, collection, ids)
    vectors = dict(zip(picked.face_ids, picked.vectors, strict=True))
    events.record(database, actor, "export templates", collection, {"faces": ids})
    items = tuple(ExportedFace(record, vectors[record.face_id]) for record in found.items)
    return picked.space, Page(items, found.next)


def import_templates(
    database: Database, collection: str, imported: Sequence[MovedFace], actor: Actor
) -> int:
    """Adds the references that are not there yet; returns how many. All or none.

    Raises `NotFoundError`, `SpaceMismatchError`, `AlreadyExistsError` for a face id of
    another collection, or `InputError` for what is no template.
    """
    with database.begin() as connection:
        claim(connection, collection)
        ids = [item.face.face_id for item in imported if item.face.face_id]
        known = faces.find_faces(connection, collection, ids)
        distinct = {item.face.face_id: item for item in imported}
        new = [item for face_id, item in distinct.items() if face_id not in known]
        if new:
            faces.restore_faces(connection, collection, new)
        detail = {"faces": [item.face.face_id for item in new], "known": len(known)}
        events.append(connection, actor, "import templates", collection, detail)
    return len(new)
