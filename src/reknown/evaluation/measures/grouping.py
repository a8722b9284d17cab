"""How well groups found are people: pairwise and BCubed precision and recall.

Pairwise: of all pairs within groups, how many are of one person (precision); of all pairs of one
person, how many are in one group (recall). BCubed (Bagga and Baldwin 1998; Amigó et al. 2009): for
each sighting the share of its group that is of its person, and of its person that is in its group,
then the mean over sightings; a large group or person does not count for more than its sightings.

A sighting in no group is a group of its own. People are drawn anew for intervals (bootstrap):
what is in one group, and what is wrong with it, is not independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate
from reknown.evaluation.measures.intervals import drawn_weights, percentile_interval
from reknown.evaluation.measures.scores import checked_codes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from reknown.biometrics.rates import Interval
    from reknown.evaluation.measures.arrays import Floats, Ints

UNGROUPED = -1


@dataclass(frozen=True, slots=True)
class GroupingScores:
    """Shares, 0 to 1; a precision without any pair is 1, and so is a recall."""

    precision: float
    recall: float
    bcubed_precision: float
    bcubed_recall: float

    @property
    def f(self) -> float:
        """The harmonic mean of both pairwise shares."""
        return _harmonic(self.precision, self.recall)

    @property
    def bcubed_f(self) -> float:
        """The harmonic mean of both BCubed shares."""
        return _harmonic(self.bcubed_precision, self.bcubed_recall)


@dataclass(frozen=True, slots=True)
class GroupingErrors:
    """What grouping n sightings came to.

    `wrong` of the pairs within groups are of two people, `apart` of the pairs of one person
    are not in one group. `mixed` of the groups of two sightings and more hold more than one person.
    """

    wrong: Rate
    apart: Rate
    mixed: Rate
    scores: GroupingScores


def grouping_errors(groups: ArrayLike, people: ArrayLike) -> GroupingErrors:
    """The errors of `groups` (n,), -1 for none, of the sightings of `people` (n,), from 0.

    Raises `InputError` for arrays that do not fit together, or where there is no pair within any
    group or of any person: then there is no error to count.
    """
    cells = _cells(groups, people)
    weights = np.ones(cells.people)
    pairs, correct, owed = _pairs(cells, weights)
    _, per_group = np.unique(cells.group, return_counts=True)
    sizes = np.bincount(cells.group, cells.count)
    large = sizes > 1
    return GroupingErrors(
        wrong=Rate(round(pairs - correct), round(pairs)),
        apart=Rate(round(owed - correct), round(owed)),
        mixed=Rate(int((per_group[large] > 1).sum()), int(large.sum())),
        scores=_scores(cells, weights),
    )


def bootstrapped(
    groups: ArrayLike, people: ArrayLike, *, replicates: int = 1000, seed: int = 1
) -> dict[str, Interval]:
    """Intervals of 95 % of all six scores, by name, from people drawn with replacement.

    The groups stay as they are, for they were made of everybody. A sighting counts as often as its
    person was drawn, a pair of two people as often as both were drawn together, a pair of one
    person as often as that one was.
    """
    cells = _cells(groups, people)
    generator = np.random.default_rng(seed)
    present = np.unique(cells.person)
    drawn = [
        _scores(cells, drawn_weights(generator, present, cells.people)) for _ in range(replicates)
    ]
    names = ("precision", "recall", "f", "bcubed_precision", "bcubed_recall", "bcubed_f")
    return {
        name: percentile_interval(np.array([getattr(one, name) for one in drawn])) for name in names
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """For each group and person in it (k,) how many sightings there are."""

    group: Ints
    person: Ints
    count: Floats
    people: int


def _cells(groups: ArrayLike, people: ArrayLike) -> _Cells:
    persons = checked_codes(people, np.shape(people), "people", 0)
    labels = checked_codes(groups, persons.shape, "groups", UNGROUPED)
    if not len(persons):
        raise InputError("there is no sighting to be grouped")
    alone = labels == UNGROUPED
    own = np.where(alone, labels.max() + 1 + np.arange(len(labels)), labels)
    _, dense = np.unique(own, return_inverse=True)
    count = int(persons.max()) + 1
    codes, sizes = np.unique(dense * count + persons, return_counts=True)
    return _Cells(codes // count, codes % count, sizes.astype(np.float64), count)


def _pairs(cells: _Cells, weights: Floats) -> tuple[float, float, float]:
    """Pairs within groups, those of them that are of one person, and all of one person."""
    own = weights[cells.person]
    correct = float(own @ _choose(cells.count))
    weighted = own * cells.count
    # pairs of different people: half of (square of the sum less the sum of squares)
    crossed = np.bincount(cells.group, weighted) ** 2 - np.bincount(cells.group, weighted**2)
    totals = np.bincount(cells.person, cells.count, cells.people)
    return correct + float(crossed.sum()) / 2, correct, float(weights @ _choose(totals))


def _scores(cells: _Cells, weights: Floats) -> GroupingScores:
    pairs, correct, owed = _pairs(cells, weights)
    own = weights[cells.person]
    size = np.bincount(cells.group, cells.count)[cells.group]
    totals = np.bincount(cells.person, cells.count, cells.people)[cells.person]
    everything = float((own * cells.count).sum())
    return GroupingScores(
        precision=correct / pairs if pairs else 1.0,
        recall=correct / owed if owed else 1.0,
        bcubed_precision=float((own * cells.count**2 / size).sum()) / everything,
        bcubed_recall=float((own * cells.count**2 / totals).sum()) / everything,
    )


def _choose(counts: ArrayLike) -> Floats:
    numbers = np.asarray(counts, np.float64)
    halves: Floats = numbers * (numbers - 1) / 2
    return halves


def _harmonic(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0
