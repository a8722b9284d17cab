"""Who of a gallery resembles a probe? Answered with candidates, never with a person.

The one search of every entrance: `look_up` compares, `conclude` reads what was found and writes
the event, in the transaction of a caller that writes more with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from msgspec import UNSET, UnsetType

from reknown.biometrics.candidates import Candidate, CandidateList
from reknown.biometrics.errors import InputError
from reknown.biometrics.thresholds import ThresholdChoice, caution
from reknown.gallery.among import find_limits
from reknown.gallery.collections import get_space
from reknown.gallery.consents import ended_subjects
from reknown.gallery.faces import faces_of_keys
from reknown.gallery.score_counts import count_strangers
from reknown.gallery.vectors.probes import Criteria
from reknown.gallery.vectors.slabs import NOBODY
from reknown.gallery.vectors.yardstick import best_strangers
from reknown.ledger import log
from reknown.ledger.records import (
    AmongRecord,
    CandidateRecord,
    IdentifyRecord,
    ProbeRecord,
    SpaceRecord,
    ThresholdRecord,
)
from reknown.review.cases import ReviewedCandidate
from reknown.services.galleries.transfer import ManyFaces
from reknown.services.policies.permits import (
    AskedSearch,
    admitted,
    permit,
    recorded_refusals,
)
from reknown.services.policies.repeats import permit_repeat, targets_of
from reknown.services.reviews.opening import SearchOutcome, open_cases
from reknown.services.reviews.seeds import FaceStrangers
from reknown.storage.database import reading, write_together

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from reknown.biometrics.among import Among
    from reknown.biometrics.records import FaceRecord
    from reknown.biometrics.templates import TemplateSpace
    from reknown.biometrics.thresholds import Threshold
    from reknown.gallery.living import IndexView
    from reknown.gallery.vectors.search import Hits
    from reknown.services.context import Actor, Context, Platform
    from reknown.storage.database import Connection


Key = TypeVar("Key")
_FROM_OUTSIDE = {"image", "video", "view"}


class Unit(Enum):
    """What a candidate is: a reference, a user, or a subject (a user, or a face without one)."""

    REFERENCES = "references"
    USERS = "users"
    SUBJECTS = "subjects"


@dataclass(frozen=True, slots=True)
class Query:
    """A search of `collection` for at most `limit` candidates a probe; of a part with `among`."""

    collection: str
    threshold: ThresholdChoice = ThresholdChoice()
    limit: int = 5
    unit: Unit = Unit.SUBJECTS
    among: Among | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A reference that was found, by its key and that of its user, which is 0 for none."""

    face: int
    user: int
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Probes:
    """What is searched with: `vectors` float32 (p, dimension), as long as their references.

    `pooled` probes are one person's and have one list of candidates together. `own_face` and
    `own_user` are the keys of where the probes were taken from, which are no candidates.
    `qualities` (0 to 100) are those of the probes, where they are known.
    """

    record: ProbeRecord
    space: TemplateSpace
    vectors: NDArray[np.float32]
    pooled: bool = False
    own_face: int | None = None
    own_user: int | None = None
    qualities: tuple[int, ...] = ()

    def is_own(self, hit: Hit) -> bool:
        """Whether this is where the probes were taken from."""
        return hit.face == self.own_face or hit.user == self.own_user


@dataclass(frozen=True, slots=True)
class Searched:
    """What is searched: `gallery_size` candidates in question, with `references` faces in all.

    Those are what `among` leaves, if it is given, and its users are the subjects `among_subjects`.
    `governed` says that all collections have to be.
    """

    collection: str
    space: TemplateSpace
    unit: Unit
    threshold: Threshold
    gallery_size: int
    references: int
    governed: bool = False
    among: Among | None = None
    among_subjects: frozenset[str] | None = None

    @property
    def expected_false_candidates(self) -> float | None:
        """How many of the references a stranger is expected to reach by chance."""
        return self.threshold.expected_false_candidates(self.references)

    @property
    def asked(self) -> AskedSearch:
        """What the collection's policy is asked about."""
        return AskedSearch(self.collection, self.threshold, self.references, self.governed)

    @property
    def caution(self) -> str | None:
        """What to know before relying on a candidate; None where few false ones are expected."""
        return caution(self.expected_false_candidates)


@dataclass(frozen=True, slots=True)
class Scores:
    """What was compared, and what reached the threshold: a row a probe, best first.

    `strangers` is how some of whom the probe does not resemble scored best, where that is known.
    """

    searched: Searched
    probes: Probes
    rows: tuple[tuple[Hit, ...], ...]
    strangers: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The candidates of each probe, best first, and their best references by face id.

    `cases` are the ids of the review cases of each probe, if people have to judge any. `event` is
    that of the search in the ledger.
    """

    searched: Searched
    rows: tuple[tuple[Candidate, ...], ...]
    faces: Mapping[str, FaceRecord]
    cases: tuple[str | None, ...] = ()
    event: int = 0

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


def open_search(context: Context, query: Query) -> Searched:
    """What the query would search now, if it may: a refusal is recorded.

    Raises `NotFoundError`, also for a user that it is limited to, `PolicyError`, `ModelError`,
    `SpaceMismatchError`, `UncalibratedError`, `InputError`.
    """
    admitted(context, query.collection)
    with (
        recorded_refusals(context.database, context.actor),
        reading(context.database) as connection,
    ):
        searched, _ = _opened(connection, context.platform, query)
        permit(connection, context.actor, searched.asked)
    return searched


def look_up(platform: Platform, query: Query, probes: Probes) -> Scores:
    """Compares the probes with the gallery, or what is among it; changes nothing.

    Raises as `open_search`, but `PolicyError`, and `SpaceMismatchError` where the collection was
    switched to another space since the probes were made.
    """
    with reading(platform.database) as connection:
        return compare(connection, platform, query, probes)


def compare(connection: Connection, platform: Platform, query: Query, probes: Probes) -> Scores:
    """The same in the state that `connection` sees, in which it has changed nothing."""
    if query.limit < 1:
        raise InputError(f"a search returns at least one subject, not {query.limit}")
    searched, index = _opened(connection, platform, query)
    probes.space.require(index.space)
    criteria = Criteria(
        query.limit + 1,  # the probes' own may be among them
        searched.threshold.score,
        distinct=query.unit is not Unit.REFERENCES,
        owned_only=query.unit is Unit.USERS,
    )
    rows = [_hits(found) for found in index.search(connection, probes.vectors, criteria)]
    strangers = _strangers(index, query, probes, rows)
    if probes.pooled:
        rows = [_pooled(rows)]
    kept = ([hit for hit in row if not probes.is_own(hit)] for row in rows)
    return Scores(searched, probes, tuple(tuple(row[: query.limit]) for row in kept), strangers)


def conclude(connection: Connection, actor: Actor, scores: Scores, job: str | None = None) -> Found:
    """The candidates that are still there, with the event of the search in this transaction.

    So are the cases of candidates that people have to judge.

    Raises `SpaceMismatchError` where the collection was switched since, and `PolicyError`.
    """
    searched = scores.searched
    permit(connection, actor, searched.asked)
    keys = {hit.face for row in scores.rows for hit in row}
    found = lasting(connection, faces_of_keys(connection, keys))
    # asked last: boxes and scores are of one space then
    searched.space.require(get_space(connection, searched.collection))
    rows = tuple(_ranked(_still_there(row, found, searched), searched) for row in scores.rows)
    faces = {face.face_id: face for face in found.values()}
    result = Found(searched, rows, faces)
    record = _record(result, scores.probes, job)
    subjects = (hit.subject_id or hit.face_id for row in record.candidates for hit in row)
    if rows:
        targets = targets_of(record.probe, subjects)
        permit_repeat(connection, actor, searched.collection, targets)
    event = log.append(connection, actor, searched.collection, record)
    count_strangers(connection, searched.collection, searched.space, scores.strangers)
    by_id = {face.face_id: key for key, face in found.items()}
    outcome = _outcome(event, result, scores.probes, by_id)
    return replace(result, cases=open_cases(connection, actor, outcome), event=event)


def settle(context: Context, scores: Scores) -> Found:
    """The same in a transaction of its own, or of others who search at the same time."""
    with recorded_refusals(context.database, context.actor):
        return write_together(context.database, lambda c: conclude(c, context.actor, scores))


def lasting(connection: Connection, found: Mapping[Key, FaceRecord]) -> dict[Key, FaceRecord]:
    """Without those of people whose consents have ended: the next sweep deletes them."""
    owners = {face.subject_id for face in found.values() if face.user and face.subject_id}
    ended = ended_subjects(connection, owners) if owners else ()
    return {key: face for key, face in found.items() if face.subject_id not in ended}


def stack(vectors: Sequence[NDArray[np.float32]], space: TemplateSpace) -> NDArray[np.float32]:
    """The vectors as one matrix (p, dimension), also of none."""
    return np.array(vectors, np.float32).reshape(len(vectors), space.dimension)


def _opened(connection: Connection, platform: Platform, query: Query) -> tuple[Searched, IndexView]:
    index = platform.indexes.current(connection, query.collection)
    threshold = query.threshold.resolve(platform.engines.calibration_of(index.space))
    subject_ids = None
    if query.among is not None:
        limits = find_limits(connection, query.collection, query.among)
        index, subject_ids = index.among(limits.choice), limits.subject_ids
    what = (query.collection, index.space, query.unit, threshold, *_sizes(index, query.unit))
    return Searched(*what, platform.governed, query.among, subject_ids), index


def _strangers(
    index: IndexView, query: Query, probes: Probes, rows: Sequence[Sequence[Hit]]
) -> tuple[float, ...]:
    """Only of probes from outside: the same references would be compared again and again."""
    if query.among is not None or probes.record.kind not in _FROM_OUTSIDE:
        return ()
    known = [{hit.face for hit in row} for row in rows]
    return tuple(best_strangers(index.slabs, probes.vectors, known))


def _sizes(index: IndexView, unit: Unit) -> tuple[int, int]:
    if unit is Unit.USERS:
        return index.users, index.owned
    return (index.references if unit is Unit.REFERENCES else index.subjects), index.references


def _hits(found: Hits) -> list[Hit]:
    columns = (found.keys.tolist(), found.users.tolist(), found.scores.tolist())
    return [Hit(*line) for line in zip(*columns, strict=True)]


def _still_there(
    row: Iterable[Hit], faces: Mapping[int, FaceRecord], searched: Searched
) -> Iterator[tuple[FaceRecord, float]]:
    """What has not been deleted since the search began, each subject once as it is now.

    Nor given to somebody whom the search was not to find.
    """
    seen: set[str] = set()
    unit, subjects = searched.unit, searched.among_subjects
    for hit in row:
        face = faces.get(hit.face)
        if face is None or (unit is Unit.USERS and face.user is None):
            continue
        if subjects is not None and face.subject_id not in subjects:
            continue
        if unit is not Unit.REFERENCES and face.user is not None:
            if face.user in seen:
                continue
            seen.add(face.user)
        yield face, hit.score


def _ranked(row: Iterable[tuple[FaceRecord, float]], searched: Searched) -> tuple[Candidate, ...]:
    """What was found, best first, as candidates with what their scores mean."""
    judged = ((face, score, searched.threshold.judge(score)) for face, score in row)
    return tuple(
        Candidate(
            rank=place,
            user=face.user,
            face_id=face.face_id,
            score=score,
            similarity=it.similarity,
            false_match_rate=it.false_match_rate,
            image=face.image.name,
        )
        for place, (face, score, it) in enumerate(judged, 1)
    )


def _pooled(rows: Iterable[Iterable[Hit]]) -> list[Hit]:
    """The best of each user or face, over all rows."""
    best: dict[tuple[bool, int], Hit] = {}
    for hit in (hit for row in rows for hit in row):
        # a user and a face may have the same key
        key = (hit.user == NOBODY, hit.user or hit.face)
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
        among=_among(searched),
    )


def _outcome(event: int, found: Found, probes: Probes, keys: Mapping[str, int]) -> SearchOutcome:
    """What people may have to judge; `keys` are those of the faces by their ids."""
    return SearchOutcome(
        search=event,
        collection=found.searched.collection,
        probe=probes.record,
        rows=[
            [
                ReviewedCandidate(0, 0, keys[it.face_id], it.rank, it.score, it.similarity)
                for it in row
            ]
            for row in found.rows
        ],
        strangers=FaceStrangers(found.searched, probes, found.rows),
        qualities=probes.qualities,
        governed=found.searched.governed,
    )


def _among(searched: Searched) -> AmongRecord | UnsetType:
    wish, subjects = searched.among, searched.among_subjects
    if wish is None:
        return UNSET
    return AmongRecord(
        None if subjects is None else tuple(sorted(subjects)),
        wish.since,
        wish.until,
        None if wish.face_ids is None else ManyFaces(sorted(set(wish.face_ids))).record(),
    )
