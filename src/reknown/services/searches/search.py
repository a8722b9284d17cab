"""Who of a gallery resembles a probe? Answered with candidates, never with a person.

The one search of every entrance: `look_up` compares, `conclude` reads what was found and writes
the event, in the transaction of a caller that writes more with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.candidates import Candidate, CandidateList
from reknown.biometrics.thresholds import ThresholdChoice, caution
from reknown.gallery.collections import get_space
from reknown.gallery.faces import find_faces
from reknown.gallery.search import search_references, search_subjects
from reknown.ledger import log
from reknown.ledger.records import (
    CandidateRecord,
    IdentifyRecord,
    ProbeRecord,
    SpaceRecord,
    ThresholdRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from reknown.biometrics.records import FaceRecord
    from reknown.biometrics.templates import TemplateSpace
    from reknown.biometrics.thresholds import Threshold
    from reknown.gallery.search import SubjectScore
    from reknown.gallery.templates import GalleryTemplates
    from reknown.services.context import Actor, Context, Platform
    from reknown.storage.database import Connection


class Unit(Enum):
    """What a candidate is: a reference, a user, or a subject (a user, or a face without one)."""

    REFERENCES = "references"
    USERS = "users"
    SUBJECTS = "subjects"


@dataclass(frozen=True, slots=True)
class Query:
    """A search of `collection` for at most `limit` candidates a probe."""

    collection: str
    threshold: ThresholdChoice = ThresholdChoice()
    limit: int = 5
    unit: Unit = Unit.SUBJECTS


@dataclass(frozen=True, slots=True, eq=False)
class Probes:
    """What is searched with: `vectors` float32 (p, dimension), as long as their references.

    `pooled` probes are one person's and have one list of candidates together. `own_face` and
    `own_user` are where the probes were taken from, which are no candidates.
    """

    record: ProbeRecord
    space: TemplateSpace
    vectors: NDArray[np.float32]
    pooled: bool = False
    own_face: str | None = None
    own_user: str | None = None

    def is_own(self, hit: SubjectScore) -> bool:
        """Whether this is where the probes were taken from."""
        if self.own_user is not None:
            return hit.user == self.own_user
        return hit.face_id == self.own_face


@dataclass(frozen=True, slots=True)
class Searched:
    """What is searched: `gallery_size` candidates in question, with `references` faces in all."""

    collection: str
    space: TemplateSpace
    unit: Unit
    threshold: Threshold
    gallery_size: int
    references: int

    @property
    def expected_false_candidates(self) -> float | None:
        """How many of the references a stranger is expected to reach by chance."""
        return self.threshold.expected_false_candidates(self.references)

    @property
    def caution(self) -> str | None:
        """What to know before relying on a candidate; None where few false ones are expected."""
        return caution(self.expected_false_candidates)


@dataclass(frozen=True, slots=True)
class Scores:
    """What was compared, and what reached the threshold: a row a probe, best first."""

    searched: Searched
    probes: Probes
    rows: tuple[tuple[SubjectScore, ...], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The candidates of each probe, best first, and their best references by face id."""

    searched: Searched
    rows: tuple[tuple[Candidate, ...], ...]
    faces: Mapping[str, FaceRecord]

    @property
    def lists(self) -> tuple[CandidateList, ...]:
        """The candidates with what was searched for them."""
        what = self.searched
        return tuple(
            CandidateList(
                row,
                what.threshold.score,
                what.gallery_size,
                what.references,
                what.expected_false_candidates,
            )
            for row in self.rows
        )


def open_search(platform: Platform, query: Query) -> Searched:
    """What the query would search now.

    Raises `NotFoundError`, `ModelError`, `SpaceMismatchError`, `UncalibratedError`, `InputError`.
    """
    return _opened(platform, query)[0]


def search(context: Context, query: Query, probes: Probes) -> Found:
    """Compares, and writes the event before the answer is given out; raises as `look_up`."""
    scores = look_up(context.platform, query, probes)
    with context.database.begin() as connection:
        return conclude(connection, context.actor, scores)


def look_up(platform: Platform, query: Query, probes: Probes) -> Scores:
    """Compares the probes with the whole gallery; changes nothing.

    Raises as `open_search`, and `SpaceMismatchError` where the collection was switched to another
    space since the probes were made.
    """
    searched, templates = _opened(platform, query)
    probes.space.require(templates.space)
    limit = query.limit + 1  # the probes' own may be among them
    least = searched.threshold.score
    if query.unit is Unit.REFERENCES:
        rows = search_references(templates, probes.vectors, least, limit)
    else:
        users_only = query.unit is Unit.USERS
        rows = search_subjects(templates, probes.vectors, least, limit, users_only=users_only)
    if probes.pooled:
        rows = [_pooled(rows)]
    kept = ([hit for hit in row if not probes.is_own(hit)] for row in rows)
    return Scores(searched, probes, tuple(tuple(row[: query.limit]) for row in kept))


def conclude(connection: Connection, actor: Actor, scores: Scores, job: str | None = None) -> Found:
    """The candidates that are still there, with the event of the search in this transaction.

    Raises `SpaceMismatchError` where the collection was switched since.
    """
    searched = scores.searched
    ids = {hit.face_id for row in scores.rows for hit in row}
    faces = find_faces(connection, searched.collection, ids)
    # asked last: boxes and scores are of one space then
    searched.space.require(get_space(connection, searched.collection))
    # what has been deleted since the search began is no longer there
    rows = tuple(
        rank((hit for hit in row if hit.face_id in faces), searched.threshold, faces)
        for row in scores.rows
    )
    found = Found(searched, rows, faces)
    log.append(connection, actor, searched.collection, _record(found, scores.probes, job))
    return found


def rank(
    row: Iterable[SubjectScore], threshold: Threshold, faces: Mapping[str, FaceRecord]
) -> tuple[Candidate, ...]:
    """What was found, best first, as candidates with what their scores mean."""
    judged = ((hit, threshold.judge(hit.score)) for hit in row)
    return tuple(
        Candidate(
            rank=place,
            user=hit.user,
            face_id=hit.face_id,
            score=hit.score,
            similarity=it.similarity,
            false_match_rate=it.false_match_rate,
            image=faces[hit.face_id].image.name,
        )
        for place, (hit, it) in enumerate(judged, 1)
    )


def stack(vectors: Sequence[NDArray[np.float32]], space: TemplateSpace) -> NDArray[np.float32]:
    """The vectors as one matrix (p, dimension), also of none."""
    return np.array(vectors, np.float32).reshape(len(vectors), space.dimension)


def _opened(platform: Platform, query: Query) -> tuple[Searched, GalleryTemplates]:
    templates = platform.templates_of(query.collection)
    threshold = query.threshold.resolve(platform.engines.calibration_of(templates.space))
    sizes = _sizes(templates, query.unit)
    return Searched(query.collection, templates.space, query.unit, threshold, *sizes), templates


def _sizes(templates: GalleryTemplates, unit: Unit) -> tuple[int, int]:
    references = len(templates.face_ids)
    if unit is Unit.USERS:
        return templates.owned
    return (references if unit is Unit.REFERENCES else templates.subject_count), references


def _pooled(rows: Iterable[Iterable[SubjectScore]]) -> list[SubjectScore]:
    """The best of each user or face, over all rows."""
    best: dict[tuple[bool, str], SubjectScore] = {}
    for hit in (hit for row in rows for hit in row):
        # a user and a face may have the same name
        key = (hit.user is None, hit.face_id if hit.user is None else hit.user)
        if key not in best or hit.score > best[key].score:
            best[key] = hit
    return sorted(best.values(), key=lambda hit: -hit.score)


def _record(found: Found, probes: Probes, job: str | None) -> IdentifyRecord:
    searched = found.searched
    return IdentifyRecord(
        probe=probes.record,
        space=SpaceRecord.of(searched.space),
        threshold=ThresholdRecord.of(searched.threshold),
        searched=searched.unit.value,
        gallery_size=searched.gallery_size,
        references=searched.references,
        candidates=tuple(
            tuple(
                CandidateRecord(c.face_id, found.faces[c.face_id].subject_id, c.score, c.similarity)
                for c in row
            )
            for row in found.rows
        ),
        job=job,
    )
