"""What the thresholds of a calibration come to on other images, for each group of people.

A rate measured on one set of people does not carry over to another: the closer people
resemble each other, the more strangers pass. Those who set a threshold should see by how much.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from reknown.evaluation.data.pairs import count_pairs
from reknown.evaluation.data.protocols import all_pairs
from reknown.evaluation.measures.designs import AllPairsDesign
from reknown.evaluation.measures.intervals import clustered_fmr, clustered_wilson
from reknown.evaluation.measures.tail import NonMatedTail, tail_false_match_rate
from reknown.evaluation.runs.comparisons import bin_edges

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reknown.biometrics.calibration import Calibration
    from reknown.biometrics.rates import Interval, Rate
    from reknown.evaluation.data.images import EvaluatedImages

SIMILARITIES = (50.0, 70.0, 80.0, 90.0, 99.0)
EVERYBODY = "everybody"
_NOBODY = np.empty((0, 2), np.intp)
_KEPT = 5_000_000
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class CheckedThreshold:
    """The false matches at one `threshold`, a score; failures never match."""

    threshold: float
    fmr: Rate
    fmr_interval: Interval


@dataclass(frozen=True, slots=True)
class GroupCheck:
    """The checks of `SIMILARITIES`, as far as they were calibrated, among one `group` alone."""

    dataset: str
    group: str
    people: int
    similarities: tuple[float, ...]
    points: tuple[CheckedThreshold, ...]


def check_elsewhere(
    calibration: Calibration, images: EvaluatedImages, dataset: str
) -> tuple[GroupCheck, ...]:
    """Everybody first, then every group of every column with at least two people.

    `dataset` says what the images are. Nothing for a calibration that ends before the first of
    `SIMILARITIES`. Raises `InputError` for images of one person alone.
    """
    top = calibration.similarity(calibration.scores[-1]) + _ROUNDING
    thresholds = {s: calibration.score(s) for s in SIMILARITIES if s <= top}
    return tuple(_checks(thresholds, images, dataset)) if thresholds else ()


def _checks(
    thresholds: Mapping[float, float], images: EvaluatedImages, dataset: str
) -> Iterator[GroupCheck]:
    manifest = images.manifest
    yield _check(thresholds, images, dataset, EVERYBODY)
    for column in manifest.group_columns:
        codes, names = manifest.groups([column])
        for code, name in enumerate(names):
            part = images.subset(np.flatnonzero(codes == code))
            if len(part.manifest.subjects()[1]) > 1:
                yield _check(thresholds, part, dataset, f"{column}: {name}")


def _check(
    thresholds: Mapping[float, float], images: EvaluatedImages, dataset: str, group: str
) -> GroupCheck:
    subjects, names = images.manifest.subjects()
    least, design = min(thresholds.values()), AllPairsDesign(np.bincount(subjects))
    tail = _strangers(images, least)
    points = tuple(_checked(tail, design, threshold) for threshold in thresholds.values())
    return GroupCheck(dataset, group, len(names), tuple(thresholds), points)


def _strangers(images: EvaluatedImages, least: float) -> NonMatedTail:
    """The comparisons of strangers that score `least` or more, however many."""
    templates, protocol = images.templates, all_pairs(images.manifest)
    if templates.failed.all():
        return NonMatedTail(np.empty(0), least, protocol.non_mated, protocol.non_mated, _NOBODY)
    compare = partial(count_pairs, templates.vectors, templates.failed, protocol, images.duplicates)
    found = compare(tail=min(protocol.non_mated, _KEPT))
    if found.tail.floor > least and len(found.tail.scores) < int(found.histogram.sum()):
        first = int(np.searchsorted(bin_edges(), least, "right")) - 1
        found = compare(tail=int(found.histogram[max(first, 0) :].sum()) + 1)
    return found.tail


def _checked(tail: NonMatedTail, design: AllPairsDesign, threshold: float) -> CheckedThreshold:
    threshold_in_tail = max(threshold, tail.floor)
    fmr = tail_false_match_rate(tail, threshold_in_tail)
    errors = tail.false_matches(threshold_in_tail)
    return CheckedThreshold(threshold, fmr, clustered_wilson(clustered_fmr(errors, design)))
