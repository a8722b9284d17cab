"""Searches of kept sightings: in which images and videos was this face, or this person?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.biometrics.sightings import MediumKind
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.gallery import sightings
from reknown.gallery.index import ExactIndex
from reknown.gallery.sightings import SightingChoice, filed_sightings
from reknown.gallery.templates import templates_of_user
from reknown.gallery.users import get_user, key_of_user
from reknown.ledger import log
from reknown.ledger.records import (
    ProbeRecord,
    SearchSightingsRecord,
    SightingCandidateRecord,
    SpaceRecord,
    ThresholdRecord,
)
from reknown.review.cases import ReviewedCandidate
from reknown.services.archive.sightings import purge_sightings
from reknown.services.images.sources import attempt_all, extract_source, require_face
from reknown.services.policies.permits import (
    AskedSearch,
    admitted,
    deciding,
    permit,
    recorded_refusals,
    require_lasting,
)
from reknown.services.policies.repeats import permit_repeat, targets_of
from reknown.services.reviews.opening import SearchOutcome, open_cases
from reknown.services.reviews.seeds import SightingStrangers
from reknown.services.searches.search import stack
from reknown.storage.database import reading
from reknown.vision.extraction import ExtractionPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from reknown.biometrics.candidates import Comparison
    from reknown.biometrics.errors import ReknownError
    from reknown.biometrics.thresholds import Threshold
    from reknown.gallery.sightings import SightingRecord, SightingTemplates
    from reknown.services.context import Context
    from reknown.services.images.sources import Source
    from reknown.storage.database import Connection
    from reknown.vision.extraction import Extraction

VIDEOS = SightingChoice(kind=MediumKind.VIDEO)
FIT = SightingChoice(fit=True)
_EXPECTED = 1.0


def archive_threshold(
    similarity: float | None = None,
    score: float | None = None,
    false_candidates: float | None = None,
) -> ThresholdChoice:
    """The threshold asked for; else so high that one stranger is expected among what is found."""
    if similarity is None and score is None and false_candidates is None:
        false_candidates = _EXPECTED
    return ThresholdChoice(similarity, score, false_candidates)


@dataclass(frozen=True, slots=True)
class SightingGallery:
    """The sightings of a collection as they stood when they were read, to be searched.

    A probe has so many `templates_each`: each is compared with every sighting. `governed` says
    that all collections have to be.
    """

    collection: str
    threshold: Threshold
    templates: SightingTemplates
    templates_each: int = 1
    governed: bool = False

    @property
    def size(self) -> int:
        """How many sightings there are."""
        return len(self.templates.ids)

    @property
    def comparisons(self) -> int:
        """How many templates each search compares with another."""
        return self.size * self.templates_each

    @property
    def asked(self) -> AskedSearch:
        """What the collection's policy is asked about."""
        return AskedSearch(self.collection, self.threshold, self.comparisons, self.governed)

    @property
    def expected_false_candidates(self) -> float | None:
        """How many of them a stranger is expected to reach; None without calibration."""
        return self.threshold.expected_false_candidates(self.comparisons)


@dataclass(frozen=True, slots=True)
class SightingMatch:
    """A kept sighting that reaches the threshold."""

    comparison: Comparison
    record: SightingRecord


@dataclass(frozen=True, slots=True)
class FaceSearch:
    """The sightings that resemble the image's largest face, best first.

    `case` is the id of the review case, if people have to judge any.
    """

    extraction: Extraction
    gallery: SightingGallery
    matches: tuple[SightingMatch, ...]
    case: str | None = None


@dataclass(frozen=True, slots=True)
class PersonSearch:
    """The sightings that resemble one of a person's references, best first.

    `case` is the id of the review case, if people have to judge any.
    """

    user: str
    gallery: SightingGallery
    matches: tuple[SightingMatch, ...]
    case: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Probe:
    """What is searched with: templates (p, dimension), the key of whose they are, the quality."""

    record: ProbeRecord
    vectors: NDArray[np.float32]
    user: int | None = None
    quality: int | None = None


def open_sightings(
    context: Context,
    collection: str,
    threshold: ThresholdChoice,
    choice: SightingChoice = SightingChoice(),
    templates_each: int = 1,
) -> SightingGallery:
    """The sightings chosen that have not expired; those that have are purged.

    Raises `NotFoundError`, `ModelError`, `SpaceMismatchError`, `UncalibratedError`, `InputError`,
    `PolicyError`.
    """
    admitted(context, collection)
    purge_sightings(context, collection)
    with reading(context.database) as connection:
        templates = sightings.load_sighting_templates(connection, collection, choice)
    calibration = context.platform.engines.calibration_of(templates.space)
    comparisons = len(templates.ids) * templates_each
    resolved = threshold.resolve(calibration, comparisons)
    governed = context.platform.governed
    gallery = SightingGallery(collection, resolved, templates, templates_each, governed)
    with deciding(context.database, context.actor) as connection:
        permit(connection, context.actor, gallery.asked)
    return gallery


def search_sightings(
    context: Context, gallery: SightingGallery, sources: Iterable[Source], limit: int | None = None
) -> Iterator[tuple[Source, FaceSearch | ReknownError]]:
    """The largest face of every image against the sightings, in the images' order.

    An image without a face gives `NoFaceError`. Each search is in the ledger before its answer
    is given out.
    """
    policy = ExtractionPolicy(gallery.templates.space, limit=1)

    def work(source: Source) -> Extraction:
        found = extract_source(context.platform, source, policy)
        require_face(found)
        return found

    for source, found in attempt_all(context.platform, work, sources):
        if isinstance(found, Exception):
            yield source, found
            continue
        face, template = found.fit[0]
        probe = _Probe(
            ProbeRecord("image", found.image.sha256),
            stack([template.vector], gallery.templates.space),
            quality=face.quality.unified_score.score,
        )
        yield source, FaceSearch(found, gallery, *_search(context, gallery, probe, limit))


def find_person(
    context: Context,
    collection: str,
    user: str,
    threshold: ThresholdChoice,
    choice: SightingChoice = SightingChoice(),
    limit: int | None = None,
) -> PersonSearch:
    """All sightings that resemble one of the person's references, best first.

    Raises `NotFoundError` for collection or person, `PolicyError`, `InputError` for a person
    without faces, and as `open_sightings`.
    """
    admitted(context, collection)
    with (
        recorded_refusals(context.database, context.actor),
        reading(context.database) as connection,
    ):
        person = get_user(connection, collection, user)
        require_lasting(connection, collection, person.subject_id)
        references = templates_of_user(connection, collection, user)
        key = key_of_user(connection, collection, user)
    if not len(references.vectors):
        raise InputError(f"{user!r} has no faces to search with: enroll some images first")
    gallery = open_sightings(context, collection, threshold, choice, len(references.vectors))
    references.space.require(gallery.templates.space)
    record = ProbeRecord("user", subject_id=person.subject_id)
    probe = _Probe(record, references.vectors, key)
    return PersonSearch(user, gallery, *_search(context, gallery, probe, limit))


def _search(
    context: Context, gallery: SightingGallery, probe: _Probe, limit: int | None
) -> tuple[tuple[SightingMatch, ...], str | None]:
    """What was found, and the id of its case, both written in one transaction."""
    judged = {
        gallery.templates.ids[row]: gallery.threshold.judge(score)
        for row, score in _best(gallery, probe.vectors, limit)
    }
    with deciding(context.database, context.actor) as connection:
        permit(connection, context.actor, gallery.asked)
        # what has been deleted or has expired since the search began is no longer there
        found = sightings.find_sightings(connection, gallery.collection, judged)
        matches = tuple(
            SightingMatch(comparison, found[sighting])
            for sighting, comparison in judged.items()
            if comparison.accepted and sighting in found
        )
        permit_repeat(connection, context.actor, gallery.collection, targets_of(probe.record, ()))
        record = _record(gallery, probe.record, matches)
        event = log.append(connection, context.actor, gallery.collection, record)
        outcome = _outcome(connection, event, gallery, probe, matches)
        cases = open_cases(connection, context.actor, outcome)
    return matches, cases[0] if cases else None


def _outcome(
    connection: Connection,
    event: int,
    gallery: SightingGallery,
    probe: _Probe,
    matches: Sequence[SightingMatch],
) -> SearchOutcome:
    """What people may have to judge."""
    ids = [match.record.sighting.sighting_id for match in matches]
    filed = filed_sightings(connection, ids)
    return SearchOutcome(
        search=event,
        collection=gallery.collection,
        probe=probe.record,
        rows=[
            [
                _candidate(rank, match.comparison, filed[id_].key)
                for rank, (id_, match) in enumerate(zip(ids, matches, strict=True), 1)
                if id_ in filed
            ]
        ],
        strangers=SightingStrangers(gallery, probe.vectors, ids, probe.user),
        qualities=() if probe.quality is None else (probe.quality,),
        governed=gallery.governed,
    )


def _candidate(rank: int, meaning: Comparison, key: int) -> ReviewedCandidate:
    return ReviewedCandidate(0, 0, None, rank, meaning.score, meaning.similarity, sighting=key)


def _best(
    gallery: SightingGallery, probe: NDArray[np.float32], limit: int | None
) -> list[tuple[int, float]]:
    """The rows that reach the threshold with their best scores, best first."""
    least, most = gallery.threshold.score, gallery.size if limit is None else limit
    best: dict[int, float] = {}
    if not gallery.size:
        return []
    for rows, scores in ExactIndex(gallery.templates.vectors).search(probe, most, least):
        for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
            best[row] = max(score, best.get(row, score))
    return sorted(best.items(), key=lambda each: (-each[1], each[0]))[:most]


def _record(
    gallery: SightingGallery, what: ProbeRecord, matches: tuple[SightingMatch, ...]
) -> SearchSightingsRecord:
    return SearchSightingsRecord(
        probe=what,
        space=SpaceRecord.of(gallery.templates.space),
        threshold=ThresholdRecord.of(gallery.threshold),
        sightings_searched=gallery.size,
        candidates=tuple(
            SightingCandidateRecord(
                match.record.sighting.sighting_id,
                match.comparison.score,
                match.comparison.similarity,
            )
            for match in matches
        ),
    )
