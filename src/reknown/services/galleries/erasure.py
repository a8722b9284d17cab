"""A person erased: rows deleted, keys destroyed, and a certificate of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from reknown.biometrics.errors import DatabaseError, InputError, NotFoundError
from reknown.gallery import faces, groups, users
from reknown.gallery.keys import keyring_in, keys_of_faces, keys_of_sightings, keys_of_users
from reknown.ledger import log
from reknown.ledger.records import EraseRecord
from reknown.services.proofs.records import proof_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.biometrics.records import UserRecord
    from reknown.services.context import Context
    from reknown.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is to be erased: a user by its opaque id, or one face; with so many `faces`."""

    subject_id: str | None
    name: str | None
    face_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ErasureCertificate:
    """What was erased and how it can be told: nothing in it says who it was.

    `keys` are SHA-256 digests of the keyring's id, a bar and a key's number. The ledger holds the
    same under the number `record`, and `proof` shows that it does to whoever has the public key: it
    holds the record itself. None while the ledger is not signed.
    So many `faces` and `sightings` were erased from a `collection`.
    """

    collection: str
    subject_id: str | None
    faces: tuple[str, ...]
    sightings: int
    keys: tuple[str, ...]
    erased_at: datetime
    record: int
    proof: Mapping[str, object] | None = None


def find_subject(context: Context, collection: str, subject: str) -> Subject:
    """The user of this name or opaque id, else the face of this id; raises `NotFoundError`."""
    with context.database.begin() as connection:
        return _find(connection, collection, subject)


def erase_subject(context: Context, collection: str, subject: str) -> ErasureCertificate:
    """Deletes a user, its faces and the sightings that have its name, or one face.

    When it returns no file contains them, and their keys are destroyed: copies of the database
    cannot be read either. Raises `NotFoundError`, or `DatabaseError` when a key is still there.
    """
    keyring = keyring_in(context.database)
    with context.database.begin() as connection:
        found = _find(connection, collection, subject)
        numbers = keys_of_faces(connection, found.face_ids)
        seen: list[str] = []
        if found.name is not None:
            numbers += keys_of_users(connection, [str(found.subject_id)])
            for group in groups.groups_of(connection, collection, found.name):
                members = groups.members(connection, collection, group)
                numbers += keys_of_sightings(connection, members)
            seen = groups.forget_person(connection, collection, found.name)
        faces.delete_faces(connection, collection, found.face_ids)
        if found.name is not None:
            users.delete_user(connection, collection, found.name)
        told = tuple(_digest(keyring.id, each) for each in sorted(numbers)) if keyring else ()
        record = EraseRecord(found.subject_id, found.face_ids, len(seen), told)
        number = log.append(connection, context.actor, collection, record)
    if keyring is not None and keyring.find(numbers):
        raise DatabaseError(
            "the rows are deleted, but not all of their keys: see the log, end what holds the "
            "keyring, and run reknown compact"
        )
    done = ErasureCertificate(
        collection, found.subject_id, found.face_ids, len(seen), told, datetime.now(UTC), number
    )
    try:
        return replace(done, proof=proof_of(context, number))
    except InputError:  # nobody signs, or the head is not what was signed last: verify tells
        return done


def _find(connection: Connection, collection: str, subject: str) -> Subject:
    with suppress(NotFoundError):
        return _of_user(connection, collection, users.get_user(connection, collection, subject))
    with suppress(NotFoundError):
        return _of_user(connection, collection, users.find_user(connection, collection, subject))
    if subject in faces.find_faces(connection, collection, [subject]):
        return Subject(None, None, (subject,))
    raise NotFoundError(
        f"{subject!r} is no person of {collection!r}, by name or subject id, and no face there: "
        "reknown users list and reknown faces list show them"
    )


def _of_user(connection: Connection, collection: str, user: UserRecord) -> Subject:
    own = users.faces_of_user(connection, collection, user.name)
    return Subject(user.subject_id, user.name, tuple(sorted(own)))


def _digest(keyring: str, number: int) -> str:
    return sha256(f"{keyring}|{number}".encode()).hexdigest()
