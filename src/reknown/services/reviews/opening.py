"""A search whose candidates people have to judge opens a case, in the search's transaction."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from reknown.gallery.collections import require
from reknown.gallery.faces import hold_faces
from reknown.gallery.sightings import hold_sightings
from reknown.ledger import log
from reknown.ledger.records import OpenCaseRecord
from reknown.review.cases import CaseProbe, NewCase, add_case
from reknown.review.opinions import seeds_digest
from reknown.review.states import CaseState
from reknown.services.reviews.terms import terms_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.ledger.actor import Actor
    from reknown.ledger.records import ProbeRecord
    from reknown.review.cases import ReviewedCandidate
    from reknown.services.reviews.terms import ReviewTerms
    from reknown.storage.database import Connection

_DRAW = secrets.SystemRandom()


class Strangers(Protocol):
    """Where known non-mates are drawn from: what was searched."""

    def draw(self, connection: Connection, number: int, wanted: int) -> list[ReviewedCandidate]:
        """At most so many strangers to the probe of this number, none of them a candidate."""


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """A search that was just recorded as the event `search`: candidates of each probe, best first.

    `qualities` (0 to 100) are those of the probes, where they are known; `governed` says that all
    collections have to be.
    """

    search: int
    collection: str
    probe: ProbeRecord
    rows: Sequence[Sequence[ReviewedCandidate]]
    strangers: Strangers
    qualities: Sequence[int] = ()
    governed: bool = False


def open_cases(
    connection: Connection, actor: Actor, outcome: SearchOutcome
) -> tuple[str | None, ...]:
    """The id of the case of each probe, None where there is nothing to judge."""
    terms = terms_of(connection, outcome.collection, governed=outcome.governed)
    if terms is None:
        return ()
    # a signature is used up by the search's own record
    opening = _Opening(connection, replace(actor, nonce=None), outcome, terms)
    if not outcome.rows and terms.always:
        opening.open(0, ())
    return tuple(opening.open(number, row) for number, row in enumerate(outcome.rows, 1))


def _held(
    connection: Connection, candidates: Sequence[ReviewedCandidate]
) -> list[ReviewedCandidate]:
    """Without those that another transaction has deleted since they were found."""
    faces = hold_faces(connection, {it.face for it in candidates if it.face is not None})
    seen = {it.sighting for it in candidates if it.sighting is not None}
    sightings = hold_sightings(connection, seen)
    return [it for it in candidates if it.face in faces or it.sighting in sightings]


@dataclass(frozen=True, slots=True)
class _Opening:
    connection: Connection
    actor: Actor
    outcome: SearchOutcome
    terms: ReviewTerms

    def open(self, number: int, row: Sequence[ReviewedCandidate]) -> str | None:
        """The case of this probe; 0 is that of an image without any."""
        chosen = [candidate for candidate in row if self._reaches(candidate)]
        if not chosen and not self.terms.always:
            return None
        candidates = self._candidates(number, chosen)
        case = self._case(number, CaseState.OPEN if chosen else CaseState.NOBODY)
        collection = self.outcome.collection
        add_case(self.connection, require(self.connection, collection).id, case, candidates)
        seeded = [candidate.number for candidate in candidates if candidate.seeded]
        record = OpenCaseRecord(
            case.case_id,
            case.search,
            number,
            case.reviewers,
            case.bound,
            len(candidates),
            seeds_digest(case.case_id, seeded, case.salt),
        )
        log.append(self.connection, self.actor, collection, record)
        return case.case_id

    def _reaches(self, candidate: ReviewedCandidate) -> bool:
        bound, similarity = self.terms.bound, candidate.similarity
        return bound is None or similarity is None or similarity >= bound

    def _candidates(
        self, number: int, chosen: Sequence[ReviewedCandidate]
    ) -> list[ReviewedCandidate]:
        """Those to be judged and known non-mates, under numbers that were drawn."""
        found = list(chosen)
        wanted = sum(_DRAW.random() < self.terms.seeds for _ in chosen)
        if wanted:
            found += self.outcome.strangers.draw(self.connection, number, wanted)
        found = _held(self.connection, found)
        numbers = _DRAW.sample(range(1, len(found) + 1), len(found))
        return [replace(it, number=drawn) for it, drawn in zip(found, numbers, strict=True)]

    def _case(self, number: int, state: CaseState) -> NewCase:
        outcome, terms = self.outcome, self.terms
        qualities, record = outcome.qualities, outcome.probe
        quality = qualities[number - 1] if 0 < number <= len(qualities) else None
        return NewCase(
            case_id=str(uuid4()),
            search=outcome.search,
            searcher=self.actor.name,
            probe=CaseProbe(record.kind, record.sha256, number, quality),
            bound=terms.bound,
            reviewers=terms.reviewers,
            salt=secrets.token_hex(16),
            state=state,
            expires_at=terms.expiry,
        )
