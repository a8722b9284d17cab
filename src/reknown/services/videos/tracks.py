"""Past strangers: tracks of videos kept for a time, and searched for people enrolled since.

What is kept of a track is its template and where it was seen, never an image. Keeping,
listing, deleting and purging are in the ledger, and so is every search.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from reknown.biometrics.errors import InputError, NotFoundError
from reknown.biometrics.tracks import KeptTrack
from reknown.gallery import tracks
from reknown.gallery.tracks import TrackChoice
from reknown.ledger import log
from reknown.ledger.records import (
    DeleteTracksRecord,
    KeepTracksRecord,
    ListTracksRecord,
    PurgeTracksRecord,
)
from reknown.services.galleries.pages import PageRequest, all_pages
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.biometrics.templates import TemplateSpace
    from reknown.biometrics.tracks import Track, VideoAnalysis
    from reknown.gallery.tracks import TrackRecord
    from reknown.services.context import Context
    from reknown.storage.database import Connection
    from reknown.storage.paging import Page

__all__ = [
    "MAX_DAYS",
    "Keeping",
    "Kept",
    "TrackChoice",
    "count_foreign",
    "delete_tracks",
    "keep_tracks",
    "list_tracks",
    "purge_everywhere",
    "purge_tracks",
]

MAX_DAYS = 3650
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Keeping:
    """Keep the tracks of the video named `name` for `days` (1 to 3650)."""

    name: str
    days: int

    def __post_init__(self) -> None:
        if not 1 <= self.days <= MAX_DAYS:
            raise InputError(f"tracks are kept for 1 to {MAX_DAYS:,} days, not {self.days}")


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept: so many tracks, in place of `replaced` earlier ones of the same video."""

    tracks: int
    replaced: int
    expires_at: datetime


def keep_tracks(
    connection: Connection,
    context: Context,
    collection: str,
    analysis: VideoAnalysis,
    keeping: Keeping,
) -> Kept:
    """Keeps all tracks of the video in this transaction, in place of those kept of it before.

    Raises `NotFoundError`, `SpaceMismatchError`, `InputError`.
    """
    expires_at = datetime.now(UTC) + timedelta(days=keeping.days)
    made = [_kept(track, analysis.sha256, keeping.name) for track in analysis.tracks]
    replaced = tracks.keep_tracks(
        connection, collection, analysis.sha256, made, analysis.space, expires_at
    )
    ids = tuple(track.track_id for track in made)
    record = KeepTracksRecord(analysis.sha256, ids, replaced, expires_at)
    log.append(connection, context.actor, collection, record)
    return Kept(len(made), replaced, expires_at)


def list_tracks(
    context: Context, collection: str, choice: TrackChoice = TrackChoice()
) -> Iterator[TrackRecord]:
    """The tracks chosen, in the order of keeping; raises `NotFoundError`."""

    def fetch(page: PageRequest) -> Page[TrackRecord]:
        with context.database.begin() as connection:
            found = tracks.list_tracks(connection, collection, page.after, page.limit, choice)
            record = ListTracksRecord(len(found.items))
            log.append(connection, context.actor, collection, record)
        return found

    return all_pages(fetch)


def delete_tracks(context: Context, collection: str, choice: TrackChoice) -> list[str]:
    """Deletes the tracks chosen; the ids of those that were there. Raises `NotFoundError`."""
    # a name of a file may be anybody's
    sha256 = choice.video if choice.video and _SHA256.fullmatch(choice.video) else None
    with context.database.begin() as connection:
        gone = tracks.delete_tracks(connection, collection, choice)
        record = DeleteTracksRecord(tuple(gone), sha256, choice.before)
        log.append(connection, context.actor, collection, record)
    return gone


def purge_tracks(context: Context, collection: str) -> list[str]:
    """Deletes what has expired, permanently; its ids. Raises `NotFoundError`."""
    with context.database.begin() as connection:
        gone = tracks.purge_tracks(connection, collection)
        if gone:
            log.append(connection, context.actor, collection, PurgeTracksRecord(tuple(gone)))
    return gone


def count_foreign(
    context: Context, collection: str, space: TemplateSpace
) -> dict[TemplateSpace, int]:
    """How many tracks of other spaces are kept, which cannot be compared with this one.

    They are from before the collection was switched to its pack. Raises `NotFoundError`.
    """
    with reading(context.database) as connection:
        counts = tracks.count_tracks(connection, collection)
    return {other: n for other, n in counts.items() if other.fingerprint != space.fingerprint}


def purge_everywhere(context: Context) -> None:
    """Deletes what has expired in all collections, permanently."""
    with reading(context.database) as connection:
        due = tracks.collections_with_expired(connection)
    for collection in due:
        with suppress(NotFoundError):  # deleted meanwhile, its tracks with it
            purge_tracks(context, collection)


def _kept(track: Track, sha256: str, name: str) -> KeptTrack:
    shot = track.shots[0]
    return KeptTrack(
        track_id=str(uuid4()),
        video_sha256=sha256,
        video_name=name,
        start_ms=track.start_ms,
        end_ms=track.end_ms,
        best_ms=shot.time_ms,
        box=shot.face.box,
        confidence=shot.face.confidence,
        quality=shot.face.quality.unified_score.score,
        shots=len(track.shots),
        template=track.template,
    )
