"""What an evaluation by groups rests on: errors by subject, and the groups of the subjects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.evaluation.data.pairs import count_pairs, tail_length
from reknown.evaluation.data.protocols import all_pairs
from reknown.evaluation.measures.designs import AllPairsDesign
from reknown.evaluation.measures.differentials import (
    PairTrials,
    SubjectTrials,
    mated_trials,
    non_mated_trials,
    subject_groups,
    subject_trials,
)
from reknown.evaluation.measures.failures import failures_by_group
from reknown.evaluation.measures.scores import UNLABELLED, matches
from reknown.evaluation.measures.tail import NonMatedTail, tail_threshold_for
from reknown.evaluation.measures.verification import threshold_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.biometrics.calibration import Calibration
    from reknown.evaluation.data.images import EvaluatedImages
    from reknown.evaluation.data.manifest import Manifest
    from reknown.evaluation.data.pairs import PairScores
    from reknown.evaluation.data.protocols import AllPairs
    from reknown.evaluation.measures.arrays import Ints, Mask
    from reknown.evaluation.measures.failures import GroupFailures
    from reknown.evaluation.measures.scores import ScoreSet


DEFAULT_SIMILARITY = 80.0
_MOST_GROUPS = 100
_ALWAYS_KEPT = 1_000_000


@dataclass(frozen=True, slots=True)
class GroupThreshold:
    """The threshold to use for everybody: a similarity, or the FMR that it is to give here.

    Raises `InputError` for both at once, and for an FMR that is not between 0 and 1.
    """

    similarity: float | None = None
    fmr: float | None = None

    def __post_init__(self) -> None:
        if self.similarity is not None and self.fmr is not None:
            raise InputError("give the threshold as --similarity or --fmr, not both")
        if self.fmr is not None and not 0 < self.fmr < 1:
            raise InputError(f"a target FMR must be between 0 and 1, got {self.fmr:g}")


@dataclass(frozen=True, slots=True)
class Operating:
    """One threshold for all: its `score`, the FMR it stands for, and where it comes from."""

    score: float
    target: float
    similarity: float | None
    source: str
    chosen_here: bool


@dataclass(frozen=True, slots=True, eq=False)
class GroupColumn:
    """One way to group the subjects, by labels that were declared.

    `codes` (s,) are indices of `names`, -1 for subjects without a label. `images` (g,) and
    `failures`, one for each group, are empty where only scores are known.
    """

    name: str
    names: tuple[str, ...]
    codes: Ints
    images: tuple[int, ...] = ()
    failures: tuple[GroupFailures, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class GroupData:
    """Errors of all subjects at one threshold, and their groups.

    `mated` is None where nobody has two images. With `succeeded_*` failures are left out.
    """

    operating: Operating
    non_mated: PairTrials
    mated: SubjectTrials | None
    succeeded_non_mated: PairTrials | None
    succeeded_mated: SubjectTrials | None
    columns: tuple[GroupColumn, ...]
    cautions: tuple[str, ...]


def data_of_images(
    images: EvaluatedImages, choice: GroupThreshold, by: Sequence[str] = ()
) -> GroupData:
    """Compares all pairs and counts errors by subject.

    Raises `InputError` without group columns, for one that gives a subject two labels, without
    templates or non-mated comparisons, and without a way to a threshold.
    """
    manifest, templates = images.manifest, images.templates
    columns, left_out = group_columns(manifest, templates.failed, by)
    templates.require_any()
    pairs = all_pairs(manifest)
    length = max(tail_length(pairs.non_mated), min(pairs.non_mated, _ALWAYS_KEPT))
    found = count_pairs(templates.vectors, templates.failed, pairs, images.duplicates, tail=length)
    operating = _operating(found, images.calibration, choice)
    wrong = _false_matches(found.tail, operating.score)
    owners = pairs.subjects[found.mated_pairs[:, 0]]
    missed = ~matches(found.mated, operating.score)
    good = ~templates.failed[found.mated_pairs].any(axis=1)
    counts = np.bincount(pairs.subjects)
    done = np.bincount(pairs.subjects[~templates.failed], minlength=len(counts))
    return GroupData(
        operating,
        PairTrials(wrong, AllPairsDesign(counts)),
        _mated(missed, owners, len(counts)),
        _non_mated_of_successes(wrong, done),
        _mated(missed[good], owners[good], len(counts)),
        columns,
        (*left_out, *_cautions(found, operating), *_sessions(found, pairs)),
    )


def data_of_scores(
    scores: ScoreSet, names: tuple[str, ...], fmr: float, column: str = "group"
) -> GroupData:
    """The same from scores that name subjects and groups; `names` are those of the codes.

    Raises `InputError` where they name no subjects or groups, or cannot show that FMR.
    """
    GroupThreshold(fmr=fmr)
    _check_resolution(fmr, len(scores.non_mated))
    if scores.mated_failures == len(scores.mated):
        raise InputError("every mated comparison failed: there is nothing to compare")
    if scores.non_mated_failures == len(scores.non_mated):
        raise InputError("every non-mated comparison failed: there is nothing to compare")
    codes = subject_groups(scores)
    count = _subject_count(scores)
    labels = np.full(count, UNLABELLED)
    labels[: len(codes)] = codes
    score = threshold_for(scores, fmr)
    operating = Operating(score, fmr, None, f"FMR {fmr:g} on these scores", chosen_here=True)
    mated = mated_trials(scores, score, count)
    non_mated = non_mated_trials(scores, score, count)
    chosen = GroupColumn(column, names, labels)
    cautions = (_SAME_SET,)
    return GroupData(operating, non_mated, mated, None, None, (chosen,), cautions)


def check_columns(manifest: Manifest, by: Sequence[str] = ()) -> None:
    """Raises the `InputError` of `data_of_images` for group columns, before any template."""
    group_columns(manifest, np.zeros(len(manifest.samples), bool), by)


def group_columns(
    manifest: Manifest, failed: Mask, by: Sequence[str] = ()
) -> tuple[tuple[GroupColumn, ...], tuple[str, ...]]:
    """The columns asked for, all of them by default, and what was left out of those and why.

    "sex,region" is one column: the labels of both together. Raises `InputError` for a column
    that is not there or cannot be used, where it was asked for by name.
    """
    if not manifest.group_columns:
        raise InputError(
            "the manifest declares no groups: give a CSV with the columns image,subject and one "
            "more for each grouping; Reknown never guesses who belongs to which group"
        )
    if by:
        return tuple(_column(manifest, failed, name) for name in dict.fromkeys(by)), ()
    found, problems = [], []
    for name in manifest.group_columns:
        try:
            found.append(_column(manifest, failed, name))
        except InputError as error:
            problems.append(f"left out: {error}")
    if not found:
        raise InputError("no group column can be used:\n  " + "\n  ".join(problems))
    return tuple(found), tuple(problems)


def _column(manifest: Manifest, failed: Mask, name: str) -> GroupColumn:
    of_samples, names = manifest.groups([part.strip() for part in name.split(",")])
    if not names:
        raise InputError(f"the group column {name!r} is empty")
    if len(names) > _MOST_GROUPS:
        raise InputError(
            f"the group column {name!r} has {len(names):,} labels, more than {_MOST_GROUPS}: "
            "join them into bands"
        )
    subjects, people = manifest.subjects()
    codes = np.full(len(people), UNLABELLED)
    labelled = of_samples != UNLABELLED
    codes[subjects[labelled]] = of_samples[labelled]
    torn = subjects[labelled & (codes[subjects] != of_samples)]
    if len(torn):
        raise InputError(
            f"the group column {name!r} gives {len(np.unique(torn)):,} subjects two labels, "
            f"{people[torn[0]]!r} for one: groups are of subjects, so give each one label"
        )
    every = codes[subjects]
    images = np.bincount(every[every != UNLABELLED], minlength=len(names))
    failures = failures_by_group(failed, subjects, every)
    return GroupColumn(name, names, codes, tuple(int(count) for count in images), failures)


def _operating(
    found: PairScores, calibration: Calibration | None, choice: GroupThreshold
) -> Operating:
    if choice.fmr is not None:
        _check_resolution(choice.fmr, found.tail.comparisons)
        score = tail_threshold_for(
            found.tail, choice.fmr, found.mated if len(found.mated) else None
        )
        similarity = None if calibration is None else calibration.similarity(score)
        source = f"FMR {choice.fmr:g} on these images"
        return Operating(score, choice.fmr, similarity, source, chosen_here=True)
    if calibration is None:
        raise InputError(
            "this model pack is not calibrated, so it has no similarities: give the "
            "FMR that the threshold is to have on these images, --fmr 1e-3 say"
        )
    similarity = DEFAULT_SIMILARITY if choice.similarity is None else choice.similarity
    score = calibration.score(similarity)
    target = calibration.false_match_rate(score)
    if not 0 < target < 1:
        raise InputError(f"similarity {similarity:g} is a threshold that everybody reaches")
    return Operating(score, target, similarity, "the model pack's calibration", chosen_here=False)


def _check_resolution(fmr: float, comparisons: int) -> None:
    if fmr * comparisons < 1:
        raise InputError(
            f"{comparisons:,} non-mated comparisons cannot show FMR {fmr:g}: give more images "
            f"or an FMR from {1 / comparisons:.1g} on"
        )


def _false_matches(tail: NonMatedTail, score: float) -> Ints:
    complete = len(tail.scores) == tail.comparisons - tail.failures
    return tail.false_matches(max(score, tail.floor) if complete else score)


def _mated(missed: Mask, owners: Ints, subjects: int) -> SubjectTrials | None:
    return subject_trials(missed, owners, subjects) if len(missed) else None


def _non_mated_of_successes(wrong: Ints, images: Ints) -> PairTrials | None:
    if np.count_nonzero(images) < 2:
        return None
    return PairTrials(wrong, AllPairsDesign(images))


def _subject_count(scores: ScoreSet) -> int:
    known = [
        codes for codes in (scores.mated_subjects, scores.non_mated_subjects) if codes is not None
    ]
    return 1 + max(int(codes.max()) for codes in known)


_SAME_SET = (
    "The threshold was chosen on the same data that it is judged on: the overall FMR is what was "
    "asked for by construction, and only the differences between groups are a result."
)


def _cautions(found: PairScores, operating: Operating) -> tuple[str, ...]:
    texts = []
    if operating.chosen_here:
        texts.append(_SAME_SET)
    if found.non_mated_duplicates:
        texts.append(
            f"{found.non_mated_duplicates:,} pairs of different subjects show the same image. "
            "They count as comparisons; most likely these are wrong labels: check them first."
        )
    if not len(found.mated):
        texts.append("No subject has two images: FNMR was not measured.")
    return tuple(texts)


def _sessions(found: PairScores, pairs: AllPairs) -> tuple[str, ...]:
    """Mated pairs of one session are easier than what a system meets later."""
    one, other = pairs.sessions[found.mated_pairs].T
    same = int(np.count_nonzero((one == other) & (one >= 0)))
    if not same:
        return ()
    return (
        f"{same:,} of {len(one):,} mated comparisons are of one session: FNMR is better than "
        "with images of different days.",
    )
