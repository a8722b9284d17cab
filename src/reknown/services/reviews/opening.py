"""A search whose candidates people have to judge opens a case, in the search's transaction."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from reknown.gallery.collections import require
from reknown.ledger import log
from reknown.ledger.records import OpenCaseRecord
from reknown.review.cases import CaseProbe, NewCase, ReviewedCandidate, add_case
from reknown.review.opinions import seeds_digest
from reknown.review.states import CaseState
from reknown.services.reviews.seeds import draw_seeds
from reknown.services.reviews.terms import terms_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from reknown.biometrics.candidates import Candidate
    from reknown.ledger.actor import Actor
    from reknown.services.reviews.terms import ReviewTerms
    from reknown.services.searches.search import Probes, Searched
    from reknown.storage.database import Connection

_DRAW = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """A search that was just recorded as the event `search`: candidates of each probe.

    `keys` are those of the candidates' faces in the database, by their ids.
    """

    search: int
    searched: Searched
    probes: Probes
    rows: Sequence[Sequence[Candidate]]
    keys: Mapping[str, int]


def open_cases(
    connection: Connection, actor: Actor, outcome: SearchOutcome
) -> tuple[str | None, ...]:
    """The id of the case of each probe, None where there is nothing to judge."""
    searched = outcome.searched
    terms = terms_of(connection, searched.collection, governed=searched.governed)
    if terms is None:
        return ()
    # a signature is used up by the search's own record
    opening = _Opening(connection, replace(actor, nonce=None), outcome, terms)
    if not outcome.rows and terms.always:
        opening.open(0, ())
    return tuple(opening.open(number, row) for number, row in enumerate(outcome.rows, 1))


@dataclass(frozen=True, slots=True)
class _Opening:
    connection: Connection
    actor: Actor
    outcome: SearchOutcome
    terms: ReviewTerms

    def open(self, number: int, row: Sequence[Candidate]) -> str | None:
        """The case of this probe; 0 is that of an image without any."""
        chosen = [candidate for candidate in row if self._reaches(candidate)]
        if not chosen and not self.terms.always:
            return None
        candidates = self._candidates(number, chosen, row)
        case = self._case(number, CaseState.OPEN if chosen else CaseState.NOBODY)
        collection = self.outcome.searched.collection
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

    def _reaches(self, candidate: Candidate) -> bool:
        bound, similarity = self.terms.bound, candidate.similarity
        return bound is None or similarity is None or similarity >= bound

    def _candidates(
        self, number: int, chosen: Sequence[Candidate], row: Sequence[Candidate]
    ) -> list[ReviewedCandidate]:
        """Those to be judged and known non-mates, under numbers that were drawn."""
        keys = self.outcome.keys
        found = [
            ReviewedCandidate(0, 0, keys[it.face_id], it.rank, it.score, it.similarity)
            for it in chosen
        ]
        wanted = sum(_DRAW.random() < self.terms.seeds for _ in chosen)
        if wanted:
            found += draw_seeds(
                self.connection, self.outcome.searched, self._vectors(number), row, wanted
            )
        numbers = _DRAW.sample(range(1, len(found) + 1), len(found))
        return [replace(it, number=drawn) for it, drawn in zip(found, numbers, strict=True)]

    def _vectors(self, number: int) -> NDArray[np.float32]:
        probes = self.outcome.probes
        return probes.vectors if probes.pooled else probes.vectors[number - 1 : number]

    def _case(self, number: int, state: CaseState) -> NewCase:
        outcome, terms, probes = self.outcome, self.terms, self.outcome.probes
        qualities, record = probes.qualities, probes.record
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
