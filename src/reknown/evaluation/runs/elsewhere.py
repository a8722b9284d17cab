"""What the thresholds of a calibration come to on other pictures, for each group of people.

A rate measured on one set of people does not carry over to another: the closer people
resemble each other, the more strangers pass. Whoever sets a threshold should see by how much.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from reknown.evaluation.designs import AllPairsDesign
from reknown.evaluation.duplicates import find_duplicates
from reknown.evaluation.intervals import clustered_fmr, clustered_wilson
from reknown.evaluation.pairs import count_pairs
from reknown.evaluation.protocols import all_pairs
from reknown.evaluation.runs.comparisons import bin_edges
from reknown.evaluation.tail import NonMatedTail, tail_false_match_rate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from reknown.biometrics.calibration import Calibration
    from reknown.evaluation.duplicates import Duplicates
    from reknown.evaluation.intervals import Interval
    from reknown.evaluation.manifest import Manifest
    from reknown.evaluation.rates import Rate
    from reknown.evaluation.runs.comparisons import Pictures
    from reknown.evaluation.templates import TemplateSet

SIMILARITIES = (50.0, 70.0, 80.0, 90.0, 99.0)
EVERYBODY = "everybody"
_NOBODY = np.empty((0, 2), np.intp)


_KEPT = 5_000_000
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Check:
    """The false matches at one `threshold`, a score; failures never match."""

    threshold: float
    fmr: Rate
    fmr_interval: Interval


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The checks of `SIMILARITIES`, as far as they were calibrated, among one `group` alone."""

    dataset: str
    group: str
    people: int
    similarities: tuple[float, ...]
    points: tuple[Check, ...]


def elsewhere(calibration: Calibration, pictures: Pictures, dataset: str) -> tuple[Elsewhere, ...]:
    """Everybody first, then every group of every column with at least two people.

    `dataset` says what the pictures are. Nothing for a calibration that ends before the first of
    `SIMILARITIES`. Raises `InputError` for pictures of one person alone.
    """
    top = calibration.similarity(calibration.scores[-1]) + _ROUNDING
    thresholds = {s: calibration.score(s) for s in SIMILARITIES if s <= top}
    return tuple(_elsewhere(thresholds, pictures, dataset)) if thresholds else ()


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of the pictures, as if there were no others."""

    manifest: Manifest
    templates: TemplateSet
    duplicates: Duplicates
    calibration: Calibration | None


def _elsewhere(
    thresholds: Mapping[float, float], pictures: Pictures, dataset: str
) -> Iterator[Elsewhere]:
    manifest = pictures.manifest
    yield _judged(thresholds, pictures, dataset, EVERYBODY)
    for column in manifest.group_columns:
        codes, names = manifest.groups([column])
        for code, name in enumerate(names):
            part = _part(pictures, np.flatnonzero(codes == code))
            if len(part.manifest.subjects()[1]) > 1:
                yield _judged(thresholds, part, dataset, f"{column}: {name}")


def _judged(
    thresholds: Mapping[float, float], pictures: Pictures, dataset: str, group: str
) -> Elsewhere:
    subjects, names = pictures.manifest.subjects()
    least, design = min(thresholds.values()), AllPairsDesign(np.bincount(subjects))
    tail = _strangers(pictures, least)
    points = tuple(_checked(tail, design, threshold) for threshold in thresholds.values())
    return Elsewhere(dataset, group, len(names), tuple(thresholds), points)


def _strangers(pictures: Pictures, least: float) -> NonMatedTail:
    """The comparisons of strangers that score `least` or more, however many."""
    templates, protocol = pictures.templates, all_pairs(pictures.manifest)
    if templates.failed.all():
        return NonMatedTail(np.empty(0), least, protocol.non_mated, protocol.non_mated, _NOBODY)
    compare = partial(
        count_pairs, templates.vectors, templates.failed, protocol, pictures.duplicates
    )
    found = compare(tail=min(protocol.non_mated, _KEPT))
    if found.tail.floor > least and len(found.tail.scores) < int(found.histogram.sum()):
        first = int(np.searchsorted(bin_edges(), least, "right")) - 1
        found = compare(tail=int(found.histogram[max(first, 0) :].sum()) + 1)
    return found.tail


def _checked(tail: NonMatedTail, design: AllPairsDesign, threshold: float) -> Check:
    threshold_in_tail = max(threshold, tail.floor)
    fmr = tail_false_match_rate(tail, threshold_in_tail)
    errors = tail.false_matches(threshold_in_tail)
    return Check(threshold, fmr, clustered_wilson(clustered_fmr(errors, design)))


def _part(pictures: Pictures, rows: NDArray[np.intp]) -> _Part:
    found, marks = pictures.templates, pictures.templates.pictures
    manifest = replace(
        pictures.manifest, samples=tuple(pictures.manifest.samples[row] for row in rows)
    )
    kept = replace(
        marks,
        digests=tuple(marks.digests[row] for row in rows),
        hashes=marks.hashes[rows],
        thumbnails=marks.thumbnails[rows],
    )
    templates = replace(
        found,
        vectors=found.vectors[rows],
        quality=found.quality[rows],
        failed=found.failed[rows],
        reasons=tuple(found.reasons[row] for row in rows),
        pictures=kept,
    )
    duplicates = find_duplicates(kept, manifest.subjects()[0])
    return _Part(manifest, templates, duplicates, pictures.calibration)
