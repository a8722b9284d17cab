"""Past strangers: tracks of videos kept for a time, and searched for whoever is known by now.

What is kept of a track is its template and where it was seen, never a picture. Keeping,
deleting and purging are in the ledger, and so is every search.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from reknown.biometrics.errors import InputError, NoFaceError, NotFoundError
from reknown.biometrics.tracks import KeptTrack
from reknown.gallery import tracks
from reknown.gallery.index import ExactIndex
from reknown.gallery.tracks import TrackChoice
from reknown.ledger import events
from reknown.services.photos import attempt_all, read_photo
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from reknown.biometrics.candidates import Comparison
    from reknown.biometrics.errors import ReknownError
    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.templates import TemplateSpace
    from reknown.biometrics.tracks import Track, VideoAnalysis
    from reknown.gallery.tracks import TrackRecord
    from reknown.ledger.actor import Actor
    from reknown.services.decision import Threshold
    from reknown.services.photos import Photo
    from reknown.storage.database import Connection, Database
    from reknown.vision.analyze import Engine

MAX_DAYS = 3650


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


@dataclass(frozen=True, slots=True)
class TrackMatch:
    """A kept track that reaches the threshold."""

    comparison: Comparison
    record: TrackRecord


@dataclass(frozen=True, slots=True)
class TrackSearch:
    """The tracks that resemble the picture's largest face, best first.

    `tracks` is how many were searched, `threshold` a score, `expected_false_candidates` how
    many of them a stranger is expected to reach; None without calibration.
    """

    photo: Photo
    matches: tuple[TrackMatch, ...]
    threshold: float
    tracks: int
    expected_false_candidates: float | None


def keep(
    connection: Connection,
    collection: str,
    analysis: VideoAnalysis,
    keeping: Keeping,
    actor: Actor,
) -> Kept:
    """Keeps all tracks of the video in this transaction, in place of those kept of it before.

    Raises `NotFoundError`, `SpaceMismatchError`, `InputError`.
    """
    expires_at = datetime.now(UTC) + timedelta(days=keeping.days)
    made = [_kept(track, analysis.sha256, keeping.name) for track in analysis.tracks]
    replaced = tracks.keep_tracks(
        connection, collection, analysis.sha256, made, analysis.space, expires_at
    )
    detail = {
        "video": analysis.sha256,
        "tracks": [track.track_id for track in made],
        "replaced": replaced,
        "expires_at": expires_at.isoformat(timespec="seconds"),
    }
    events.append(connection, actor, "keep tracks", collection, detail)
    return Kept(len(made), replaced, expires_at)


def list_tracks(
    database: Database, collection: str, choice: TrackChoice = TrackChoice()
) -> Iterator[TrackRecord]:
    """The tracks chosen, in the order of keeping; raises `NotFoundError`."""
    after: str | None = None
    with reading(database) as connection:
        while True:
            page = tracks.list_tracks(connection, collection, after, choice=choice)
            yield from page.items
            after = page.next
            if after is None:
                return


def delete_tracks(
    database: Database, collection: str, choice: TrackChoice, actor: Actor
) -> list[str]:
    """Deletes the tracks chosen; the ids of those that were there. Raises `NotFoundError`."""
    chosen: dict[str, Any] = {}
    if choice.video is not None:
        chosen["video"] = choice.video
    if choice.before is not None:
        chosen["before"] = choice.before.astimezone(UTC).isoformat(timespec="seconds")
    with database.begin() as connection:
        gone = tracks.delete_tracks(connection, collection, choice)
        events.append(connection, actor, "delete tracks", collection, {**chosen, "tracks": gone})
    return gone


def purge_tracks(database: Database, collection: str, actor: Actor) -> list[str]:
    """Deletes what has expired, for good; its ids. Raises `NotFoundError`."""
    with database.begin() as connection:
        gone = tracks.purge_tracks(connection, collection)
        if gone:
            events.append(connection, actor, "purge tracks", collection, {"tracks": gone})
    return gone


def count_foreign(
    database: Database, collection: str, space: TemplateSpace
) -> dict[TemplateSpace, int]:
    """How many tracks of other spaces are kept, which cannot be compared with this one.

    They are from before the collection was switched to its pack. Raises `NotFoundError`.
    """
    with reading(database) as connection:
        counts = tracks.count_tracks(connection, collection)
    return {other: n for other, n in counts.items() if other.fingerprint != space.fingerprint}


def purge_everywhere(database: Database, actor: Actor) -> None:
    """Deletes what has expired in all collections, for good."""
    with reading(database) as connection:
        due = tracks.collections_with_expired(connection)
    for collection in due:
        with suppress(NotFoundError):  # deleted meanwhile, its tracks with it
            purge_tracks(database, collection, actor)


class TrackSearcher:
    """Searches the tracks kept in one collection as they stood when this was made.

    Purges what has expired. Raises `NotFoundError` for an unknown collection and
    `SpaceMismatchError` when it was made with another model pack.
    """

    def __init__(
        self,
        engine: Engine,
        database: Database,
        collection: str,
        threshold: Threshold,
        actor: Actor,
    ) -> None:
        purge_tracks(database, collection, actor)
        with reading(database) as connection:
            self._templates = tracks.load_track_templates(connection, collection)
            engine.space.require(self._templates.space)
        self._engine = engine
        self._database = database
        self._collection = collection
        self._threshold = threshold
        self._actor = actor

    @property
    def tracks(self) -> int:
        """The number of tracks searched."""
        return len(self._templates.ids)

    @property
    def space(self) -> TemplateSpace:
        """The space of the tracks searched."""
        return self._templates.space

    def search_all(
        self, paths: Iterable[Path], limit: int = 20
    ) -> Iterator[tuple[Path, TrackSearch | ReknownError]]:
        """The largest face of every picture against the tracks, in the pictures' order.

        A picture without a face gives `NoFaceError`. Each search is in the ledger before its
        answer is given out.
        """

        def work(path: Path) -> tuple[Photo, NDArray[np.float32]]:
            photo = read_photo(self._engine, path)
            (template,) = self._engine.embed(photo.image, [_largest(photo, path)])
            return photo, template.vector

        for path, probe in attempt_all(work, paths):
            yield path, self._search(*probe, limit) if isinstance(probe, tuple) else probe

    def _search(self, photo: Photo, probe: NDArray[np.float32], limit: int) -> TrackSearch:
        index, least = ExactIndex(self._templates.vectors), self._threshold.score
        ((rows, scores),) = index.search(probe[np.newaxis], limit, least)
        hits = {
            self._templates.ids[row]: float(score)
            for row, score in zip(rows, scores, strict=True)
            if score >= least
        }
        with self._database.begin() as connection:
            # what has been deleted or has expired since the search began is no longer there
            found = tracks.find_tracks(connection, self._collection, hits)
            ids = [track_id for track_id in hits if track_id in found]
            self._record(connection, photo, ids)
        matches = tuple(TrackMatch(self._threshold.judge(hits[i]), found[i]) for i in ids)
        expected = self._threshold.expected_false_candidates(self.tracks)
        return TrackSearch(photo, matches, least, self.tracks, expected)

    def _record(self, connection: Connection, photo: Photo, ids: Sequence[str]) -> None:
        detail = {
            "image": photo.image.sha256,
            "threshold": self._threshold.score,
            "tracks_searched": self.tracks,
            "tracks": list(ids),
        }
        events.append(connection, self._actor, "search tracks", self._collection, detail)


def _largest(photo: Photo, path: Path) -> DetectedFace:
    if not photo.faces:
        raise NoFaceError(f"no face found in {path.name}: give a picture that shows one")
    return photo.faces[0]


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
