"""Error rates of groups of people at one global threshold (ISO/IEC 19795-10).

Groups are opaque codes that come with an evaluation set: given, never predicted. A figure is
shown only for groups of enough subjects; what is too small says how much more it needs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.text import counted
from reknown.evaluation.measures.designs import ListedPairsDesign, sums_within
from reknown.evaluation.measures.intervals import (
    checked_errors,
    clustered_fmr,
    clustered_from_sums,
    clustered_wilson,
)
from reknown.evaluation.measures.scores import UNLABELLED, checked_codes, matches

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from reknown.biometrics.rates import Interval, Rate
    from reknown.evaluation.measures.arrays import Floats, Ints, Mask
    from reknown.evaluation.measures.designs import PairDesign
    from reknown.evaluation.measures.intervals import ClusteredRate
    from reknown.evaluation.measures.scores import ScoreSet


MINIMUM_SUBJECTS = 30
STABLE_ERRORS = 30


class Evidence(Protocol):
    """Errors and trials at one threshold, by subjects 0 to s - 1."""

    @property
    def subjects(self) -> int:
        """s, how many subject codes there are."""

    def present(self) -> Mask:
        """Which subjects have any trial (s,)."""

    def counts(self, labels: Ints, groups: int, weights: Floats) -> tuple[Floats, Floats]:
        """Errors and trials (groups,) within each label; `labels` and `weights` are (s,)."""

    def clustered(self, chosen: Mask) -> ClusteredRate:
        """The rate within the `chosen` subjects (s,); `InputError` when there is no trial."""

    def subjects_for(self, factor: float, subjects: int) -> int:
        """About how many subjects would give `factor` times the trials that `subjects` give."""


@dataclass(frozen=True, slots=True, eq=False)
class SubjectTrials:
    """Trials of one subject each: FNMR, FNIR, FPIR or FTE; `errors` and `trials` (s,).

    Raises `InputError` unless 0 <= errors <= trials for each, with at least one trial.
    """

    errors: Ints
    trials: Ints

    def __post_init__(self) -> None:
        clustered_from_sums(self.errors, self.trials)

    @property
    def subjects(self) -> int:
        """How many subject codes there are."""
        return len(self.trials)

    def present(self) -> Mask:
        """As in `Evidence`."""
        return np.asarray(self.trials > 0)

    def counts(self, labels: Ints, groups: int, weights: Floats) -> tuple[Floats, Floats]:
        """As in `Evidence`."""
        chosen = labels >= 0
        codes = labels[chosen]
        errors, trials = (
            np.asarray(np.bincount(codes, (values * weights)[chosen], groups), np.float64)
            for values in (self.errors, self.trials)
        )
        return errors, trials

    def clustered(self, chosen: Mask) -> ClusteredRate:
        """As in `Evidence`."""
        errors, trials = np.where(chosen, self.errors, 0), np.where(chosen, self.trials, 0)
        return clustered_from_sums(errors, trials)

    def subjects_for(self, factor: float, subjects: int) -> int:
        """As in `Evidence`: trials grow with the subjects."""
        return math.ceil(factor * subjects)


@dataclass(frozen=True, slots=True, eq=False)
class PairTrials:
    """Non-mated comparisons: the subjects (k, 2) of each false match, and the design.

    Raises `InputError` for false matches that are not part of the design.
    """

    false_matches: Ints
    design: PairDesign

    def __post_init__(self) -> None:
        checked_errors(self.false_matches, self.design)

    @property
    def subjects(self) -> int:
        """How many subject codes there are."""
        return self.design.subjects

    def present(self) -> Mask:
        """As in `Evidence`."""
        return np.asarray(self.design.degrees() > 0)

    def counts(self, labels: Ints, groups: int, weights: Floats) -> tuple[Floats, Floats]:
        """As in `Evidence`: comparisons with both subjects in the group."""
        ones = np.ones(len(self.false_matches))
        errors = sums_within(self.false_matches, ones, labels, groups, weights)
        return errors, self.design.totals(labels, groups, weights)

    def clustered(self, chosen: Mask) -> ClusteredRate:
        """As in `Evidence`."""
        inside = chosen[self.false_matches].all(axis=1)
        return clustered_fmr(self.false_matches[inside], self.design.within(chosen))

    def subjects_for(self, factor: float, subjects: int) -> int:
        """As in `Evidence`: pairs grow with the square of the subjects."""
        return math.ceil(math.sqrt(factor) * subjects)


@dataclass(frozen=True, slots=True)
class GroupRate:
    """One group's `rate`, None with `withheld` saying why.

    `interval` allows for shared subjects. `unstable` is a rate of fewer than 30 errors.
    `more_subjects` is about how many to add for a rate that is shown, stable and without a
    suppressed ratio; 0 when it is so already.
    """

    group: int
    subjects: int
    rate: Rate | None
    interval: Interval | None
    withheld: str | None
    unstable: bool
    more_subjects: int


@dataclass(frozen=True, slots=True, eq=False)
class CrossMatrix:
    """False matches and comparisons between groups, both (g, g) and symmetric.

    A comparison of two groups is counted once and appears in both cells.
    """

    errors: Ints
    trials: Ints

    def rates(self) -> Floats:
        """FMR (g, g), NaN in cells without comparisons, which are to be left blank."""
        blank = np.full(self.trials.shape, np.nan)
        np.divide(self.errors, self.trials, out=blank, where=self.trials > 0)
        return blank


def cross_matrix(scores: ScoreSet, threshold: float) -> CrossMatrix:
    """FMR within and between the groups of non-mated comparisons.

    Comparisons of a subject without a label are left out. Raises `InputError` when the scores
    carry no groups.
    """
    if scores.non_mated_groups is None:
        raise InputError("these scores carry no groups: give non_mated_groups")
    pairs = scores.non_mated_groups
    known = (pairs != UNLABELLED).all(axis=1)
    if not known.any():
        raise InputError("no comparison has labels on both sides")
    size = int(pairs.max()) + 1
    cells = pairs.min(axis=1) * size + pairs.max(axis=1)
    wrong = known & matches(scores.non_mated, threshold)
    return CrossMatrix(_square(cells[wrong], size), _square(cells[known], size))


def cross_matrix_of(evidence: PairTrials, labels: ArrayLike) -> CrossMatrix:
    """The same from false matches and a design, with the group code of each subject (s,)."""
    codes, groups = checked_labels(evidence, labels)
    ones = np.ones(evidence.subjects)
    errors, trials = evidence.counts(codes, groups, ones)
    both = np.diag(errors), np.diag(trials)
    for one in range(groups):
        for other in range(one):
            joint = np.where(np.isin(codes, (one, other)), 0, UNLABELLED)
            for matrix, inside, total in zip(
                both, (errors, trials), evidence.counts(joint, 1, ones), strict=True
            ):
                between = total[0] - inside[one] - inside[other]
                matrix[one, other] = matrix[other, one] = between
    return CrossMatrix(np.rint(both[0]).astype(np.intp), np.rint(both[1]).astype(np.intp))


def subject_groups(scores: ScoreSet) -> Ints:
    """The group code of each subject (s,), -1 for none, from the columns of a score set.

    Raises `InputError` without subjects or groups, and for a subject of two groups.
    """
    columns = [
        (subjects.ravel(), groups.ravel())
        for subjects, groups in (
            (scores.mated_subjects, scores.mated_groups),
            (scores.non_mated_subjects, scores.non_mated_groups),
        )
        if subjects is not None and groups is not None
    ]
    if not columns:
        raise InputError("these scores do not name subjects with their groups")
    subjects = np.concatenate([column[0] for column in columns])
    groups = np.concatenate([column[1] for column in columns])
    found = np.full(int(subjects.max()) + 1, UNLABELLED)
    found[subjects] = groups
    if (found[subjects] != groups).any():
        raise InputError("a subject belongs to two groups: give each subject one label")
    return found


def mated_trials(scores: ScoreSet, threshold: float, subjects: int) -> SubjectTrials:
    """False non-matches by subject; `subjects` is how many codes there are."""
    if scores.mated_subjects is None:
        raise InputError("mated comparisons need their subjects")
    return subject_trials(~matches(scores.mated, threshold), scores.mated_subjects, subjects)


def subject_trials(errors: ArrayLike, of: ArrayLike, subjects: int) -> SubjectTrials:
    """Evidence from one flag and one subject for each trial, both (n,): searches, say.

    `subjects` is how many codes there are. Raises `InputError` for a code beyond them.
    """
    flags = np.asarray(errors)
    if flags.dtype != np.bool_ or flags.ndim != 1:
        raise InputError("errors are given as one true or false for each trial")
    codes = checked_codes(of, flags.shape, "subjects", 0)
    if codes.max(initial=0) >= subjects:
        raise InputError(f"subjects are numbered 0 to {subjects - 1}, not {codes.max()}")
    wrong = np.bincount(codes[flags], minlength=subjects)
    return SubjectTrials(wrong, np.bincount(codes, minlength=subjects))


def non_mated_trials(scores: ScoreSet, threshold: float, subjects: int) -> PairTrials:
    """False matches by pair of subjects; `subjects` is how many codes there are."""
    if scores.non_mated_subjects is None:
        raise InputError("non-mated comparisons need the subjects of both sides")
    pairs = scores.non_mated_subjects
    return PairTrials(
        pairs[matches(scores.non_mated, threshold)], ListedPairsDesign(pairs, subjects)
    )


def group_rates(
    evidence: Evidence,
    labels: ArrayLike,
    target: float,
    minimum_subjects: int = MINIMUM_SUBJECTS,
) -> tuple[GroupRate, ...]:
    """The rate of each group at the one threshold that the evidence stands for.

    `labels` (s,) are the subjects' group codes, -1 for none; `target` is the rate that the
    threshold was set for, which says how many trials a group without errors should have.
    """
    codes, groups = checked_labels(evidence, labels)
    if not 0 < target < 1:
        raise InputError(f"the rate aimed at must be between 0 and 1, got {target:g}")
    present = evidence.present()
    return tuple(
        _group_rate(evidence, present & (codes == group), group, target, minimum_subjects)
        for group in range(groups)
    )


def needs_more_trials(rate: Rate, target: float) -> bool:
    """Whether a rate of no errors rests on too few trials for a ratio: n < 3 / `target`."""
    return rate.errors == 0 and rate.trials * target < 3


def checked_labels(evidence: Evidence, labels: ArrayLike) -> tuple[Ints, int]:
    """Group codes (s,) and how many groups; `InputError` without any label."""
    codes = checked_codes(labels, (evidence.subjects,), "group labels", UNLABELLED)
    groups = int(codes.max(initial=UNLABELLED)) + 1
    if not groups:
        raise InputError("no subject has a group label")
    return codes, groups


def _group_rate(
    evidence: Evidence, chosen: Mask, group: int, target: float, minimum: int
) -> GroupRate:
    subjects = int(chosen.sum())
    if subjects < minimum:
        reason = f"{counted(subjects, 'subject')}, fewer than {minimum}"
        return GroupRate(group, subjects, None, None, reason, True, minimum - subjects)
    codes = np.where(chosen, 0, UNLABELLED)
    _, trials = evidence.counts(codes, 1, np.ones(evidence.subjects))
    if trials[0] < 1:
        return GroupRate(group, subjects, None, None, "no comparisons", True, 0)
    clustered = evidence.clustered(chosen)
    rate = clustered.rate
    unstable = rate.errors < STABLE_ERRORS
    expected = rate.errors or rate.trials * target
    wanted = evidence.subjects_for(STABLE_ERRORS / expected, subjects) if unstable else subjects
    more = max(0, wanted - subjects)
    interval = clustered_wilson(clustered)
    return GroupRate(group, subjects, rate, interval, None, unstable, more)


def _square(cells: Ints, size: int) -> Ints:
    upper = np.bincount(cells, minlength=size * size).reshape(size, size)
    return np.asarray(upper + upper.T - np.diag(np.diag(upper)))
