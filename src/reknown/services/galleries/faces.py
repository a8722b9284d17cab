"""The faces of a collection: listed and deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.gallery import faces
from reknown.gallery.collections import claim, get_space
from reknown.ledger import log
from reknown.ledger.records import DeleteFacesRecord, ListFacesRecord
from reknown.services.galleries.users import RefusalReason, RefusedFace
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.biometrics.records import FaceRecord
    from reknown.biometrics.templates import TemplateSpace
    from reknown.services.context import Context
    from reknown.services.galleries.pages import PageRequest
    from reknown.storage.paging import Page


@dataclass(frozen=True, slots=True)
class Deletion:
    """The ids of the faces that are gone, and those that are not, in the order asked."""

    deleted: tuple[str, ...]
    refused: tuple[RefusedFace, ...]


def list_faces(
    context: Context,
    collection: str,
    page: PageRequest,
    *,
    user: str | None = None,
    face_ids: Sequence[str] | None = None,
) -> tuple[TemplateSpace, Page[FaceRecord]]:
    """A page of the faces, of one user or with these ids if wanted, and their space.

    Raises `NotFoundError`.
    """
    with reading(context.database) as connection:
        space = get_space(connection, collection)
        found = faces.list_faces(connection, collection, page.after, page.limit, user, face_ids)
    log.record(context.database, context.actor, collection, ListFacesRecord(len(found.items)))
    return space, found


def delete_faces(
    context: Context, collection: str, face_ids: Sequence[str], *, of_users: bool
) -> Deletion:
    """Deletes faces; without `of_users` only those that belong to nobody.

    Raises `NotFoundError` for the collection.
    """
    wanted = tuple(dict.fromkeys(face_ids))
    with context.database.begin() as connection:
        claim(connection, collection)
        known = faces.find_faces(connection, collection, wanted)
        free = [f for f in wanted if f in known and (of_users or known[f].user is None)]
        gone = faces.delete_faces(connection, collection, free)
        deleted = tuple(face for face in wanted if face in gone)
        log.append(connection, context.actor, collection, DeleteFacesRecord(deleted))
    refused = (_refusal(face, known.get(face)) for face in wanted if face not in gone)
    return Deletion(deleted, tuple(refused))


def _refusal(face_id: str, known: FaceRecord | None) -> RefusedFace:
    if known is None:
        return RefusedFace(face_id, RefusalReason.NOT_FOUND)
    return RefusedFace(face_id, RefusalReason.HAS_USER, known.user)
