"""Templates out of one gallery and into another of the same template space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.gallery import faces
from reknown.gallery.collections import claim
from reknown.gallery.templates import pick_templates
from reknown.ledger import log
from reknown.ledger.records import ExportTemplatesRecord, ImportTemplatesRecord
from reknown.storage.database import reading
from reknown.storage.paging import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from reknown.biometrics.records import FaceRecord, MovedFace
    from reknown.biometrics.templates import TemplateSpace
    from reknown.services.context import Context
    from reknown.services.galleries.pages import PageRequest


@dataclass(frozen=True, slots=True, eq=False)
class ExportedFace:
    """A reference with its template, unit float32 (dimension,)."""

    record: FaceRecord
    vector: NDArray[np.float32]


def export_templates(
    context: Context, collection: str, page: PageRequest
) -> tuple[TemplateSpace, Page[ExportedFace]]:
    """A page of the references with their templates; raises `NotFoundError`."""
    # one state throughout, although the collection may be switched to another space meanwhile
    with reading(context.database) as connection:
        found = faces.list_faces(connection, collection, page.after, page.limit)
        ids = [record.face_id for record in found.items]
        picked = pick_templates(connection, collection, ids)
    vectors = dict(zip(picked.face_ids, picked.vectors, strict=True))
    log.record(context.database, context.actor, collection, ExportTemplatesRecord(tuple(ids)))
    items = tuple(ExportedFace(record, vectors[record.face_id]) for record in found.items)
    return picked.space, Page(items, found.next)


def import_templates(context: Context, collection: str, imported: Sequence[MovedFace]) -> int:
    """Adds the references that are not there yet; returns how many. All or none.

    Raises `NotFoundError`, `SpaceMismatchError`, `AlreadyExistsError` for a face id of
    another collection, or `InputError` for what is not a template.
    """
    with context.database.begin() as connection:
        claim(connection, collection)
        ids = [item.face.face_id for item in imported if item.face.face_id]
        known = faces.find_faces(connection, collection, ids)
        distinct = {item.face.face_id: item for item in imported}
        new = [item for face_id, item in distinct.items() if face_id not in known]
        if new:
            faces.restore_faces(connection, collection, new)
        ids = [item.face.face_id for item in new if item.face.face_id]
        log.append(
            connection, context.actor, collection, ImportTemplatesRecord(tuple(ids), len(known))
        )
    return len(new)
