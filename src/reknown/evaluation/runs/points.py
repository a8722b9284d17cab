"""Operating points with their intervals, for data with or without known subjects."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Interval, Rate, check_proportion, wilson
from reknown.evaluation.measures.intervals import (
    clustered_fmr,
    clustered_fnmr,
    clustered_wilson,
    needed_samples,
)
from reknown.evaluation.measures.scores import matches, most_errors
from reknown.evaluation.measures.tail import tail_false_match_rate, tail_threshold_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.evaluation.measures.arrays import Mask
    from reknown.evaluation.runs.comparisons import Comparisons

TARGETS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
"""The false match rates that a report shows, as far as the data reach."""

FEW_ERRORS = 30
"""Below this many errors a rate is unsteady (rule of 30)."""


@dataclass(frozen=True, slots=True)
class MeasuredPoint:
    """Both rates at one `threshold`, with intervals; failures are errors.

    `fmr_on_success` and `fnmr_on_success` leave out comparisons in which a side failed.
    """

    target: float
    threshold: float
    fmr: Rate
    fmr_interval: Interval
    fnmr: Rate
    fnmr_interval: Interval
    fmr_on_success: Rate
    fnmr_on_success: Rate


@dataclass(frozen=True, slots=True)
class Unreached:
    """A target that the data cannot show, and what it would take at the least."""

    target: float
    comparisons: int
    subjects: int


def reached(target: float, comparisons: int) -> bool:
    """Whether this many comparisons without an error would put the rate below `target`."""
    return comparisons >= needed_samples(target).zero_error_trials


def unreached(targets: Sequence[float], comparisons: int) -> tuple[Unreached, ...]:
    """The targets that this many comparisons do not reach."""
    missing = [needed_samples(t) for t in targets if not reached(t, comparisons)]
    return tuple(Unreached(n.rate, n.zero_error_trials, n.zero_error_subjects) for n in missing)


def threshold_at(data: Comparisons, target: float) -> float:
    """The lowest threshold at which FMR is at most `target`: never more.

    Raises `InputError` for a target above what the tail reaches.
    """
    check_proportion(target, "a target FMR")
    scores = data.tail.scores
    if data.complete and most_errors(target, data.tail.comparisons) >= len(scores):
        # so many errors are allowed that any threshold will do, the lowest score included
        return float(min(scores[0], data.mated[data.mated > -math.inf].min()))
    return tail_threshold_for(data.tail, target, data.mated)


def points_at_targets(data: Comparisons, targets: Sequence[float]) -> tuple[MeasuredPoint, ...]:
    """A point for each target that the data reach."""
    wanted = [target for target in targets if reached(target, data.tail.comparisons)]
    return tuple(point_at(data, target, threshold_at(data, target)) for target in wanted)


def point_at(data: Comparisons, target: float, threshold: float) -> MeasuredPoint:
    """Both rates at a threshold, which may have been chosen elsewhere."""
    found = matches(data.mated, threshold)
    missed = int(np.count_nonzero(~found))
    fnmr = Rate(missed, len(data.mated))
    fmr = _false_match_rate(data, threshold)
    failed = data.mated_failures
    return MeasuredPoint(
        target,
        threshold,
        fmr,
        _fmr_interval(data, threshold, fmr),
        fnmr,
        wilson(fnmr)
        if data.clusters is None
        else clustered_wilson(clustered_fnmr(~found, data.clusters.mated)),
        Rate(fmr.errors, data.tail.comparisons - data.tail.failures),
        Rate(missed - failed, len(data.mated) - failed),
    )


def _false_match_rate(data: Comparisons, threshold: float) -> Rate:
    if data.complete and threshold < data.tail.floor:
        return Rate(len(data.tail.scores), data.tail.comparisons)
    return tail_false_match_rate(data.tail, threshold)


def _fmr_interval(data: Comparisons, threshold: float, fmr: Rate) -> Interval:
    if data.clusters is None:
        return wilson(fmr)
    errors = data.tail.false_matches(max(threshold, data.tail.floor))
    return clustered_wilson(clustered_fmr(errors, data.clusters.design))


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Thresholds of one half of the subjects, and what they come to on the other half."""

    tuning_subjects: int
    testing_subjects: int
    points: tuple[MeasuredPoint, ...]


def held_out(data: Comparisons, targets: Sequence[float]) -> HeldOut | str:
    """The check, or the reason why it cannot be made."""
    if data.clusters is None:
        return "the subjects are not known"
    tuning = data.clusters.tuning
    try:
        tune, test = data.half(tuning), data.half(~tuning)
    except InputError as error:
        return str(error)
    wanted = [target for target in targets if reached(target, tune.tail.comparisons)]
    points = [point_at(test, target, threshold_at(tune, target)) for target in wanted]
    if not points:
        return "half of the subjects give too few comparisons for any of the targets"
    present = _present(data)
    return HeldOut(int((tuning & present).sum()), int((~tuning & present).sum()), tuple(points))


def _present(data: Comparisons) -> Mask:
    assert data.clusters is not None
    present = data.clusters.design.degrees() > 0
    present[data.clusters.mated] = True
    return np.asarray(present)
