"""Tracks of videos that are kept to be searched later, each until it expires.

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
from reknown.biometrics.tracks import KeptTrack
from reknown.gallery.collections import claim, require, space_of
from reknown.gallery.names import require_text
from reknown.gallery.schema import collections
from reknown.gallery.schema import tracks as tracks_table
from reknown.gallery.templates import stream_templates
from reknown.storage.clock import as_text, now_text
from reknown.storage.erasure import erase
from reknown.storage.paging import Page, batches, fetch_page
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import ColumnElement, Connection, Row, Select

    from reknown.biometrics.templates import TemplateSpace

# The mean of unit vectors is one at most.
_LONGEST_VECTOR = 1.001
_SHORTEST_PREFIX = 8


@dataclass(frozen=True, slots=True, eq=False)
class TrackRecord:
    """A kept track as it is stored, in the `space` of its template; both times are in UTC."""

    track: KeptTrack
    space: TemplateSpace
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, eq=False)
class TrackTemplates:
    """Tracks in the order of keeping, n of them: `vectors` (n, dimension) float32, `ids` of each.

    The vectors are means of unit vectors, so no unit vectors themselves.
    """

    space: TemplateSpace
    vectors: NDArray[np.float32]
    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class TrackChoice:
    """Which tracks are meant: those that meet everything given, all if nothing is.

    `video` is a file's name, or its SHA-256 from 8 digits on. `before` is when they were kept.
    """

    video: str | None = None
    ids: tuple[str, ...] | None = None
    before: datetime | None = None


def keep_tracks(
    connection: Connection,
    collection: str,
    video_sha256: str,
    tracks: Sequence[KeptTrack],
    space: TemplateSpace,
    expires_at: datetime,
) -> int:
    """Keeps the tracks of a video in place of those kept of it before; how many those were.

    Raises `NotFoundError`, `SpaceMismatchError`, or `InputError` for templates of another
    length and for names that cannot be stored.
    """
    row = claim(connection, collection)
    space_of(row).require(space)
    _check(video_sha256, tracks, space)
    own = tracks_table.c.collection_id == row.id
    same = tracks_table.c.video_sha256 == video_sha256
    replaced = connection.execute(delete(tracks_table).where(own, same)).rowcount
    if replaced:
        erase(connection, tracks_table)
    common = {
        "collection_id": row.id,
        "created_at": now_text(),
        "expires_at": as_text(expires_at),
        "pack": space.pack,
        "fingerprint": space.fingerprint,
        "dimension": space.dimension,
    }
    values = [common | _values(track) for track in tracks]
    if values:
        connection.execute(insert(tracks_table), values)
    return int(replaced)


def list_tracks(
    connection: Connection,
    collection: str,
    after: str | None = None,
    limit: int = 1000,
    choice: TrackChoice = TrackChoice(),
) -> Page[TrackRecord]:
    """A page of the tracks in the order of keeping; raises `NotFoundError`."""
    own = tracks_table.c.collection_id == require(connection, collection).id
    query = select(tracks_table).where(own, _alive(), *_conditions(choice))
    return fetch_page(connection, query, tracks_table.c.id, after, limit, _record)


def find_tracks(
    connection: Connection, collection: str, ids: Iterable[str]
) -> dict[str, TrackRecord]:
    """By id those of these tracks that are there; raises `NotFoundError`."""
    own = unindexed(tracks_table.c.collection_id) == require(connection, collection).id
    query = select(tracks_table).where(own, _alive())
    found: dict[str, TrackRecord] = {}
    for batch in batches(ids):
        rows = connection.execute(query.where(tracks_table.c.track_id.in_(batch)))
        found.update((row.track_id, _record(row)) for row in rows)
    return found


def load_track_templates(connection: Connection, collection: str) -> TrackTemplates:
    """The templates of all tracks in the collection's present space, streamed into one matrix.

    Raises `NotFoundError`.
    """
    row = require(connection, collection)
    same = tracks_table.c.fingerprint == row.fingerprint
    living = tracks_table.c.collection_id == row.id, same, _alive()
    counting = select(func.count()).select_from(tracks_table).where(*living)
    count = connection.execute(counting).scalar_one()
    vectors = np.empty((count, row.dimension), "<f4")
    ids: list[str] = []
    query: Select[Any] = select(tracks_table.c.track_id, tracks_table.c.template).where(*living)
    # tracks may come or go between two statements: never more than there is room for
    query = query.order_by(tracks_table.c.id).limit(count)
    for lines, part in stream_templates(connection, query, row.dimension):
        vectors[len(ids) : len(ids) + len(lines)] = part
        ids.extend(line.track_id for line in lines)
    return TrackTemplates(space_of(row), vectors[: len(ids)], ids)


def count_tracks(connection: Connection, collection: str) -> dict[TemplateSpace, int]:
    """How many tracks are kept in each space, oldest first; raises `NotFoundError`."""
    space = tracks_table.c.pack, tracks_table.c.fingerprint, tracks_table.c.dimension
    query = select(*space, func.count().label("tracks")).group_by(*space)
    query = query.where(
        tracks_table.c.collection_id == require(connection, collection).id, _alive()
    )
    rows = connection.execute(query.order_by(func.min(tracks_table.c.id)))
    return {space_of(row): row.tracks for row in rows}


def delete_tracks(connection: Connection, collection: str, choice: TrackChoice) -> list[str]:
    """Deletes the tracks chosen; the ids of those that were there. Raises `NotFoundError`."""
    owner, own = claim(connection, collection).id, tracks_table.c.collection_id
    statement = delete(tracks_table).where(*_conditions(choice))
    if choice.ids is None:
        portions = [statement.where(own == owner)]
    else:
        chosen = (tracks_table.c.track_id.in_(batch) for batch in batches(choice.ids))
        portions = [statement.where(unindexed(own) == owner, ids) for ids in chosen]
    gone: list[str] = []
    for portion in portions:
        gone.extend(connection.execute(portion.returning(tracks_table.c.track_id)).scalars())
    erase(connection, tracks_table)
    return sorted(gone)


def purge_tracks(connection: Connection, collection: str) -> list[str]:
    """Deletes what has expired; its ids. Raises `NotFoundError`."""
    owner = require(connection, collection).id
    own = unindexed(tracks_table.c.collection_id) == owner
    due = select(tracks_table.c.id).where(own, tracks_table.c.expires_at <= now_text())
    if connection.execute(due.limit(1)).first() is None:
        return []  # as a rule nothing is due, and nobody has to wait for a lock
    # what another transaction is deleting already is not waited for
    due = due.with_for_update(skip_locked=True)
    statement = delete(tracks_table).where(tracks_table.c.id.in_(due))
    erase(connection, tracks_table)
    return sorted(connection.execute(statement.returning(tracks_table.c.track_id)).scalars())


def collections_with_expired(connection: Connection) -> list[str]:
    """The collections that keep tracks which have expired."""
    due = select(tracks_table.c.collection_id).where(tracks_table.c.expires_at <= now_text())
    query = select(collections.c.name).where(collections.c.id.in_(due))
    return list(connection.execute(query).scalars())


def _alive() -> ColumnElement[bool]:
    return unindexed(tracks_table.c.expires_at) > now_text()


def _conditions(choice: TrackChoice) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if choice.video is not None:
        conditions.append(_of_video(choice.video))
    if choice.before is not None:
        conditions.append(tracks_table.c.created_at < as_text(choice.before))
    if choice.ids is not None and not choice.ids:
        conditions.append(false())
    return conditions


def _of_video(video: str) -> ColumnElement[bool]:
    digits = video.lower()
    named = tracks_table.c.video_name == video
    if not (len(digits) >= _SHORTEST_PREFIX and re.fullmatch("[0-9a-f]+", digits)):
        return named
    return or_(named, tracks_table.c.video_sha256.startswith(digits))


def _check(video_sha256: str, tracks: Sequence[KeptTrack], space: TemplateSpace) -> None:
    require_text("a video's sha256", video_sha256)
    for track in tracks:
        require_text("a video's name", track.video_name, shortest=0, longest=4096)
        if track.video_sha256 != video_sha256:
            raise InputError("tracks of several videos cannot be kept as one's")
        if track.template.shape != (space.dimension,):
            raise InputError(
                f"a template has shape {track.template.shape}, not ({space.dimension},)"
            )
        # negated, so that a NaN fails too
        if not 0 < float(np.linalg.norm(track.template)) <= _LONGEST_VECTOR:
            raise InputError("a track's template is not a mean of unit vectors")
        track.box.require_plausible()


def _values(track: KeptTrack) -> dict[str, Any]:
    # numpy scalars are no numbers to the database drivers
    return {
        "track_id": track.track_id,
        "video_sha256": track.video_sha256,
        "video_name": track.video_name,
        "start_ms": int(track.start_ms),
        "end_ms": int(track.end_ms),
        "best_ms": int(track.best_ms),
        "box_left": float(track.box.left),
        "box_top": float(track.box.top),
        "box_width": float(track.box.width),
        "box_height": float(track.box.height),
        "confidence": float(track.confidence),
        "quality": int(track.quality),
        "shots": int(track.shots),
        "template": track.template.astype("<f4").tobytes(),
    }


def _record(row: Row[Any]) -> TrackRecord:
    track = KeptTrack(
        track_id=row.track_id,
        video_sha256=row.video_sha256,
        video_name=row.video_name,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        best_ms=row.best_ms,
        box=BoundingBox(row.box_left, row.box_top, row.box_width, row.box_height),
        confidence=row.confidence,
        quality=row.quality,
        shots=row.shots,
        template=np.frombuffer(row.template, "<f4"),
    )
    created, expires = (datetime.fromisoformat(x) for x in (row.created_at, row.expires_at))
    return TrackRecord(track, space_of(row), created, expires)
