"""Galleries drawn from a set of images, searched with all the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.evaluation.data.pairs import score_matrix
from reknown.evaluation.data.protocols import gallery_split
from reknown.evaluation.measures.identification import (
    Searches,
    false_positives,
    misses,
    searches_from_scores,
    selectivity,
    threshold_for_fpir,
)
from reknown.evaluation.measures.intervals import clustered_from_sums, clustered_wilson

if TYPE_CHECKING:
    from reknown.biometrics.calibration import Calibration
    from reknown.biometrics.rates import Interval, Rate
    from reknown.evaluation.data.manifest import Manifest
    from reknown.evaluation.data.protocols import GallerySplit
    from reknown.evaluation.data.templates import TemplateSet
    from reknown.evaluation.measures.arrays import Ints, Mask, Singles


_LIST_LENGTH = 200
_MOST_SCORES = 400_000_000


@dataclass(frozen=True, slots=True)
class IdentificationPlan:
    """What is drawn and at which thresholds it is judged.

    `sizes` are numbers of subjects, by default 10, 100, 1,000 and so on and the most there
    are; `references` is how many images enrol a subject. `similarities` need a calibration.

    Raises `InputError` for an FPIR that is not between 0 and 1.
    """

    sizes: tuple[int, ...] = ()
    references: int = 1
    similarities: tuple[float, ...] = (80.0, 90.0, 99.0)
    fpirs: tuple[float, ...] = (0.003, 0.01, 0.1)
    seed: int = 1

    def __post_init__(self) -> None:
        if not all(0 < fpir < 1 for fpir in self.fpirs):
            raise InputError("a target FPIR must be between 0 and 1, such as 0.003")


@dataclass(frozen=True, slots=True)
class GalleryPoint:
    """Rates in one gallery at one threshold; `why_none` where no threshold could be chosen."""

    name: str
    similarity: float | None = None
    score: float | None = None
    fpir: tuple[Rate, Interval] | None = None
    fnir: tuple[Rate, Interval] | None = None
    selectivity: float | None = None
    why_none: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class DrawnGallery:
    """One size: its searches and the subjects of the probes."""

    searches: Searches
    mated_of: Ints
    non_mated_of: Ints

    @property
    def size(self) -> int:
        """How many subjects are enrolled."""
        return self.searches.gallery_size

    def fpir(self, threshold: float) -> tuple[Rate, Interval]:
        """The rate at a threshold."""
        return _clustered(false_positives(self.searches, threshold), self.non_mated_of)

    def fnir(self, threshold: float = -np.inf, rank: int = 1) -> tuple[Rate, Interval]:
        """The same of misses; without a threshold by rank alone."""
        return _clustered(misses(self.searches, threshold, rank), self.mated_of)


def largest_gallery(manifest: Manifest, plan: IdentificationPlan) -> GallerySplit:
    """The gallery of the largest size; by default up to half of the subjects are enrolled."""
    subjects, names = manifest.subjects()
    able = int(np.count_nonzero(np.bincount(subjects) > plan.references))
    if len(names) < 2 or not able:
        raise InputError(
            f"identification needs two subjects, one of them with {plan.references + 1} images: "
            f"there are {len(names):,} subjects, {able:,} with so many"
        )
    most = max(plan.sizes) if plan.sizes else min(able, len(names) // 2)
    if plan.sizes and min(plan.sizes) < 1:
        raise InputError("a gallery holds at least one subject")
    return gallery_split(manifest, most, plan.references, seed=str(plan.seed))


def drawn_galleries(
    templates: TemplateSet, split: GallerySplit, plan: IdentificationPlan
) -> tuple[DrawnGallery, ...]:
    """One of each size, each part of the next; raises `InputError` for too many scores."""
    probes = np.concatenate([split.mated_probes, split.non_mated_probes])
    if len(probes) * len(split.gallery) > _MOST_SCORES:
        raise InputError(
            f"{len(probes):,} probes in a gallery of {len(split.gallery):,} images are too many to "
            "search at once: give a smaller --size"
        )
    scores = score_matrix(templates.vectors, templates.failed, probes, split.gallery)
    enrolled = split.subjects[split.gallery]
    order = np.random.default_rng(plan.seed).permutation(np.unique(enrolled))
    sizes = sorted(set(plan.sizes)) or _decades(len(order))
    return tuple(
        _gallery(scores, enrolled, split.subjects[probes], np.sort(order[:size])) for size in sizes
    )


def _gallery(scores: Singles, enrolled: Ints, probes: Ints, drawn: Ints) -> DrawnGallery:
    strangers = ~np.isin(probes, enrolled)
    mated = np.isin(probes, drawn)
    rows, columns = strangers | mated, np.isin(enrolled, drawn)
    if not mated.any():
        raise InputError(
            "no enrolled subject has an image to search with: the same images were left out"
        )
    part = scores[np.ix_(rows, columns)].astype(np.float64)
    searches = searches_from_scores(part, enrolled[columns], probes[rows], _LIST_LENGTH)
    return DrawnGallery(searches, probes[mated], probes[strangers])


def _decades(most: int) -> list[int]:
    sizes = [10**power for power in range(1, 8) if 10**power < most]
    return [*sizes, most]


def points_of(
    gallery: DrawnGallery, calibration: Calibration | None, plan: IdentificationPlan
) -> list[GalleryPoint]:
    """What the gallery comes to at each threshold of the plan."""
    points = []
    if calibration is not None:
        for similarity in plan.similarities:
            score = calibration.score(similarity)
            points.append(_point(gallery, f"similarity {similarity:g}", similarity, score))
    for fpir in plan.fpirs:
        name = f"FPIR {fpir:g}"
        try:
            score = _threshold(gallery, fpir)
        except InputError as error:
            points.append(GalleryPoint(name, why_none=str(error)))
            continue
        similarity_at = None if calibration is None else calibration.similarity(score)
        points.append(_point(gallery, name, similarity_at, score))
    return points


def _threshold(gallery: DrawnGallery, fpir: float) -> float:
    trials = len(gallery.non_mated_of)
    if fpir * trials < 1:
        raise InputError(f"{trials:,} non-mated searches cannot show FPIR {fpir:g}")
    return threshold_for_fpir(gallery.searches, fpir)


def _point(
    gallery: DrawnGallery, name: str, similarity: float | None, score: float
) -> GalleryPoint:
    try:
        load = selectivity(gallery.searches, score)
    except InputError:  # a full list does not show all candidates
        load = None
    fpir, fnir = gallery.fpir(score), gallery.fnir(score)
    return GalleryPoint(name, similarity, score, fpir, fnir, load)


def _clustered(errors: Mask, subjects: Ints) -> tuple[Rate, Interval]:
    codes = np.unique(subjects, return_inverse=True)[1]
    found = clustered_from_sums(np.bincount(codes[errors], minlength=codes.max() + 1),
                                np.bincount(codes))  # fmt: skip
    return found.rate, clustered_wilson(found)
