"""The Congress test: how many of M people who are not in a gallery does a search point to.

In 2018 the ACLU searched 535 members of the US Congress in 25,000 mugshots with Amazon
Rekognition's default threshold: 28 were matched. Every figure here is a function of the
threshold, so that it cannot be argued away by naming another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.stats import binomtest, fisher_exact

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import LEVEL, Interval, Rate, wilson
from reknown.evaluation.measures.intervals import exact
from reknown.evaluation.measures.planning import planned_fmr, planned_fpir, planned_gallery_size
from reknown.evaluation.measures.scores import checked_scores, matches

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class FalsePositives:
    """Probes with at least one false candidate in a gallery of `gallery_size` subjects.

    `implied_fmr` is the false match rate that explains it if comparisons were independent,
    `implied_interval` that of Wilson's limits of FPIR. `threshold` is None where unknown.
    """

    fpir: Rate
    interval: Interval
    gallery_size: int
    implied_fmr: float
    implied_interval: Interval
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class ShareTest:
    """A group's share of the false positives against its share of the probes.

    `binomial_p` is exact and two-sided against the base rate as given; `fisher_p` and
    `odds_ratio` (infinite if nobody else was hit) compare hits inside and outside the group.
    """

    share: Rate
    base: Rate
    binomial_p: float
    odds_ratio: float
    fisher_p: float


def false_positives(
    hits: int, probes: int, gallery_size: int, threshold: float | None = None
) -> FalsePositives:
    """The result of an audit that was published as counts."""
    fpir = Rate(hits, probes)
    interval = wilson(fpir)
    low, high = (planned_fmr(value, gallery_size) for value in (interval.low, interval.high))
    return FalsePositives(
        fpir,
        interval,
        gallery_size,
        planned_fmr(fpir.value, gallery_size),
        Interval(low, high, LEVEL),
        threshold,
    )


def threshold_curve(
    best_scores: ArrayLike, gallery_size: int, thresholds: Iterable[float]
) -> tuple[FalsePositives, ...]:
    """The audit at each threshold, from every probe's best score in the gallery (p,).

    The probes are of people who are not in it; -inf is a probe that failed.
    """
    scores = checked_scores(best_scores, "best scores of probes")
    return tuple(
        false_positives(int(matches(scores, t).sum()), len(scores), gallery_size, t)
        for t in thresholds
    )


def share_of_hits(*, group_hits: int, hits: int, group: int, probes: int) -> ShareTest:
    """Whether `group_hits` of `hits` are more than the `group`'s share of the `probes`.

    Raises `InputError` for counts that do not fit together, or without a hit.
    """
    share, base = Rate(group_hits, hits), Rate(group, probes)
    others = hits - group_hits
    if group_hits > group or others > probes - group:
        raise InputError("a group has more hits than probes")
    table = [[group_hits, others], [group - group_hits, probes - group - others]]
    odds, fisher_p = fisher_exact(table)
    p_value = binomtest(group_hits, hits, base.value).pvalue
    return ShareTest(share, base, float(p_value), float(odds), float(fisher_p))


def fpir_at(result: FalsePositives, gallery_sizes: Iterable[int]) -> tuple[float, ...]:
    """FPIR to expect of other galleries at the same threshold: for planning, not measured."""
    return tuple(planned_fpir(result.implied_fmr, size) for size in gallery_sizes)


def gallery_size_for(result: FalsePositives, fpir: float = 0.01) -> int:
    """The gallery that gives that FPIR: 0.01 is one false match in 100 searches.

    Raises `InputError` where the audit found no false positive, or nothing else.
    """
    return planned_gallery_size(result.implied_fmr, fpir)


def exact_interval(result: FalsePositives) -> Interval:
    """Clopper and Pearson's interval of FPIR, for those who want no approximation."""
    return exact(result.fpir)
