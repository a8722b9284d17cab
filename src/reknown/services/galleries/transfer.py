"""Templates out of one gallery and into another of the same template space."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from reknown.gallery.exporting import leaving_faces
from reknown.gallery.restoring import check_moved, restore_faces
from reknown.gallery.users import get_user, set_profile
from reknown.ledger import log
from reknown.ledger.records import (
    ExportManyTemplatesRecord,
    ExportTemplatesRecord,
    ImportManyTemplatesRecord,
    ImportTemplatesRecord,
    ManyFacesRecord,
)
from reknown.services.policies.rules import require_ruled
from reknown.storage.database import reading
from reknown.storage.rows import roomy_transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reknown.biometrics.moved import MovedFaces
    from reknown.ledger.records import Record
    from reknown.services.context import Context
    from reknown.services.galleries.pages import PageRequest
    from reknown.storage.database import Connection

_MOST_NAMED = 1000
"""So many faces are named one by one in a record of the ledger."""


class ManyFaces:
    """Counts faces on their way, and what the ledger is to keep of them."""

    def __init__(self, face_ids: Iterable[str] = ()) -> None:
        self.count = 0
        self._first: str | None = None
        self._last: str | None = None
        self._digest = sha256()
        self.add(list(face_ids))

    def add(self, face_ids: Sequence[str]) -> None:
        """Some more, in their order."""
        if not face_ids:
            return
        self._first, self._last = self._first or face_ids[0], face_ids[-1]
        self.count += len(face_ids)
        self._digest.update("".join(f"{face_id}\n" for face_id in face_ids).encode())

    def record(self) -> ManyFacesRecord:
        """What the ledger keeps of them."""
        return ManyFacesRecord(self.count, self._first, self._last, self._digest.hexdigest())


def export_templates(
    context: Context, collection: str, page: PageRequest
) -> tuple[MovedFaces, str | None]:
    """A page of the references with their templates, and where the next begins.

    Raises `NotFoundError`.
    """
    # one state throughout, although the collection may be switched to another space meanwhile
    with reading(context.database) as connection:
        found, following = leaving_faces(connection, collection, page.after, page.limit)
    leaving = ManyFaces(found.face_ids)
    record = export_record(found.face_ids, leaving)
    log.record(context.database, context.actor, collection, record)
    return found, following


def import_templates(
    context: Context, collection: str, moved: MovedFaces, *, checked: bool = False
) -> int:
    """Adds the references that are not there yet; returns how many. All or none.

    What is told of their users is added where nothing is told yet. `checked` says that
    `check_moved` has had nothing against them.

    Raises `NotFoundError`, `PolicyError`, `SpaceMismatchError`, `AlreadyExistsError` for a face
    id of another collection, or `InputError` for what is not a template.
    """
    require_ruled(context, collection)
    if not checked:
        check_moved(moved)  # before anybody has to wait
    database = context.database
    many = len(moved) > _MOST_NAMED
    with roomy_transaction(database) if many else database.begin() as connection:
        new = restore_faces(connection, collection, moved)
        _tell(connection, collection, new)
        known = len(set(moved.face_ids)) - len(new)
        log.append(connection, context.actor, collection, _imported(new.face_ids, known))
    return len(new)


def export_record(face_ids: Sequence[str], leaving: ManyFaces) -> Record:
    """What the ledger keeps of an export; few faces, which are `face_ids`, are named."""
    if leaving.count <= _MOST_NAMED:
        return ExportTemplatesRecord(tuple(face_ids))
    return ExportManyTemplatesRecord(leaving.record())


def _tell(connection: Connection, collection: str, moved: MovedFaces) -> None:
    """Of each user what is told of it there."""
    if moved.profiles:
        present = set(moved.users)
        for user, profile in moved.profiles.items():
            if user in present and not get_user(connection, collection, user).profile:
                set_profile(connection, collection, user, profile)


def _imported(face_ids: Sequence[str], known: int) -> Record:
    if len(face_ids) + known <= _MOST_NAMED:
        return ImportTemplatesRecord(tuple(face_ids), known)
    return ImportManyTemplatesRecord(ManyFaces(face_ids).record(), known)
