"""Known non-mates: strangers to the probe, mixed in among candidates to measure reviewers.

They are drawn from what was searched, and among those drawn the ones are taken that resemble the
probe most and still score so low that hardly anybody's own picture would: 9 of 10 strangers
score below that. Easier ones would flatter the reviewers.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.gallery.sightings import filed_sightings
from reknown.gallery.templates import draw_templates
from reknown.review.cases import ReviewedCandidate

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from reknown.biometrics.candidates import Candidate
    from reknown.biometrics.thresholds import Threshold
    from reknown.gallery.sightings import FiledSighting
    from reknown.services.searches.search import Probes, Searched
    from reknown.services.searches.sightings import SightingGallery
    from reknown.storage.database import Connection

_DRAWN_FOR_ONE = 16
_STRANGERS_ABOVE = 0.1
_DRAW = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class FaceStrangers:
    """The faces of a collection that `probes` were compared with, and what was found of each."""

    searched: Searched
    probes: Probes
    rows: Sequence[Sequence[Candidate]]

    def draw(self, connection: Connection, number: int, wanted: int) -> list[ReviewedCandidate]:
        """At most so many strangers to the probe of this number, none of them a candidate.

        Fewer where the collection has no more.
        """
        probes = self.probes
        vectors = probes.vectors if probes.pooled else probes.vectors[number - 1 : number]
        drawn = draw_templates(connection, self.searched.collection, _DRAWN_FOR_ONE * wanted)
        scores = _best(drawn.vectors, vectors)
        known = {_who(it.user, it.face_id) for it in self.rows[number - 1]}
        whose = map(_who, drawn.users, drawn.face_ids)
        lines = list(zip(scores, drawn.keys, whose, strict=True))
        return [
            _stranger(score, self.searched.threshold, face=key)
            for score, key in _chosen(lines, self.searched.threshold, known, wanted)
        ]


@dataclass(frozen=True, slots=True)
class SightingStrangers:
    """The sightings that a probe (p, dimension) was compared with, and the ids of those found.

    `user` is the key of the person who was searched with, if it was one: sightings in groups that
    are named after them are no strangers.
    """

    gallery: SightingGallery
    probe: NDArray[np.float32]
    found: Sequence[str]
    user: int | None = None

    def draw(self, connection: Connection, number: int, wanted: int) -> list[ReviewedCandidate]:  # noqa: ARG002
        """At most so many strangers, each of another group and none of a candidate's.

        Fewer where there are no more. Faces that would not be enrolled are left out: blurred ones
        score low with their own person's pictures too.
        """
        ids, vectors = self.gallery.templates.ids, self.gallery.templates.vectors
        count = min(len(ids), _DRAWN_FOR_ONE * wanted)
        places = _DRAW.sample(range(len(ids)), count)
        scores = dict(
            zip((ids[it] for it in places), _best(vectors[places], self.probe), strict=True)
        )
        known = {_person(id_, it) for id_, it in filed_sightings(connection, self.found).items()}
        lines = [
            (scores[id_], it.key, _person(id_, it))
            for id_, it in filed_sightings(connection, scores).items()
            if it.fit and (self.user is None or it.user != self.user)
        ]
        return [
            _stranger(score, self.gallery.threshold, sighting=key)
            for score, key in _chosen(lines, self.gallery.threshold, known, wanted)
        ]


def highest_score(threshold: Threshold) -> float:
    """The score that a known non-mate does not exceed."""
    if threshold.calibration is None:
        return threshold.score / 2
    return threshold.calibration.threshold(_STRANGERS_ABOVE)


def _best(vectors: NDArray[np.float32], probes: NDArray[np.float32]) -> list[float]:
    best: list[float] = (vectors @ probes.T).max(axis=1, initial=-1).tolist()
    return best


def _chosen(
    lines: Iterable[tuple[float, int, Hashable]],
    threshold: Threshold,
    known: set[Hashable],
    wanted: int,
) -> list[tuple[float, int]]:
    """The highest of those that score no higher than strangers do, each person once."""
    highest, seen = highest_score(threshold), set(known)
    found: list[tuple[float, int]] = []
    for score, key, who in sorted(lines, key=lambda line: line[:2], reverse=True):
        if score <= highest and who not in seen and len(found) < wanted:
            seen.add(who)
            found.append((score, key))
    return found


def _stranger(
    score: float, threshold: Threshold, *, face: int | None = None, sighting: int | None = None
) -> ReviewedCandidate:
    similarity = threshold.judge(score).similarity
    return ReviewedCandidate(0, 0, face, None, score, similarity, sighting=sighting)


def _who(user: str | None, face_id: str) -> Hashable:
    return (user is None, user or face_id)


def _person(sighting: str, its: FiledSighting) -> Hashable:
    """Whoever the sighting seems to be of: a person, a group of unknown ones, or itself."""
    if its.user is not None:
        return ("user", its.user)
    return ("sighting", sighting) if its.group is None else ("group", its.group)
