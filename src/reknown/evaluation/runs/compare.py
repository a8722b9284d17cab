"""`evaluate compare`: two systems on the same comparisons, at the same false match rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.evaluation.measures.comparison import PairedComparison, compare_systems
from reknown.evaluation.measures.scores import matches
from reknown.evaluation.runs.blocks import unreached_text
from reknown.evaluation.runs.comparisons import Comparisons, compare_all, compare_scores
from reknown.evaluation.runs.formats import number, rate_data, rate_words
from reknown.evaluation.runs.points import TARGETS, MeasuredPoint, points_at_targets, unreached
from reknown.reporting.blocks import Table, Text
from reknown.reporting.report import Section, assembled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.evaluation.data.images import EvaluatedImages
    from reknown.evaluation.data.score_files import ScoreFile
    from reknown.evaluation.measures.arrays import Ints
    from reknown.reporting.blocks import Block
    from reknown.reporting.report import Report

_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class _At:
    """Both systems at one target, and how their misses differ."""

    first: MeasuredPoint
    second: MeasuredPoint
    misses: PairedComparison
    both: int


def image_comparison(
    first: EvaluatedImages, second: EvaluatedImages, targets: Sequence[float] = TARGETS
) -> Report:
    """Two packs on all pairs of the same images.

    Raises `InputError` for different manifests, or where no rate can be shown.
    """
    if first.manifest.digest != second.manifest.digest:
        raise InputError("both packs have to be given the same images")
    one, two = compare_all(first).comparisons, compare_all(second).comparisons
    names = (first.templates.space.pack, second.templates.space.pack)
    if not np.array_equal(_rows(one), _rows(two)):
        raise InputError(
            "the packs could read different images, so their pairs differ: remove those that "
            "`reknown evaluate verify` lists as unreadable"
        )
    return _report(names, one, two, targets)


def score_comparison(
    first: ScoreFile,
    second: ScoreFile,
    names: tuple[str, str],
    targets: Sequence[float] = TARGETS,
) -> Report:
    """Two files of scores whose rows are the same comparisons in the same order.

    Raises `InputError` when they are not.
    """
    _check_same(first, second)
    one, two = compare_scores(first), compare_scores(second)
    return _report(names, one, two, targets)


def _rows(data: Comparisons) -> Ints:
    assert data.mated_rows is not None
    return data.mated_rows


def _check_same(first: ScoreFile, second: ScoreFile) -> None:
    if not np.array_equal(first.flags, second.flags):
        raise InputError(
            "row by row, both files have to hold the same comparisons: their column mated differs"
        )
    if first.subject_names != second.subject_names:
        raise InputError("the files do not name the same subjects")
    pairs = (first.scores, second.scores)
    if first.subject_names and not (
        np.array_equal(*(s.mated_subjects for s in pairs))  # type: ignore[arg-type]
        and np.array_equal(*(s.non_mated_subjects for s in pairs))  # type: ignore[arg-type]
    ):
        raise InputError("row by row, both files have to compare the same subjects")


def _report(
    names: tuple[str, str], one: Comparisons, two: Comparisons, targets: Sequence[float]
) -> Report:
    comparisons = one.tail.comparisons
    points = zip(points_at_targets(one, targets), points_at_targets(two, targets), strict=True)
    found = [_at(one, two, *pair) for pair in points]
    if not found:
        raise InputError(
            f"{comparisons:,} non-mated comparisons reach none of the target rates: add images "
            "of more people, or ask for a higher rate"
        )
    missing = unreached(targets, comparisons)
    text = unreached_text(missing, comparisons)
    blocks: tuple[Block, ...] = (
        _rates(*names, found),
        _differences(found),
        *([] if text is None else [text]),
        Text(tuple(_sentence(*names, at) for at in found)),
    )
    figures = {
        "first": names[0],
        "second": names[1],
        "mated": len(one.mated),
        "non_mated": comparisons,
        "intervals": one.dependence,
        "points": [_figures(at) for at in found],
        "unreached": [item.target for item in missing],
    }
    section = Section(" and ".join(names), blocks, figures)
    return assembled("Two systems on the same comparisons", [section], report="compare")


def _at(first: Comparisons, second: Comparisons, one: MeasuredPoint, two: MeasuredPoint) -> _At:
    missed = ~matches(first.mated, one.threshold), ~matches(second.mated, two.threshold)
    subjects = None if first.clusters is None else first.clusters.mated
    if subjects is not None and len(np.unique(subjects)) < 2:
        subjects = None
    misses = compare_systems(*missed, subjects=subjects)
    return _At(one, two, misses, int(np.count_nonzero(missed[0] & missed[1])))


def _rates(first: str, second: str, found: Sequence[_At]) -> Table:
    rows = tuple(
        (
            f"{at.first.target:g}",
            rate_words(at.first.fmr),
            rate_words(at.second.fmr),
            rate_words(at.first.fnmr, at.first.fnmr_interval),
            rate_words(at.second.fnmr, at.second.fnmr_interval),
        )
        for at in found
    )
    columns = ("target FMR ", f"FMR {first}", f"FMR {second}", f"FNMR {first}", f"FNMR {second}")
    return Table("Each at its own threshold for the target; failures are errors", columns, rows)


def _differences(found: Sequence[_At]) -> Table:
    rows = []
    for at in found:
        low, high = at.misses.interval.low, at.misses.interval.high
        rows.append(
            (
                f"{at.first.target:g}",
                f"{at.both:,}",
                f"{at.misses.only_first:,}",
                f"{at.misses.only_second:,}",
                f"{number(at.misses.difference)} ({number(low)} to {number(high)})",
                number(at.misses.p_value),
            )
        )
    columns = ("target FMR ", "missed by both ", "by the first alone ", "by the second alone ",
               "difference of FNMR, 95 %", "McNemar's p ")  # fmt: skip
    return Table("Where they differ", columns, tuple(rows))


def _sentence(first: str, second: str, at: _At) -> str:
    where = f"At target FMR {at.first.target:g}"
    interval = at.misses.interval
    if interval.low <= 0 <= interval.high or at.misses.p_value > _LEVEL:
        return f"{where} the data do not tell {first} and {second} apart."
    better = second if at.misses.difference > 0 else first
    return f"{where} {better} misses fewer, and chance does not explain it."


def _figures(at: _At) -> dict[str, Any]:
    sides = {}
    for name, point in (("first", at.first), ("second", at.second)):
        sides[name] = {
            "threshold": point.threshold,
            "fmr": rate_data(point.fmr, point.fmr_interval),
            "fnmr": rate_data(point.fnmr, point.fnmr_interval),
        }
    interval = at.misses.interval
    return {
        "target_fmr": at.first.target,
        **sides,
        "missed_by_both": at.both,
        "missed_by_first_alone": at.misses.only_first,
        "missed_by_second_alone": at.misses.only_second,
        "difference": {
            "value": at.misses.difference,
            "low": interval.low,
            "high": interval.high,
            "level": interval.level,
        },
        "mcnemar_p": at.misses.p_value,
    }
