"""Faces of images and videos kept for later, and searched for people enrolled since.

What is kept of a face is its template and where it was seen, never an image. Keeping,
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
from reknown.biometrics.quality_filter import DEFAULT_FILTER
from reknown.biometrics.sightings import Medium, MediumKind, Sighting
from reknown.gallery import sightings
from reknown.gallery.sightings import SightingChoice
from reknown.ledger import log
from reknown.ledger.records import (
    DeleteSightingsRecord,
    KeepSightingsRecord,
    ListSightingsRecord,
    PurgeSightingsRecord,
)
from reknown.services.galleries.pages import PageRequest, all_pages
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reknown.biometrics.templates import TemplateSpace
    from reknown.biometrics.tracks import Track, VideoAnalysis
    from reknown.gallery.sightings import SightingRecord
    from reknown.services.context import Context
    from reknown.storage.database import Connection
    from reknown.storage.paging import Page
    from reknown.vision.extraction import Extraction

__all__ = [
    "MAX_DAYS",
    "Keeping",
    "Kept",
    "SightingChoice",
    "count_foreign",
    "delete_sightings",
    "keep_tracks",
    "list_sightings",
    "purge_everywhere",
    "purge_sightings",
    "sightings_of_image",
    "sightings_of_video",
]

MAX_DAYS = 3650
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Keeping:
    """Keep what was seen in the file named `name` for `days` (1 to 3650)."""

    name: str
    days: int

    def __post_init__(self) -> None:
        require_days(self.days)

    @property
    def expires_at(self) -> datetime:
        """When that is over, if it begins now."""
        return datetime.now(UTC) + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept: so many tracks, in place of `replaced` earlier ones of the same video."""

    tracks: int
    replaced: int
    expires_at: datetime


def require_days(days: int) -> None:
    """Raises `InputError` unless sightings may be kept for so many days."""
    if not 1 <= days <= MAX_DAYS:
        raise InputError(f"faces are kept for 1 to {MAX_DAYS:,} days, not {days}")


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
    expires_at = keeping.expires_at
    medium = Medium(analysis.sha256, MediumKind.VIDEO, keeping.name)
    made = sightings_of_video(medium, analysis.tracks)
    _, replaced = sightings.keep_sightings(
        connection, collection, medium, made, analysis.space, expires_at
    )
    ids = tuple(sighting.sighting_id for sighting in made)
    record = KeepSightingsRecord((analysis.sha256,), ids, replaced, expires_at)
    log.append(connection, context.actor, collection, record)
    return Kept(len(made), replaced, expires_at)


def sightings_of_video(medium: Medium, tracks: Sequence[Track]) -> list[Sighting]:
    """What each of these tracks of a video is kept as."""
    return [_of_track(track, medium) for track in tracks]


def sightings_of_image(medium: Medium, extraction: Extraction) -> list[Sighting]:
    """What each face of an image is kept as that has a template."""
    return [
        Sighting(
            sighting_id=str(uuid4()),
            medium=medium,
            start_ms=0,
            end_ms=0,
            best_ms=0,
            box=face.box,
            confidence=face.confidence,
            quality=face.quality.unified_score.score,
            fit=not DEFAULT_FILTER.objections(face),
            shots=1,
            template=template.vector,
        )
        for face, template in extraction.fit
    ]


def list_sightings(
    context: Context, collection: str, choice: SightingChoice = SightingChoice()
) -> Iterator[SightingRecord]:
    """The sightings chosen, in the order of keeping; raises `NotFoundError`."""

    def fetch(page: PageRequest) -> Page[SightingRecord]:
        with context.database.begin() as connection:
            found = sightings.list_sightings(connection, collection, page.after, page.limit, choice)
            record = ListSightingsRecord(len(found.items))
            log.append(connection, context.actor, collection, record)
        return found

    return all_pages(fetch)


def delete_sightings(context: Context, collection: str, choice: SightingChoice) -> list[str]:
    """Deletes the sightings chosen; the ids of those that were there. Raises `NotFoundError`."""
    # a name of a file may be anybody's
    sha256 = choice.medium if choice.medium and _SHA256.fullmatch(choice.medium) else None
    with context.database.begin() as connection:
        gone = sightings.delete_sightings(connection, collection, choice)
        record = DeleteSightingsRecord(tuple(gone), sha256, choice.before)
        log.append(connection, context.actor, collection, record)
    return gone


def purge_sightings(context: Context, collection: str) -> list[str]:
    """Deletes what has expired, permanently; its ids. Raises `NotFoundError`."""
    with context.database.begin() as connection:
        gone = sightings.purge_sightings(connection, collection)
        if gone:
            log.append(connection, context.actor, collection, PurgeSightingsRecord(tuple(gone)))
    return gone


def count_foreign(
    context: Context, collection: str, space: TemplateSpace
) -> dict[TemplateSpace, int]:
    """How many sightings of other spaces are kept, which cannot be compared with this one.

    They are from before the collection was switched to its pack. Raises `NotFoundError`.
    """
    with reading(context.database) as connection:
        counts = sightings.count_sightings(connection, collection)
    return {other: n for other, n in counts.items() if other.fingerprint != space.fingerprint}


def purge_everywhere(context: Context) -> None:
    """Deletes what has expired in all collections, permanently."""
    with reading(context.database) as connection:
        due = sightings.collections_with_expired(connection)
    for collection in due:
        with suppress(NotFoundError):  # deleted meanwhile, its sightings with it
            purge_sightings(context, collection)


def _of_track(track: Track, medium: Medium) -> Sighting:
    shot = track.shots[0]
    return Sighting(
        sighting_id=str(uuid4()),
        medium=medium,
        start_ms=track.start_ms,
        end_ms=track.end_ms,
        best_ms=shot.time_ms,
        box=shot.face.box,
        confidence=shot.face.confidence,
        quality=shot.face.quality.unified_score.score,
        fit=not DEFAULT_FILTER.objections(shot.face),
        shots=len(track.shots),
        template=track.template,
    )
