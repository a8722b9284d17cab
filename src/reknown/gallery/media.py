"""Media: images and videos that faces were looked for in, and the files that hold them.

A medium is its bytes: copies of a file are one medium in several places, and a file that was moved
is found again by its digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, or_, select, update

from reknown.biometrics.sightings import Medium, MediumKind, Taken, TimeSource
from reknown.gallery.collections import claim, require
from reknown.gallery.expiry import alive
from reknown.gallery.names import require_text
from reknown.gallery.schema import NOTES, media, media_files, sightings
from reknown.storage.clock import now_text
from reknown.storage.erasure import erase
from reknown.storage.paging import Page, batches, fetch_page
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import PurePath

    from sqlalchemy import Connection, Row, Select


_ORPHANS = (
    ~select(media_files.c.id).where(media_files.c.medium_id == media.c.id).exists(),
    ~select(sightings.c.id).where(sightings.c.medium_id == media.c.id).exists(),
)


@dataclass(frozen=True, slots=True)
class FileStamp:
    """A file as it was found: `size` in bytes, `modified_ns` since 1970."""

    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file whose medium has been looked at; `key` is for `forget_files`.

    `fingerprint` is that of the template space in which it was.
    """

    key: int
    state: FileStamp
    fingerprint: str
    problem: str


@dataclass(frozen=True, slots=True)
class FiledMedium:
    """A medium, where it lies, how many faces were seen in it, and the id of the best one."""

    medium: Medium
    files: tuple[str, ...]
    faces: int
    best: str | None


def ensure_medium(connection: Connection, owner: int, medium: Medium, fingerprint: str) -> int:
    """The key of this medium in the claimed collection `owner`, made or brought up to date.

    Raises `InputError` for a name that cannot be stored.
    """
    require_text("a file's name", medium.name, shortest=0, longest=4096)
    taken = medium.taken
    values: dict[str, Any] = {
        "kind": medium.kind.value,
        "name": medium.name,
        "taken_at": None if taken is None else taken.at.isoformat(),
        "taken_from": None if taken is None else taken.source.value,
        "problem": medium.problem,
        "width": medium.width,
        "height": medium.height,
        "fingerprint": fingerprint,
        "seen_at": now_text(),
    }
    own = media.c.collection_id == owner, media.c.sha256 == medium.sha256
    found = connection.execute(select(media.c.id).where(*own)).scalar_one_or_none()
    if found is not None:
        connection.execute(update(media).where(media.c.id == found).values(values))
        return int(found)
    values |= {"collection_id": owner, "sha256": medium.sha256}
    made = connection.execute(insert(media).values(values).returning(media.c.id))
    return int(made.scalar_one())


def find_media(
    connection: Connection, collection: str, sha256s: Iterable[str]
) -> dict[str, tuple[Medium, str]]:
    """Those of these media that are known, each with the fingerprint of the space it was seen in.

    Raises `NotFoundError`.
    """
    owner = require(connection, collection).id
    query = select(media).where(media.c.collection_id == owner)
    found: dict[str, tuple[Medium, str]] = {}
    for batch in batches(sha256s):
        rows = connection.execute(query.where(media.c.sha256.in_(batch)))
        found.update((row.sha256, (medium_of(row), row.fingerprint)) for row in rows)
    return found


def place_file(
    connection: Connection, owner: int, path: PurePath, state: FileStamp, medium: int
) -> None:
    """Says that this medium of the claimed collection lies there, and no other any more."""
    folder, name = str(path.parent), path.name
    require_text("a folder's name", folder, longest=4096)
    require_text("a file's name", name, longest=1024)
    own = media_files.c.collection_id == owner
    here = own, media_files.c.folder == folder, media_files.c.name == name
    values: dict[str, Any] = {
        "medium_id": medium,
        "size": state.size,
        "modified_ns": state.modified_ns,
    }
    found = connection.execute(select(media_files.c.id).where(*here)).scalar_one_or_none()
    if found is None:
        values |= {"collection_id": owner, "folder": folder, "name": name}
        connection.execute(insert(media_files).values(values))
    else:
        connection.execute(update(media_files).where(media_files.c.id == found).values(values))


def files_in(connection: Connection, owner: int, folder: str) -> dict[str, KnownFile]:
    """The known files of a folder itself, by name."""
    query = (
        select(
            media_files.c.id,
            media_files.c.name,
            media_files.c.size,
            media_files.c.modified_ns,
            media.c.fingerprint,
            media.c.problem,
        )
        .join_from(media_files, media)
        .where(media_files.c.collection_id == owner, media_files.c.folder == folder)
    )
    rows = connection.execute(query)
    return {
        row.name: KnownFile(
            row.id, FileStamp(row.size, row.modified_ns), row.fingerprint, row.problem
        )
        for row in rows
    }


def folders_below(connection: Connection, owner: int, root: str) -> list[str]:
    """The folders with known files at `root` and below it, in alphabetical order."""
    own = media_files.c.collection_id == owner
    folder = media_files.c.folder
    inside = or_(folder == root, folder.startswith(root.rstrip("/") + "/", autoescape=True))
    query = select(folder).where(own, inside).distinct().order_by(folder)
    return list(connection.execute(query).scalars())


def list_media(
    connection: Connection, collection: str, after: str | None, limit: int
) -> Page[FiledMedium]:
    """A page of the media, in the order in which they were first looked at.

    Raises `NotFoundError`.
    """
    owner = require(connection, collection).id
    query = select(media).where(media.c.collection_id == owner)
    page = fetch_page(connection, query, media.c.id, after, limit, lambda row: row)
    return Page(tuple(_filed(connection, page.items)), page.next)


def filed_media(
    connection: Connection, collection: str, sha256s: Iterable[str]
) -> list[FiledMedium]:
    """Those of these media that are known; raises `NotFoundError`."""
    owner = require(connection, collection).id
    found: list[Row[Any]] = []
    for batch in batches(sha256s):
        own = media.c.collection_id == owner, media.c.sha256.in_(batch)
        found.extend(connection.execute(select(media).where(*own)))
    return _filed(connection, found)


def delete_media(connection: Connection, collection: str, sha256s: Iterable[str]) -> list[str]:
    """Deletes these media with all that was seen in them; the ids of the sightings that are gone.

    In the order of keeping. Raises `NotFoundError`.
    """
    owner = claim(connection, collection).id
    seen: list[str] = []
    for batch in batches(sha256s):
        own = media.c.collection_id == owner, media.c.sha256.in_(batch)
        keys = list(connection.execute(select(media.c.id).where(*own)).scalars())
        of_them = select(sightings.c.sighting_id).where(sightings.c.medium_id.in_(keys))
        kept = of_them.order_by(unindexed(sightings.c.id))
        seen.extend(connection.execute(kept).scalars())
        connection.execute(delete(media).where(media.c.id.in_(keys)))
    erase(connection, media_files, media, sightings, *NOTES)
    return seen


def _filed(connection: Connection, rows: Sequence[Row[Any]]) -> list[FiledMedium]:
    keys = [row.id for row in rows]
    places = places_of(connection, keys)
    faces: dict[int, list[tuple[int, str]]] = {}
    query = select(sightings.c.medium_id, sightings.c.quality, sightings.c.sighting_id)
    for batch in batches(keys):
        own = sightings.c.medium_id.in_(batch), alive()
        for key, quality, sighting in connection.execute(query.where(*own)):
            faces.setdefault(key, []).append((quality, sighting))
    return [
        FiledMedium(
            medium_of(row),
            tuple(places.get(row.id, ())),
            len(faces.get(row.id, ())),
            max(faces[row.id])[1] if row.id in faces else None,
        )
        for row in rows
    ]


def forget_files(connection: Connection, collection: str, keys: Sequence[int]) -> list[str]:
    """Forgets where these files lie, and media that lie nowhere any more with their sightings.

    The ids of the sightings that are gone, in the order of keeping. Raises `NotFoundError`.
    """
    owner = claim(connection, collection).id
    touched: set[int] = set()
    for batch in batches(keys):
        gone = delete(media_files).where(
            unindexed(media_files.c.collection_id) == owner, media_files.c.id.in_(batch)
        )
        touched.update(connection.execute(gone.returning(media_files.c.medium_id)).scalars())
    elsewhere = select(media_files.c.id).where(media_files.c.medium_id == media.c.id).exists()
    seen: list[str] = []
    for group in batches(touched):
        nowhere = select(media.c.id).where(media.c.id.in_(group), ~elsewhere)
        lost = list(connection.execute(nowhere).scalars())
        of_lost = select(sightings.c.sighting_id).where(sightings.c.medium_id.in_(lost))
        kept = of_lost.order_by(unindexed(sightings.c.id))
        seen.extend(connection.execute(kept).scalars())
        connection.execute(delete(media).where(media.c.id.in_(lost)))
    erase(connection, media_files, media, sightings, *NOTES)
    return seen


def delete_chosen(connection: Connection, chosen: Select[Any]) -> list[str]:
    """Deletes the sightings whose keys `chosen` asks for; their ids.

    Media that lie in no folder go with the last of their sightings.
    """
    statement = delete(sightings).where(sightings.c.id.in_(chosen))
    rows = connection.execute(
        statement.returning(sightings.c.sighting_id, sightings.c.medium_id)
    ).all()
    for batch in batches(row.medium_id for row in rows):
        connection.execute(delete(media).where(media.c.id.in_(batch), *_ORPHANS))
    erase(connection, sightings, media, *NOTES)
    return [row.sighting_id for row in rows]


def places_of(connection: Connection, media_keys: Iterable[int]) -> dict[int, list[str]]:
    """Where these media lie, in the order in which that was found out."""
    places: dict[int, list[str]] = {}
    query = select(media_files.c.medium_id, media_files.c.folder, media_files.c.name)
    query = query.order_by(unindexed(media_files.c.id))
    for batch in batches(media_keys):
        rows = connection.execute(query.where(media_files.c.medium_id.in_(batch)))
        for row in rows:
            places.setdefault(row.medium_id, []).append(f"{row.folder.rstrip('/')}/{row.name}")
    return places


def places_with(connection: Connection, collection: str, sha256: str) -> list[str]:
    """Where the medium of this content lies; raises `NotFoundError`."""
    owner = require(connection, collection).id
    query = select(media.c.id).where(media.c.collection_id == owner, media.c.sha256 == sha256)
    found = places_of(connection, connection.execute(query).scalars().all())
    return [place for places in found.values() for place in places]


def count_media(connection: Connection, collection: str) -> int:
    """How many media faces were looked for in; raises `NotFoundError`."""
    owner = require(connection, collection).id
    query = select(func.count()).select_from(media).where(media.c.collection_id == owner)
    return int(connection.execute(query).scalar_one())


def medium_of(row: Row[Any]) -> Medium:
    """The medium of a row with the columns of `media`."""
    taken = None
    if row.taken_at is not None:
        taken = Taken(datetime.fromisoformat(row.taken_at), TimeSource(row.taken_from))
    size = row.width, row.height
    return Medium(row.sha256, MediumKind(row.kind), row.name, taken, row.problem, *size)
