"""What a report on one-to-one comparisons rests on, from images or from a file of scores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.evaluation.data.pairs import (
    HISTOGRAM_BINS,
    Excluded,
    count_pairs,
    score_pairs,
    tail_length,
)
from reknown.evaluation.data.protocols import all_pairs, tuning_subjects
from reknown.evaluation.measures.designs import AllPairsDesign, ListedPairsDesign, PairDesign
from reknown.evaluation.measures.scores import ScoreSet
from reknown.evaluation.measures.tail import NonMatedTail

if TYPE_CHECKING:
    from reknown.evaluation.data.images import EvaluatedImages
    from reknown.evaluation.data.protocols import ListedPairs
    from reknown.evaluation.data.score_files import ScoreFile
    from reknown.evaluation.measures.arrays import Counts, Floats, Ints, Mask


_KEPT = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Who was compared: `mated` (m,) subjects, the non-mated `design`, and (s,) subjects.

    `tuning` bool (s,): the half of the subjects that thresholds are chosen on in the held-out
    check.
    """

    mated: Ints
    design: PairDesign
    tuning: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """Mated scores (m,), the highest non-mated ones, and what is known of them.

    `complete`: the tail holds every non-mated score. Where it does not, `bins` int64 counts all
    of them in equal bins from -1 to 1, else it is None. `mated_rows` (m, 2) and `tail_rows`
    (t, 2) are places in `names`; they are None, and it is empty, where nothing is known.
    """

    mated: Floats
    tail: NonMatedTail
    complete: bool
    bins: Counts | None
    clusters: Clusters | None
    names: tuple[str, ...]
    mated_rows: Ints | None
    tail_rows: Ints | None

    def __post_init__(self) -> None:
        if not (self.mated > -math.inf).any() or not len(self.tail.scores):
            raise InputError(
                "every mated or every non-mated comparison failed: there is no threshold to "
                "choose and no rate to show"
            )

    @property
    def mated_failures(self) -> int:
        """Mated comparisons in which a side failed."""
        return int(np.count_nonzero(self.mated == -math.inf))

    @property
    def dependence(self) -> str:
        """What intervals take the comparisons for."""
        return "independent" if self.clusters is None else "clustered by subject"

    def half(self, chosen: Mask) -> Comparisons:
        """The comparisons among the `chosen` (s,) subjects, without names.

        Raises `InputError` when nothing is known of the subjects or too little is left.
        """
        if self.clusters is None or self.tail.subjects is None:
            raise InputError("the subjects are not known, so they cannot be divided")
        design = self.clusters.design.within(chosen)
        mated = chosen[self.clusters.mated]
        if not mated.any():
            raise InputError("no mated comparison is left in a half of the subjects")
        kept = chosen[self.tail.subjects].all(axis=1)
        # which of them failed is not asked for here, only how many comparisons there were
        tail = NonMatedTail(
            self.tail.scores[kept], self.tail.floor, design.comparisons, 0, self.tail.subjects[kept]
        )
        clusters = Clusters(self.clusters.mated[mated], design, self.clusters.tuning)
        return Comparisons(self.mated[mated], tail, self.complete, None, clusters, (), None, None)


@dataclass(frozen=True, slots=True, eq=False)
class ComparedImages:
    """The comparisons of images and what was left out of them."""

    comparisons: Comparisons
    excluded: Excluded
    non_mated_duplicates: int


def compare_all(
    images: EvaluatedImages, *, skip_same_session: bool = False, keep: int = _KEPT
) -> ComparedImages:
    """Every image with every other; at least `keep` of the non-mated scores, if there are.

    Raises `InputError` for fewer than two subjects, no mated pair, or nothing but failures.
    """
    subjects, names = images.manifest.subjects()
    templates = images.templates
    templates.require_any()
    protocol = all_pairs(images.manifest, skip_same_session=skip_same_session)
    length = max(tail_length(protocol.non_mated), min(protocol.non_mated, keep))
    found = count_pairs(
        templates.vectors, templates.failed, protocol, images.duplicates, tail=length
    )
    if not len(found.mated):
        raise InputError(
            "no subject has two different images: FNMR needs mated comparisons, so add more "
            "images of the same people"
        )
    design = AllPairsDesign(np.bincount(subjects))
    complete = len(found.tail.scores) == found.tail.comparisons - found.tail.failures
    comparisons = Comparisons(
        found.mated,
        found.tail,
        complete,
        None if complete else found.histogram,
        Clusters(subjects[found.mated_pairs[:, 0]], design, tuning_subjects(names)),
        images.names(),
        found.mated_pairs,
        found.tail_pairs,
    )
    return ComparedImages(comparisons, found.excluded, found.non_mated_duplicates)


def compare_listed(images: EvaluatedImages, listed: ListedPairs) -> ComparedImages:
    """The pairs of a published list, duplicates included as its authors have them."""
    images.templates.require_any()
    scores = listed_scores(images, listed)
    subjects, names = images.manifest.subjects()
    rows = np.stack([listed.first, listed.second], axis=1)
    mated, others = listed.mated, ~listed.mated
    if not mated.any() or not others.any():
        raise InputError("the list needs both mated and non-mated pairs")
    found = ScoreSet(
        scores[mated],
        scores[others],
        subjects[rows[mated, 0]],
        subjects[rows[others]],
    )
    comparisons = _of_scores(found, names, (rows[mated], rows[others]), images.names())
    return ComparedImages(comparisons, Excluded(0, 0, 0), 0)


def listed_scores(images: EvaluatedImages, listed: ListedPairs) -> Floats:
    """The score of each listed pair, -inf for a failure."""
    templates = images.templates
    return score_pairs(templates.vectors, templates.failed, listed.first, listed.second)


def compare_scores(file: ScoreFile) -> Comparisons:
    """The comparisons of a file of scores."""
    scores = file.scores
    if scores.mated_subjects is None or scores.non_mated_subjects is None:
        return _of_scores(scores, (), None, ())
    own = np.stack([scores.mated_subjects] * 2, axis=1)
    rows = (own, scores.non_mated_subjects)
    return _of_scores(scores, file.subject_names, rows, file.subject_names)


def _of_scores(
    scores: ScoreSet,
    subjects: tuple[str, ...],
    rows: tuple[Ints, Ints] | None,
    names: tuple[str, ...],
) -> Comparisons:
    finite = np.flatnonzero(scores.non_mated > -math.inf)
    order = finite[np.argsort(scores.non_mated[finite], kind="stable")]
    values = scores.non_mated[order]
    pairs = scores.non_mated_subjects
    tail = NonMatedTail(
        values,
        float(values[0]) if len(values) else 0.0,
        len(scores.non_mated),
        scores.non_mated_failures,
        None if pairs is None else pairs[order],
    )
    clusters = None
    if pairs is not None and scores.mated_subjects is not None:
        design = ListedPairsDesign(pairs, len(subjects))
        clusters = Clusters(scores.mated_subjects, design, tuning_subjects(subjects))
    mated_rows, tail_rows = (None, None) if rows is None else (rows[0], rows[1][order])
    return Comparisons(scores.mated, tail, True, None, clusters, names, mated_rows, tail_rows)


def bin_edges() -> Floats:
    """The edges of `Comparisons.bins`."""
    return np.linspace(-1, 1, HISTOGRAM_BINS + 1)
