"""What a search answers: candidates, never an identification."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """One subject of the gallery that resembles the probe.

    `user` is None for a reference that belongs to no user. `face_id` is the reference that
    scored best, `image` what its image is called. `score` is the cosine; `similarity` 0 to 100
    and `false_match_rate` what the calibration makes of it, None where the space has none.
    """

    rank: int
    user: str | None
    face_id: str
    score: float
    similarity: float | None
    false_match_rate: float | None
    image: str = ""


@dataclass(frozen=True, slots=True)
class CandidateList:
    """The candidates at or above `threshold` (a score), best first.

    `gallery_size` counts the subjects searched and `references` their references;
    `expected_false_candidates` is how many of these a stranger is expected to reach at this
    threshold, so at most how many subjects; None without calibration.
    """

    candidates: tuple[Candidate, ...]
    threshold: float
    gallery_size: int
    references: int
    expected_false_candidates: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One probe against one reference.

    `score` is the cosine, -1 to 1; `similarity` (0 to 100) and `false_match_rate` are what
    the calibration makes of it, None where the space has none. `accepted` says whether the
    score reaches the threshold: grounds to look closer, not proof of identity.
    """

    score: float
    similarity: float | None
    false_match_rate: float | None
    accepted: bool
