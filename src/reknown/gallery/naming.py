"""What people call users, faces and images, as it is stored: sealed, and found by keyed hashes.

A user's names are sealed with a key of its own. What a face and its image are called is sealed with
the face's key, so that an image's name goes with its last face. What is looked up is hashed under
a key of the collection: equal names have equal hashes, and who lacks the key learns nothing from
them. Without a keyring, and in rows from before names were sealed, all is stored as it is.
"""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import bindparam, select, update

from reknown.biometrics.records import KnownGender, Profile
from reknown.gallery.keys import grant, keyring_of
from reknown.gallery.schema import collections, faces, images, users
from reknown.gallery.sealed import (
    NAMES,
    RecordKind,
    context,
    find_keys,
    lasting_key,
    open_parts,
    require_unsealed,
    seal_again,
    seal_new,
)
from reknown.structs import resolved

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

# Half of a SHA-256: nobody meets two names of the same hash.
_HASH_BYTES = 16


class UserNames(msgspec.Struct, frozen=True, array_like=True):
    """What is told of a user: sealed together."""

    name: str
    urls: tuple[str, ...] = ()
    known_gender: KnownGender | None = None

    @property
    def profile(self) -> Profile:
        """What is told beside the name."""
        return Profile(self.urls, self.known_gender)


class FaceNames(msgspec.Struct, frozen=True, array_like=True):
    """What a face is called, and the image and the folder that it came from: sealed together."""

    external_id: str | None
    image: str
    origin: str | None = None


# The first columns of a query for `names_of_users`; its rows may be without a user.
USER = (
    users.c.subject_id.label("user_subject_id"),
    users.c.collection_id.label("user_collection_id"),
    users.c.sealing_key.label("user_sealing_key"),
    users.c.sealed_names.label("user_sealed_names"),
    users.c.name_key.label("user_name_key"),
    users.c.urls.label("user_urls"),
    users.c.known_gender.label("user_known_gender"),
)
# The columns behind those of a query for `names_of_faces`.
FACE = (
    faces.c.face_id,
    faces.c.collection_id,
    faces.c.sealing_key,
    faces.c.sealed_names,
    faces.c.external_id,
    images.c.name.label("image_name"),
    images.c.origin,
)
# Made once: all who look for a name ask.
_LOOKUP_KEY = select(collections.c.sealing_key).where(collections.c.id == bindparam("owner"))
_USER_END = len(USER)
_FACE_END = _USER_END + len(FACE)
_encode = msgspec.json.Encoder().encode
_user_of = msgspec.json.Decoder(resolved(UserNames)).decode
_face_of = msgspec.json.Decoder(resolved(FaceNames)).decode


def names_of(
    connection: Connection, rows: Sequence[Sequence[Any]]
) -> tuple[dict[str, UserNames], list[FaceNames | None]]:
    """What `names_of_users` and `names_of_faces` tell of the same rows, with one look for keys."""
    owners = {row[0]: row[2] for row in rows if row[0] is not None}
    numbers = [row[_USER_END + 2] for row in rows]
    wanted = {RecordKind.USER: list(owners.values()), RecordKind.FACE: numbers}
    keys = find_keys(connection, wanted)
    return names_of_users(connection, rows, keys), names_of_faces(connection, rows, keys)


def names_of_users(
    connection: Connection,
    rows: Iterable[Sequence[Any]],
    keys: Mapping[int, bytes] | None = None,
) -> dict[str, UserNames]:
    """What is told of the users of these rows, by their subject ids, each once.

    Users that have been deleted meanwhile are not among them. `keys` as `open_parts` takes them.
    Raises `SealError`.
    """
    distinct = {row[0]: row for row in rows if row[0] is not None}
    told: dict[str, UserNames] = {}
    sealed: list[Sequence[Any]] = []
    plain = [row for row in distinct.values() if row[3] is None]
    require_unsealed(connection, _contexts(RecordKind.USER, plain))
    for subject_id, row in distinct.items():
        if row[3] is None:
            gender = None if row[6] is None else KnownGender(row[6])
            told[subject_id] = UserNames(row[4], tuple(json.loads(row[5] or "[]")), gender)
        else:
            sealed.append(row)
    opened = _opened(connection, RecordKind.USER, sealed, keys)
    for row, names in zip(sealed, opened, strict=True):
        if names is not None:
            told[row[0]] = _user_of(names)
    return told


def name_in(told: Mapping[str, UserNames], subject_id: str | None) -> str | None:
    """The user's name among these, None where there is none."""
    found = None if subject_id is None else told.get(subject_id)
    return None if found is None else found.name


def names_of_faces(
    connection: Connection,
    rows: Iterable[Sequence[Any]],
    keys: Mapping[int, bytes] | None = None,
) -> list[FaceNames | None]:
    """What the faces of these rows are called; None for those that were deleted meanwhile.

    `keys` as `open_parts` takes them. Raises `SealError`.
    """
    lines = [row[_USER_END:_FACE_END] for row in rows]
    plain = [line for line in lines if line[3] is None]
    require_unsealed(connection, _contexts(RecordKind.FACE, plain))
    sealed = [line for line in lines if line[3] is not None] if plain else lines
    opened = [
        None if names is None else _face_of(names)
        for names in _opened(connection, RecordKind.FACE, sealed, keys)
    ]
    if not plain:
        return opened
    others = iter(opened)
    return [FaceNames(*line[4:]) if line[3] is None else next(others) for line in lines]


def new_users(
    connection: Connection, owner: int, told: Mapping[str, UserNames]
) -> dict[str, Sequence[Any]]:
    """Users of the claimed collection `owner` by their subject ids, as columns to be stored."""
    keyring = keyring_of(connection)
    if keyring is None:
        return _plain(told.values()) | {"subject_id": list(told)}
    names = [_encode(each) for each in told.values()]
    numbers, (sealed,) = seal_new(connection, owner, RecordKind.USER, list(told), {NAMES: names})
    keys = name_keys(connection, owner, [each.name for each in told.values()], make=True)
    return {
        "subject_id": list(told),
        "name_key": [keys[each.name] for each in told.values()],
        "sealing_key": numbers,
        "sealed_names": sealed,
    }


def changed_user(
    connection: Connection, owner: int, subject_id: str, number: int | None, told: UserNames
) -> dict[str, Any]:
    """A user of the claimed collection `owner` that is there, with this key, to be stored anew."""
    if number is None:
        columns = new_users(connection, owner, {subject_id: told})
        return {"urls": None, "known_gender": None} | {
            name: values[0] for name, values in columns.items()
        }
    its = context(RecordKind.USER, owner, NAMES, subject_id)
    (sealed,) = seal_again(connection, RecordKind.USER, [number], [_encode(told)], [its])
    key = name_keys(connection, owner, [told.name], make=True)[told.name]
    return {"name_key": key, "sealed_names": sealed}


def encoded(names: Iterable[FaceNames]) -> list[bytes]:
    """What is sealed of faces beside their templates."""
    return [_encode(each) for each in names]


def changed_faces(
    connection: Connection, rows: Sequence[Sequence[Any]], told: Sequence[FaceNames]
) -> list[bytes | None]:
    """The names of faces that are there and have keys, to be stored anew."""
    lines = [row[_USER_END:_FACE_END] for row in rows]
    contexts, numbers = _contexts(RecordKind.FACE, lines), [line[2] for line in lines]
    return seal_again(connection, RecordKind.FACE, numbers, encoded(told), contexts)


def name_keys(
    connection: Connection, owner: int, names: Iterable[str], *, make: bool = False
) -> dict[str, str]:
    """What users of these names have as `name_key` where they are sealed.

    None of them where nothing in the collection is. With `make` the collection is claimed, and gets
    its key if it has none.
    """
    return _hashes(connection, owner, "name", names, make=make)


def origin_keys(
    connection: Connection, owner: int, origins: Iterable[str], *, make: bool = False
) -> dict[str, str]:
    """The same for folders that images were enrolled from, which these have as `origin_key`."""
    return _hashes(connection, owner, "origin", origins, make=make)


def _opened(
    connection: Connection,
    kind: RecordKind,
    lines: Sequence[Sequence[Any]],
    keys: Mapping[int, bytes] | None,
) -> list[bytes | None]:
    """Of lines that begin with the id, the collection, the number of the key and what is sealed."""
    numbers, stored = [line[2] for line in lines], [line[3] for line in lines]
    return open_parts(connection, kind, numbers, stored, _contexts(kind, lines), keys)


def _contexts(kind: RecordKind, lines: Sequence[Sequence[Any]]) -> list[bytes]:
    prefixes = {owner: context(kind, owner, NAMES, "") for owner in {line[1] for line in lines}}
    return [prefixes[line[1]] + line[0].encode() for line in lines]


def _hashes(
    connection: Connection, owner: int, what: str, texts: Iterable[str], *, make: bool
) -> dict[str, str]:
    wanted = list(texts)
    key = _lookup_key(connection, owner, make=make) if wanted else None
    if key is None:
        return {}
    prefix, digest = f"{what}|".encode(), hmac.digest
    return {
        each: digest(key, prefix + each.encode(errors="surrogatepass"), "sha256")[
            :_HASH_BYTES
        ].hex()
        for each in wanted
    }


def _lookup_key(connection: Connection, owner: int, *, make: bool) -> bytes | None:
    keyring = keyring_of(connection)
    if keyring is None:
        return None
    number = connection.execute(_LOOKUP_KEY, {"owner": owner}).scalar_one_or_none()
    if number is not None:
        return lasting_key(connection, number)
    if not make:
        return None
    ((number, key),) = grant(connection, keyring, owner, 1).items()
    own = update(collections).where(collections.c.id == owner)
    connection.execute(own.values(sealing_key=number))
    return key


def _plain(told: Iterable[UserNames]) -> dict[str, Sequence[Any]]:
    each = list(told)
    return {
        "name_key": [its.name for its in each],
        "urls": [json.dumps(its.urls) if its.urls else None for its in each],
        "known_gender": [its.known_gender and its.known_gender.value for its in each],
    }
