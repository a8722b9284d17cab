"""One error rate of all groups: differential, measures and verdict, for people and for machines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.text import counted
from reknown.evaluation.measures import disparities
from reknown.evaluation.measures.chance import (
    Differential,
    Measure,
    Resampling,
    Verdict,
    differential,
    permutation_null,
)
from reknown.evaluation.measures.differentials import MINIMUM_SUBJECTS, group_rates
from reknown.evaluation.measures.scores import UNLABELLED
from reknown.evaluation.runs.formats import interval_data, interval_text, number, rate_data
from reknown.reporting.blocks import Caution, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.biometrics.rates import Rate
    from reknown.evaluation.measures.arrays import Floats
    from reknown.evaluation.measures.chance import NullBand
    from reknown.evaluation.measures.differentials import Evidence, GroupRate
    from reknown.evaluation.runs.group_data import GroupColumn
    from reknown.reporting.blocks import Block


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """How groups are judged: a figure takes `minimum_subjects`; chance is drawn as said."""

    minimum_subjects: int = MINIMUM_SUBJECTS
    resampling: Resampling = field(default_factory=Resampling)


@dataclass(frozen=True, slots=True)
class Judged:
    """One error rate of all groups; `problem` is why there is no differential."""

    name: str
    groups: tuple[GroupRate, ...]
    found: Differential | None
    geometric: NullBand | None
    problem: str

    @property
    def usable(self) -> bool:
        """Whether there are data enough for a ratio."""
        return self.found is not None and self.found.verdict is not Verdict.SUPPRESSED


def judge(
    name: str, evidence: Evidence, column: GroupColumn, target: float, plan: GroupPlan
) -> Judged:
    """Rates of the groups at the one threshold, and what their difference is worth."""
    minimum = plan.minimum_subjects
    groups = group_rates(evidence, column.codes, target, minimum)
    try:
        found = differential(
            evidence, column.codes, target, minimum_subjects=minimum, resampling=plan.resampling
        )
        band = None
        if found.verdict is not Verdict.SUPPRESSED:
            shown = [group.group for group in groups if group.rate is not None]
            codes = np.where(np.isin(column.codes, shown), column.codes, UNLABELLED)
            band = permutation_null(
                evidence,
                codes,
                measure=Measure.MAX_OVER_GEOMETRIC_MEAN,
                resampling=plan.resampling,
            )
    except InputError as error:
        return Judged(name, groups, None, None, str(error))
    return Judged(name, groups, found, band, "")


def remark(group: GroupRate) -> str:
    """What must be known of a group's figure, or why there is none."""
    if group.withheld is not None:
        needed = counted(group.more_subjects, "more is needed", "more are needed")
        more = f": {needed}" if group.more_subjects else ""
        return f"no figure: {group.withheld}{more}"
    if group.unstable:
        needed = counted(group.more_subjects, "more subject")
        return f"unstable: under 30 errors; about {needed} needed"
    return ""


def verdict_blocks(judged: Judged, column: GroupColumn) -> Iterator[Block]:
    """The verdict in words, or why there is none."""
    if judged.found is None:
        yield Caution(f"{judged.name}: no ratio between groups: {judged.problem}")
        return
    found = judged.found
    if found.worst is None or found.best is None or found.null is None:
        yield Caution(f"{judged.name}: {found.verdict.value}: {_named(found.reason, column)}")
        return
    worst, best = column.names[found.worst], column.names[found.best]
    yield Text.of(
        f"{judged.name}: {found.verdict.value} (p {found.null.p_value:.3g}). {worst} over "
        f"{best}: {number(found.ratio)}, interval {interval_text(found.interval)}; with "
        f"labels permuted {found.null.median:.3g} in the median and up to "
        f"{found.null.upper:.3g} in {found.null.level:.0%}. Zero errors count as a half. One "
        "test in twenty finds a difference where there is none."
    )


def _named(reason: str, column: GroupColumn) -> str:
    """The reason with the group's label in place of its code."""
    words = reason.split(" ")
    if words[0] == "group" and words[1].isdigit():
        words[1] = column.names[int(words[1])]
    return " ".join(words)


def measures_of(judged: Judged) -> dict[str, float]:
    """How far the groups lie apart in one rate."""
    rates = [group.rate for group in judged.groups if group.rate is not None]
    floored = _floored(rates)
    plain = [rate.value for rate in rates]
    return {
        f"{judged.name} max/min": disparities.max_over_min(floored),
        f"{judged.name} max/geomean": disparities.max_over_geometric_mean(floored),
        f"{judged.name} sd log10": disparities.sd_log10(floored),
        f"{judged.name} Gini, raw": disparities.gini(plain, corrected=False),
        f"{judged.name} Gini, corrected": disparities.gini(plain),
    }


def _floored(rates: list[Rate]) -> Floats:
    return disparities.floored_rates([r.errors for r in rates], [r.trials for r in rates])


def joint_measures(fmr: Judged, fnmr: Judged) -> dict[str, float]:
    """The same in both rates at once."""
    both = [
        (left.rate, right.rate)
        for left, right in zip(fmr.groups, fnmr.groups, strict=False)
        if left.rate is not None and right.rate is not None
    ]
    if len(both) < 2:
        return {}
    one, other = ([pair[side] for pair in both] for side in (0, 1))
    plain, other_plain = ([rate.value for rate in rates] for rates in (one, other))
    floored, other_floored = (_floored(rates) for rates in (one, other))
    return {
        "GARBE": disparities.garbe(plain, other_plain),
        "FDR": disparities.fairness_discrepancy_rate(plain, other_plain),
        "IR": disparities.inequity_rate(floored, other_floored),
    }


def group_rate_data(judged: Judged, group: int) -> dict[str, Any]:
    """For JSON: the rate of a group or why it is withheld."""
    if group >= len(judged.groups):
        return {"withheld": "no comparisons"}
    rate = judged.groups[group]
    if rate.withheld is not None:
        return {"withheld": rate.withheld, "more_subjects": rate.more_subjects}
    known = rate_data(rate.rate, rate.interval) or {}
    return known | {"unstable": rate.unstable, "more_subjects": rate.more_subjects}


def differential_data(judged: Judged, column: GroupColumn) -> dict[str, Any]:
    """For JSON: the verdict with its evidence."""
    found = judged.found
    if found is None:
        return {"verdict": Verdict.SUPPRESSED.value, "reason": judged.problem}
    data: dict[str, Any] = {"verdict": found.verdict.value, "reason": _named(found.reason, column)}
    if found.worst is None or found.best is None or found.null is None:
        return data
    data |= {"worst": column.names[found.worst], "best": column.names[found.best]}
    data["ratio"] = found.ratio
    data["interval"] = None if found.interval is None else interval_data(found.interval)
    data["chance"] = {Measure.MAX_OVER_MIN.value: _band_data(found.null)}
    if judged.geometric is not None:
        data["chance"][Measure.MAX_OVER_GEOMETRIC_MEAN.value] = _band_data(judged.geometric)
    return data


def _band_data(band: NullBand) -> dict[str, float]:
    return {
        "observed": band.observed,
        "median": band.median,
        "upper": band.upper,
        "level": band.level,
        "p_value": band.p_value,
    }
