"""Faces that were seen in media, kept to be searched later, some of them until they expire.

What has expired is never listed, found or counted, even before it is purged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import delete, false, func, insert, or_, select

from reknown.biometrics.errors import InputError
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.sightings import Sighting
from reknown.gallery.collections import claim, require, space_of
from reknown.gallery.expiry import alive
from reknown.gallery.media import delete_chosen, ensure_medium, medium_of, places_of
from reknown.gallery.names import require_text
from reknown.gallery.schema import NOTES, collections, media, sighting_groups, sightings
from reknown.gallery.sealed import RecordKind, context, open_parts, seal_new
from reknown.gallery.templates import stream_templates
from reknown.storage.clock import as_text, now, now_text
from reknown.storage.erasure import erase
from reknown.storage.paging import Page, batches, fetch_page
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import ColumnElement, Connection, Row, Select

    from reknown.biometrics.sightings import Medium, MediumKind
    from reknown.biometrics.templates import TemplateSpace

# The mean of unit vectors is one at most.
_LONGEST_VECTOR = 1.001
_SHORTEST_PREFIX = 8


@dataclass(frozen=True, slots=True, eq=False)
class SightingRecord:
    """A sighting as it is stored, in the `space` of its template; times are in UTC.

    `files` are the paths at which its medium was found, none where it was not read from a folder.
    Without `expires_at` it stays until it is deleted.
    """

    sighting: Sighting
    space: TemplateSpace
    created_at: datetime
    expires_at: datetime | None
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FiledSighting:
    """Where a sighting stands: its key, and those of its group and of whoever that is named after.

    `fit` says whether its face would be enrolled.
    """

    key: int
    fit: bool
    group: int | None
    user: int | None


@dataclass(frozen=True, eq=False)
class SightingTemplates:
    """Sightings in the order of keeping, n of them: `vectors` (n, dimension) float32, and `ids`.

    Those of tracks are means of unit vectors, so no unit vectors themselves.
    """

    space: TemplateSpace
    vectors: NDArray[np.float32]
    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class SightingChoice:
    """Which sightings are meant: those that meet everything given, all if nothing is.

    `medium` is a file's name, or its SHA-256 from 8 digits on. `before` is when they were kept,
    `since` and `until` are when their media were taken. `fit` leaves out faces
    that would not be enrolled.
    """

    kind: MediumKind | None = None
    medium: str | None = None
    ids: tuple[str, ...] | None = None
    before: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    fit: bool = False

    @property
    def of_media(self) -> bool:
        """Whether it says something of the media."""
        return any(x is not None for x in (self.kind, self.medium, self.since, self.until))


def keep_sightings(
    connection: Connection,
    collection: str,
    medium: Medium,
    seen: Sequence[Sighting],
    space: TemplateSpace,
    expires_at: datetime | None,
) -> tuple[int, int]:
    """Keeps what was seen in a medium in place of what was seen in it before.

    Its key, and how many were replaced. Raises `NotFoundError`, `SpaceMismatchError`, or
    `InputError` for templates of another length and for names that cannot be stored.
    """
    row = claim(connection, collection)
    space_of(row).require(space)
    _check(medium, seen, space)
    key = ensure_medium(connection, row.id, medium, space.fingerprint)
    replaced = connection.execute(delete(sightings).where(sightings.c.medium_id == key)).rowcount
    if replaced:
        erase(connection, sightings, media, *NOTES)
    common = {
        "collection_id": row.id,
        "medium_id": key,
        "created_at": now_text(),
        "expires_at": None if expires_at is None else as_text(expires_at),
        "pack": space.pack,
        "fingerprint": space.fingerprint,
        "dimension": space.dimension,
    }
    if seen:
        values = [common | _values(sighting) for sighting in seen]
        ids = [value["sighting_id"] for value in values]
        plain = {row.fingerprint: [value["template"] for value in values]}
        numbers, (sealed,) = seal_new(connection, row.id, RecordKind.SIGHTING, ids, plain)
        for value, number, template in zip(values, numbers, sealed, strict=True):
            value |= {"sealing_key": number, "template": template}
        connection.execute(insert(sightings), values)
    return key, int(replaced)


def list_sightings(
    connection: Connection,
    collection: str,
    after: str | None = None,
    limit: int = 1000,
    choice: SightingChoice = SightingChoice(),
) -> Page[SightingRecord]:
    """A page of the sightings in the order of keeping; raises `NotFoundError`."""
    own = sightings.c.collection_id == require(connection, collection).id
    query = _described().where(own, alive(), *_conditions(choice))
    page = fetch_page(connection, query, sightings.c.id, after, limit, lambda row: row)
    return Page(tuple(_records(connection, page.items)), page.next)


def find_sightings(
    connection: Connection, collection: str, ids: Iterable[str]
) -> dict[str, SightingRecord]:
    """By id those of these sightings that are there; raises `NotFoundError`."""
    own = unindexed(sightings.c.collection_id) == require(connection, collection).id
    query = _described().where(own, alive())
    found: list[Row[Any]] = []
    for batch in batches(ids):
        found.extend(connection.execute(query.where(sightings.c.sighting_id.in_(batch))))
    return {record.sighting.sighting_id: record for record in _records(connection, found)}


def sightings_of_keys(connection: Connection, keys: Iterable[int]) -> dict[int, SightingRecord]:
    """By key those of these sightings that are there: keys are never given twice."""
    query = _described().where(alive())
    found: list[Row[Any]] = []
    for batch in batches(keys):
        found.extend(connection.execute(query.where(sightings.c.id.in_(batch))))
    key_of = {row.sighting_id: row.id for row in found}
    return {key_of[it.sighting.sighting_id]: it for it in _records(connection, found)}


def hold_sightings(connection: Connection, keys: Iterable[int]) -> set[int]:
    """The keys of those of these sightings that are there, and stay until this transaction ends."""
    query = (
        select(sightings.c.id).order_by(sightings.c.id).with_for_update(read=True, key_share=True)
    )
    held: set[int] = set()
    for batch in batches(sorted(keys)):
        held.update(connection.execute(query.where(sightings.c.id.in_(batch))).scalars())
    return held


def filed_sightings(connection: Connection, ids: Iterable[str]) -> dict[str, FiledSighting]:
    """By id those of these sightings that are there."""
    columns = (sightings.c.id, sightings.c.sighting_id, sightings.c.fit, sightings.c.group_id)
    query = select(*columns, sighting_groups.c.user_id).join_from(
        sightings, sighting_groups, isouter=True
    )
    found: dict[str, FiledSighting] = {}
    for batch in batches(ids):
        for row in connection.execute(query.where(alive(), sightings.c.sighting_id.in_(batch))):
            filed = FiledSighting(row.id, bool(row.fit), row.group_id, row.user_id)
            found[row.sighting_id] = filed
    return found


def load_sighting_templates(
    connection: Connection, collection: str, choice: SightingChoice = SightingChoice()
) -> SightingTemplates:
    """The templates of sightings in the collection's present space, streamed into one matrix.

    Raises `NotFoundError`.
    """
    row = require(connection, collection)
    same = sightings.c.fingerprint == row.fingerprint
    living = sightings.c.collection_id == row.id, same, alive(), *_conditions(choice)
    joined = sightings.join(media) if choice.of_media else sightings
    counting = select(func.count()).select_from(joined).where(*living)
    count = connection.execute(counting).scalar_one()
    vectors = np.empty((count, row.dimension), "<f4")
    ids: list[str] = []
    query: Select[Any] = select(
        sightings.c.sighting_id, sightings.c.template, sightings.c.sealing_key
    ).select_from(joined)
    # sightings may come or go between two statements: never more than there is room for
    query = query.where(*living).order_by(sightings.c.id).limit(count)
    for lines, part in stream_templates(connection, query, row):
        vectors[len(ids) : len(ids) + len(lines)] = part
        ids.extend(line.sighting_id for line in lines)
    return SightingTemplates(space_of(row), vectors[: len(ids)], ids)


def count_sightings(connection: Connection, collection: str) -> dict[TemplateSpace, int]:
    """How many sightings are kept in each space, oldest first; raises `NotFoundError`."""
    space = sightings.c.pack, sightings.c.fingerprint, sightings.c.dimension
    query = select(*space, func.count().label("sightings")).group_by(*space)
    query = query.where(sightings.c.collection_id == require(connection, collection).id, alive())
    rows = connection.execute(query.order_by(func.min(sightings.c.id)))
    return {space_of(row): row.sightings for row in rows}


def delete_sightings(connection: Connection, collection: str, choice: SightingChoice) -> list[str]:
    """Deletes the sightings chosen; the ids of those that were there. Raises `NotFoundError`."""
    owner = claim(connection, collection).id
    chosen = select(sightings.c.id).join_from(sightings, media).where(*_conditions(choice))
    if choice.ids is None:
        portions = [chosen.where(sightings.c.collection_id == owner)]
    else:
        own = unindexed(sightings.c.collection_id) == owner
        ids = sightings.c.sighting_id
        portions = [chosen.where(own, ids.in_(batch)) for batch in batches(choice.ids)]
    return sorted(id_ for portion in portions for id_ in delete_chosen(connection, portion))


def purge_sightings(connection: Connection, collection: str) -> list[str]:
    """Deletes what has expired; its ids. Raises `NotFoundError`."""
    owner = require(connection, collection).id
    own = unindexed(sightings.c.collection_id) == owner
    due = select(sightings.c.id).where(own, sightings.c.expires_at <= as_text(now(connection)))
    if connection.execute(due.limit(1)).first() is None:
        return []  # as a rule nothing is due, and nobody has to wait for a lock
    # what another transaction is deleting already is not waited for
    return sorted(delete_chosen(connection, due.with_for_update(skip_locked=True)))


def collections_with_expired(connection: Connection) -> list[str]:
    """The collections that keep sightings which have expired."""
    moment = as_text(now(connection))
    due = select(sightings.c.collection_id).where(sightings.c.expires_at <= moment)
    query = select(collections.c.name).where(collections.c.id.in_(due))
    return list(connection.execute(query).scalars())


def _conditions(choice: SightingChoice) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if choice.kind is not None:
        conditions.append(media.c.kind == choice.kind.value)
    if choice.medium is not None:
        conditions.append(_of_medium(choice.medium))
    if choice.before is not None:
        conditions.append(sightings.c.created_at < as_text(choice.before))
    if choice.since is not None:
        conditions.append(media.c.taken_at >= choice.since.isoformat())
    if choice.until is not None:
        conditions.append(media.c.taken_at < choice.until.isoformat())
    if choice.fit:
        conditions.append(sightings.c.fit)
    if choice.ids is not None and not choice.ids:
        conditions.append(false())
    return conditions


def _of_medium(medium: str) -> ColumnElement[bool]:
    digits = medium.lower()
    named = media.c.name == medium
    if not (len(digits) >= _SHORTEST_PREFIX and re.fullmatch("[0-9a-f]+", digits)):
        return named
    return or_(named, media.c.sha256.startswith(digits))


def _check(medium: Medium, seen: Sequence[Sighting], space: TemplateSpace) -> None:
    require_text("a medium's sha256", medium.sha256)
    for sighting in seen:
        if sighting.medium != medium:
            raise InputError("sightings of several media cannot be kept as one's")
        if sighting.template.shape != (space.dimension,):
            raise InputError(
                f"a template has shape {sighting.template.shape}, not ({space.dimension},)"
            )
        # negated, so that a NaN fails too
        if not 0 < float(np.linalg.norm(sighting.template)) <= _LONGEST_VECTOR:
            raise InputError("a sighting's template is not a mean of unit vectors")
        sighting.box.require_plausible()


def _values(sighting: Sighting) -> dict[str, Any]:
    # numpy scalars are no numbers to the database drivers
    return {
        "sighting_id": sighting.sighting_id,
        "start_ms": int(sighting.start_ms),
        "end_ms": int(sighting.end_ms),
        "best_ms": int(sighting.best_ms),
        "box_left": float(sighting.box.left),
        "box_top": float(sighting.box.top),
        "box_width": float(sighting.box.width),
        "box_height": float(sighting.box.height),
        "confidence": float(sighting.confidence),
        "quality": int(sighting.quality),
        "fit": bool(sighting.fit),
        "shots": int(sighting.shots),
        "template": sighting.template.astype("<f4").tobytes(),
    }


def _described() -> Select[Any]:
    of_medium = (
        media.c.sha256,
        media.c.kind,
        media.c.name,
        media.c.taken_at,
        media.c.taken_from,
        media.c.problem,
        media.c.width,
        media.c.height,
    )
    return select(sightings, *of_medium).join_from(sightings, media)


def _records(connection: Connection, rows: Sequence[Row[Any]]) -> list[SightingRecord]:
    places = places_of(connection, [row.medium_id for row in rows])
    kind = RecordKind.SIGHTING
    contexts = [context(kind, row.collection_id, row.fingerprint, row.sighting_id) for row in rows]
    numbers, stored = [row.sealing_key for row in rows], [row.template for row in rows]
    opened = open_parts(connection, kind, numbers, stored, contexts)
    return [
        _record(row, template, tuple(places.get(row.medium_id, ())))
        for row, template in zip(rows, opened, strict=True)
        if template is not None
    ]


def _record(row: Row[Any], template: bytes, files: tuple[str, ...]) -> SightingRecord:
    seen = Sighting(
        sighting_id=row.sighting_id,
        medium=medium_of(row),
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        best_ms=row.best_ms,
        box=BoundingBox(row.box_left, row.box_top, row.box_width, row.box_height),
        confidence=row.confidence,
        quality=row.quality,
        fit=row.fit,
        shots=row.shots,
        template=np.frombuffer(template, "<f4"),
    )
    expires = None if row.expires_at is None else datetime.fromisoformat(row.expires_at)
    return SightingRecord(
        seen, space_of(row), datetime.fromisoformat(row.created_at), expires, files
    )
