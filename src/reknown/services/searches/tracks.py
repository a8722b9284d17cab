"""Searches of kept tracks with the largest face of an image: where in past videos was it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.gallery import tracks
from reknown.gallery.index import ExactIndex
from reknown.ledger import log
from reknown.ledger.records import (
    ProbeRecord,
    SearchTracksRecord,
    SpaceRecord,
    ThresholdRecord,
    TrackCandidateRecord,
)
from reknown.services.images.sources import attempt_all, extract_source, require_face
from reknown.services.searches.search import stack
from reknown.services.videos.tracks import purge_tracks
from reknown.storage.database import reading
from reknown.vision.extraction import ExtractionPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reknown.biometrics.candidates import Comparison
    from reknown.biometrics.errors import ReknownError
    from reknown.biometrics.thresholds import Threshold, ThresholdChoice
    from reknown.gallery.tracks import TrackRecord, TrackTemplates
    from reknown.services.context import Context
    from reknown.services.images.sources import Source
    from reknown.vision.extraction import Extraction


@dataclass(frozen=True, slots=True)
class TrackGallery:
    """The tracks kept in a collection as they stood when they were read, to be searched."""

    collection: str
    threshold: Threshold
    templates: TrackTemplates

    @property
    def size(self) -> int:
        """How many tracks there are."""
        return len(self.templates.ids)

    @property
    def expected_false_candidates(self) -> float | None:
        """How many of them a stranger is expected to reach; None without calibration."""
        return self.threshold.expected_false_candidates(self.size)


@dataclass(frozen=True, slots=True)
class TrackMatch:
    """A kept track that reaches the threshold."""

    comparison: Comparison
    record: TrackRecord


@dataclass(frozen=True, slots=True)
class TrackSearch:
    """The tracks that resemble the image's largest face, best first."""

    extraction: Extraction
    gallery: TrackGallery
    matches: tuple[TrackMatch, ...]


def open_tracks(context: Context, collection: str, choice: ThresholdChoice) -> TrackGallery:
    """The tracks of a collection that have not expired; those that have are purged.

    Raises `NotFoundError`, `ModelError`, `SpaceMismatchError`, `UncalibratedError`, `InputError`.
    """
    purge_tracks(context, collection)
    with reading(context.database) as connection:
        templates = tracks.load_track_templates(connection, collection)
    calibration = context.platform.engines.calibration_of(templates.space)
    return TrackGallery(collection, choice.resolve(calibration), templates)


def search_tracks(
    context: Context, gallery: TrackGallery, sources: Iterable[Source], limit: int = 20
) -> Iterator[tuple[Source, TrackSearch | ReknownError]]:
    """The largest face of every image against the tracks, in the images' order.

    An image without a face gives `NoFaceError`. Each search is in the ledger before its answer
    is given out.
    """
    policy = ExtractionPolicy(gallery.templates.space, limit=1)

    def work(source: Source) -> Extraction:
        found = extract_source(context.platform, source, policy)
        require_face(found)
        return found

    for source, found in attempt_all(context.platform, work, sources):
        yield (
            source,
            found if isinstance(found, Exception) else _search(context, gallery, found, limit),
        )


def _search(
    context: Context, gallery: TrackGallery, extraction: Extraction, limit: int
) -> TrackSearch:
    threshold, templates = gallery.threshold, gallery.templates
    probe = stack([extraction.fit[0][1].vector], templates.space)
    ((rows, scores),) = ExactIndex(templates.vectors).search(probe, limit, threshold.score)
    pairs = zip(rows, scores, strict=True)
    judged = {templates.ids[row]: threshold.judge(float(score)) for row, score in pairs}
    with context.database.begin() as connection:
        # what has been deleted or has expired since the search began is no longer there
        found = tracks.find_tracks(connection, gallery.collection, judged)
        matches = tuple(
            TrackMatch(comparison, found[track])
            for track, comparison in judged.items()
            if comparison.accepted and track in found
        )
        search = TrackSearch(extraction, gallery, matches)
        log.append(connection, context.actor, gallery.collection, _record(search))
    return search


def _record(search: TrackSearch) -> SearchTracksRecord:
    gallery = search.gallery
    return SearchTracksRecord(
        probe=ProbeRecord("image", search.extraction.image.sha256),
        space=SpaceRecord.of(gallery.templates.space),
        threshold=ThresholdRecord.of(gallery.threshold),
        tracks_searched=gallery.size,
        candidates=tuple(
            TrackCandidateRecord(
                match.record.track.track_id, match.comparison.score, match.comparison.similarity
            )
            for match in search.matches
        ),
    )
