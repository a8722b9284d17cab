"""Open-set one-to-many error rates as in NISTIR 8271: FPIR, FNIR, CMC, selectivity.

A gallery is scored per subject: the best of a subject's entries, one candidate a subject. A
failed probe has no candidates: a miss if mated, no false positive if not. Of equal scores
the mate is ranked last, so that a tie is never to the system's credit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate, check_proportion
from reknown.evaluation.measures.planning import check_gallery_size
from reknown.evaluation.measures.scores import checked_codes, matches, most_errors
from reknown.evaluation.measures.verification import highest_but

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from reknown.evaluation.measures.arrays import Floats, Ints, Mask

    RawCandidate = tuple[Hashable, float]

_ABSENT = -math.inf
_LIST_LENGTH = 50


@dataclass(frozen=True, slots=True, eq=False)
class Searches:
    """What searches of one gallery answered.

    Of m mated searches `mate_scores` (m,), -inf where the mate is not on the list, and
    `mate_ranks` (m,) from 1, 0 where it is not; of n non-mated ones `candidate_scores`
    (n, `list_length`), descending, -inf past the end of a list. `gallery_size` counts
    subjects.

    Raises `InputError` for arrays that do not fit this description.
    """

    mate_scores: Floats
    mate_ranks: Ints
    candidate_scores: Floats
    gallery_size: int
    list_length: int

    def __post_init__(self) -> None:
        check_gallery_size(self.gallery_size)
        if not 1 <= self.list_length <= self.gallery_size:
            raise InputError("candidate lists hold from 1 candidate to all of the gallery")
        m, shape = self.mate_scores.shape, self.candidate_scores.shape
        if len(m) != 1 or len(shape) != 2 or shape[1] != self.list_length:
            raise InputError(f"mate scores are (m,), candidates (n, {self.list_length})")
        ranks = checked_codes(self.mate_ranks, m, "ranks of mates", 0)
        for scores in (self.mate_scores, self.candidate_scores):
            if np.isnan(scores).any() or (scores == math.inf).any():
                raise InputError("NaN or +inf is not a score of a candidate")
        if (self.candidate_scores[:, 1:] > self.candidate_scores[:, :-1]).any():
            raise InputError("the scores of a candidate list descend: sort them")
        if ((ranks == 0) != (self.mate_scores == _ABSENT)).any():
            raise InputError("a mate has a rank exactly where it has a score")


def searches_from_lists(
    mated: Sequence[tuple[Hashable, Sequence[RawCandidate]]],
    non_mated: Sequence[Sequence[RawCandidate]],
    gallery_size: int,
    list_length: int,
) -> Searches:
    """From candidate lists: (subject, score) pairs, for mated searches after the true subject.

    A subject that is on a list more than once counts with its best score. `list_length` is
    how many candidates a search was allowed to return. Raises `InputError` for a longer list.
    """
    mates = [_mate(subject, _per_subject(found, list_length)) for subject, found in mated]
    others = np.full((len(non_mated), list_length), _ABSENT)
    for row, candidates in enumerate(non_mated):
        scores = sorted(_per_subject(candidates, list_length).values(), reverse=True)
        others[row, : len(scores)] = scores
    scores_, ranks = [score for score, _ in mates], [rank for _, rank in mates]
    return Searches(np.array(scores_), np.array(ranks, np.intp), others, gallery_size, list_length)


def searches_from_scores(
    scores: Floats, gallery: Ints, probes: Ints, list_length: int = _LIST_LENGTH
) -> Searches:
    """From the `scores` (p, e) of every probe against every entry of the gallery.

    `gallery` (e,) and `probes` (p,) are subject codes from 0; -inf stands for a failed probe
    (a row) or entry (a column). A probe is mated if its subject has an entry, failed or not;
    mated and non-mated searches each keep the order of their probes.
    """
    matrix = np.asarray(scores, np.float64)
    entries = checked_codes(gallery, matrix.shape[1:], "gallery subjects", 0)
    wanted = checked_codes(probes, matrix.shape[:1], "probe subjects", 0)
    subjects, best = best_of_subjects(matrix, entries)
    return _ranked(best, subjects, wanted, min(list_length, len(subjects)))


def best_of_subjects(scores: Floats, gallery: Ints) -> tuple[Ints, Floats]:
    """The distinct subjects (g,) of the entries and each probe's best score of each (p, g)."""
    if scores.ndim != 2 or 0 in scores.shape:
        raise InputError(f"give scores of probes against entries, not of shape {scores.shape}")
    if np.isnan(scores).any():
        raise InputError("NaN is not a score; a failure is written as -inf")
    order = np.argsort(gallery, kind="stable")
    subjects, starts = np.unique(gallery[order], return_index=True)
    return subjects, np.maximum.reduceat(scores[:, order], starts, axis=1)


def false_positive_identification_rate(searches: Searches, threshold: float) -> Rate:
    """FPIR(N, T): non-mated searches with at least one candidate at or above `threshold`."""
    hits = false_positives(searches, threshold)
    return Rate(int(hits.sum()), len(hits))


def false_negative_identification_rate(
    searches: Searches, threshold: float = -math.inf, rank: int = 1
) -> Rate:
    """FNIR(N, R, T): mated searches whose mate is below `threshold` or not in the top `rank`.

    Without threshold and with rank 1: the rank-one miss rate. Raises `InputError` for a rank
    below 1 or beyond the length of the lists.
    """
    missed = misses(searches, threshold, rank)
    return Rate(int(missed.sum()), len(missed))


def false_positives(searches: Searches, threshold: float) -> Mask:
    """Which non-mated searches (n,) had a candidate, to be counted by group of the probe."""
    return matches(searches.candidate_scores[:, 0], threshold)


def misses(searches: Searches, threshold: float = -math.inf, rank: int = 1) -> Mask:
    """Which mated searches (m,) missed the mate, to be counted by group of the probe."""
    if not 1 <= rank <= searches.list_length:
        raise InputError(f"lists of {searches.list_length} do not show rank {rank}")
    in_top = (searches.mate_ranks >= 1) & (searches.mate_ranks <= rank)
    return ~(in_top & matches(searches.mate_scores, threshold))


def cumulative_match(searches: Searches) -> Floats:
    """CMC(R) = 1 - FNIR(N, R) without threshold, for R = 1 to the list length (l,)."""
    trials = len(searches.mate_ranks)
    if not trials:
        raise InputError("a CMC needs at least one mated search")
    counts = np.bincount(searches.mate_ranks, minlength=searches.list_length + 1)
    return np.asarray(counts[1 : searches.list_length + 1].cumsum() / trials)


def selectivity(searches: Searches, threshold: float) -> float:
    """SEL(N, T): candidates at or above `threshold` per non-mated search, 0 to N.

    The load of a reviewer. Raises `InputError` when a list is too short to count them all.
    """
    hits = matches(searches.candidate_scores, threshold)
    if not len(hits):
        raise InputError("selectivity needs at least one non-mated search")
    if searches.list_length < searches.gallery_size and hits[:, -1].any():
        raise InputError(
            f"a list of {searches.list_length} is full at threshold {threshold:g}: "
            "ask the search for longer lists"
        )
    return float(hits.sum()) / len(hits)


def threshold_for_fpir(searches: Searches, target: float) -> float:
    """The lowest score of a candidate, or just above all, at which FPIR <= `target`.

    The FPIR reached never exceeds the target. Raises `InputError` for a target outside 0 to 1,
    without non-mated searches, or when no search has a candidate.
    """
    check_proportion(target, "a target FPIR")
    best = searches.candidate_scores[:, 0]
    if not len(best):
        raise InputError("a threshold for FPIR needs at least one non-mated search")
    barrier = highest_but(best, most_errors(target, len(best)))
    choice = np.append(best, searches.mate_scores)
    above = choice[choice > barrier]
    if len(above):
        return float(above.min())
    if barrier == _ABSENT:
        raise InputError("no search has a candidate: there is no threshold to choose")
    return float(np.nextafter(barrier, math.inf))


def _ranked(best: Floats, subjects: Ints, probes: Ints, length: int) -> Searches:
    columns = np.minimum(np.searchsorted(subjects, probes), len(subjects) - 1)
    mated = subjects[columns] == probes
    mate_scores = best[mated, columns[mated]]
    # the mate itself is one of those that score at least as much
    ranks = (best[mated] >= mate_scores[:, None]).sum(axis=1)
    listed = (mate_scores > _ABSENT) & (ranks <= length)
    others = -best[~mated]
    if length < len(subjects):
        others = np.partition(others, length - 1, axis=1)[:, :length]
    others = -np.sort(others, axis=1)
    return Searches(
        np.where(listed, mate_scores, _ABSENT),
        np.where(listed, ranks, 0).astype(np.intp),
        others,
        len(subjects),
        length,
    )


def _per_subject(candidates: Sequence[RawCandidate], limit: int) -> dict[Hashable, float]:
    if len(candidates) > limit:
        raise InputError(f"a list has {len(candidates)} candidates, more than {limit}")
    best: dict[Hashable, float] = {}
    for subject, score in candidates:
        if math.isnan(score):
            raise InputError("NaN is not a score of a candidate")
        if score > best.get(subject, _ABSENT):
            best[subject] = float(score)
    return best


def _mate(subject: Hashable, best: dict[Hashable, float]) -> tuple[float, int]:
    score = best.get(subject, _ABSENT)
    if score == _ABSENT:
        return _ABSENT, 0
    return score, sum(other >= score for other in best.values())
