"""Templates out of one gallery and into another of the same template space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.gallery import faces
from reknown.gallery.collections import claim
from reknown.gallery.templates import pick_templates
from reknown.gallery.users import find_profiles, get_user, set_profile
from reknown.ledger import log
from reknown.ledger.records import ExportTemplatesRecord, ImportTemplatesRecord
from reknown.storage.database import reading
from reknown.storage.paging import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from reknown.biometrics.records import FaceRecord, MovedFace, Profile
    from reknown.biometrics.templates import TemplateSpace
    from reknown.services.context import Context
    from reknown.services.galleries.pages import PageRequest
    from reknown.storage.database import Connection


@dataclass(frozen=True, slots=True, eq=False)
class ExportedFace:
    """A reference with its template, unit float32 (dimension,), and what is told of its user."""

    record: FaceRecord
    vector: NDArray[np.float32]
    profile: Profile | None = None


def export_templates(
    context: Context, collection: str, page: PageRequest
) -> tuple[TemplateSpace, Page[ExportedFace]]:
    """A page of the references with their templates; raises `NotFoundError`."""
    # one state throughout, although the collection may be switched to another space meanwhile
    with reading(context.database) as connection:
        found = faces.list_faces(connection, collection, page.after, page.limit)
        ids = [record.face_id for record in found.items]
        picked = pick_templates(connection, collection, ids)
        subjects = {record.subject_id for record in found.items if record.subject_id}
        profiles = find_profiles(connection, sorted(subjects))
    vectors = dict(zip(picked.face_ids, picked.vectors, strict=True))
    log.record(context.database, context.actor, collection, ExportTemplatesRecord(tuple(ids)))
    items = tuple(
        ExportedFace(each, vectors[each.face_id], profiles.get(each.subject_id or ""))
        for each in found.items
    )
    return picked.space, Page(items, found.next)


def import_templates(context: Context, collection: str, imported: Sequence[MovedFace]) -> int:
    """Adds the references that are not there yet; returns how many. All or none.

    What is told of their users is added where nothing is told yet.

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
        _tell(connection, collection, new)
        ids = [item.face.face_id for item in new if item.face.face_id]
        log.append(
            connection, context.actor, collection, ImportTemplatesRecord(tuple(ids), len(known))
        )
    return len(new)


def _tell(connection: Connection, collection: str, moved: Sequence[MovedFace]) -> None:
    """Of each user what the first of its faces with a profile brings."""
    told: dict[str, Profile] = {}
    for item in moved:
        if item.user is not None and item.profile:
            told.setdefault(item.user, item.profile)
    for user, profile in told.items():
        if not get_user(connection, collection, user).profile:
            set_profile(connection, collection, user, profile)
