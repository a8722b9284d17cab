"""What the thresholds of a calibration come to on other pictures, for each group of people.

A rate measured on one set of people does not carry over to another: the closer people
resemble each other, the more strangers pass. Whoever sets a threshold should see by how much.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from reknown.evaluation.duplicates import find_duplicates
from reknown.evaluation.runs.comparisons import compare_all
from reknown.evaluation.runs.points import point_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from reknown.biometrics.calibration import Calibration
    from reknown.evaluation.duplicates import Duplicates
    from reknown.evaluation.manifest import Manifest
    from reknown.evaluation.runs.comparisons import Pictures
    from reknown.evaluation.runs.points import Point
    from reknown.evaluation.templates import TemplateSet

SIMILARITIES = (50.0, 70.0, 80.0, 90.0, 99.0)
EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The points of `SIMILARITIES`, as far as they were calibrated, among one `group` alone."""

    dataset: str
    group: str
    people: int
    similarities: tuple[float, ...]
    points: tuple[Point, ...]


def elsewhere(calibration: Calibration, pictures: Pictures, dataset: str) -> tuple[Elsewhere, ...]:
    """Everybody first, then every group of every column with at least two people.

    `dataset` says what the pictures are.
    """
    return tuple(_elsewhere(calibration, pictures, dataset))


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of the pictures, as if there were no others."""

    manifest: Manifest
    templates: TemplateSet
    duplicates: Duplicates
    calibration: Calibration | None


def _elsewhere(calibration: Calibration, pictures: Pictures, dataset: str) -> Iterator[Elsewhere]:
    manifest = pictures.manifest
    yield _judged(calibration, pictures, dataset, EVERYBODY)
    for column in manifest.group_columns:
        codes, names = manifest.groups([column])
        for code, name in enumerate(names):
            part = _part(pictures, np.flatnonzero(codes == code))
            if len(part.manifest.subjects()[1]) > 1:
                yield _judged(calibration, part, dataset, f"{column}: {name}")


def _judged(calibration: Calibration, pictures: Pictures, dataset: str, group: str) -> Elsewhere:
    data = compare_all(pictures).comparisons
    last = calibration.false_match_rates[-1] * (1 - 1e-9)  # of what was interpolated
    similarities = tuple(s for s in SIMILARITIES if _rate(calibration, s) >= last)
    points = (point_at(data, _rate(calibration, s), calibration.score(s)) for s in similarities)
    people = len(pictures.manifest.subjects()[1])
    return Elsewhere(dataset, group, people, similarities, tuple(points))


def _rate(calibration: Calibration, similarity: float) -> float:
    return calibration.false_match_rate(calibration.score(similarity))


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
