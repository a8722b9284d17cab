"""Known non-mates: strangers to the probe, mixed in among candidates to measure reviewers.

They are drawn from the collection, and among those drawn the ones are taken that resemble the
probe most and still score so low that hardly anybody's own picture would: 9 of 10 strangers
score below that. Easier ones would flatter the reviewers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.gallery.templates import draw_templates
from reknown.review.cases import ReviewedCandidate

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from reknown.biometrics.candidates import Candidate
    from reknown.biometrics.thresholds import Threshold
    from reknown.services.searches.search import Searched
    from reknown.storage.database import Connection

_DRAWN_FOR_ONE = 16
_STRANGERS_ABOVE = 0.1


def draw_seeds(
    connection: Connection,
    searched: Searched,
    probes: NDArray[np.float32],
    candidates: Sequence[Candidate],
    wanted: int,
) -> list[ReviewedCandidate]:
    """At most so many strangers to the probes (p, dimension), none of them among the candidates.

    Fewer where the collection has no more.
    """
    drawn = draw_templates(connection, searched.collection, _DRAWN_FOR_ONE * wanted)
    scores = (drawn.vectors @ probes.T).max(axis=1, initial=-1).tolist()
    highest = highest_score(searched.threshold)
    seen = {_who(candidate.user, candidate.face_id) for candidate in candidates}
    lines = sorted(zip(scores, drawn.keys, drawn.users, drawn.face_ids, strict=True), reverse=True)
    found: list[ReviewedCandidate] = []
    for score, key, user, face_id in lines:
        if score <= highest and _who(user, face_id) not in seen and len(found) < wanted:
            seen.add(_who(user, face_id))
            similarity = searched.threshold.judge(score).similarity
            found.append(ReviewedCandidate(0, 0, key, None, score, similarity))
    return found


def highest_score(threshold: Threshold) -> float:
    """The score that a known non-mate does not exceed."""
    if threshold.calibration is None:
        return threshold.score / 2
    return threshold.calibration.threshold(_STRANGERS_ABOVE)


def _who(user: str | None, face_id: str) -> tuple[bool, str]:
    return (user is None, user or face_id)
