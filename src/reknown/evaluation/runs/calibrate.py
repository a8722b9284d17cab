"""`evaluate calibrate`: from comparisons to the table of scores and rates that a pack declares."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.biometrics.calibration import Calibration
from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate
from reknown.biometrics.text import counted
from reknown.evaluation.measures.designs import AllPairsDesign
from reknown.evaluation.measures.scores import most_errors
from reknown.evaluation.measures.tail import NonMatedTail, tail_threshold_for
from reknown.evaluation.runs.blocks import unreached_text
from reknown.evaluation.runs.comparisons import (
    Comparisons,
    bin_edges,
    compare_all,
    compare_scores,
)
from reknown.evaluation.runs.formats import rate_data, rate_words
from reknown.evaluation.runs.points import point_at, reached, threshold_at, unreached
from reknown.reporting.blocks import Caution, Table, Text
from reknown.reporting.report import Section, assembled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reknown.biometrics.rates import Interval
    from reknown.evaluation.data.images import EvaluatedImages
    from reknown.evaluation.data.manifest import Manifest
    from reknown.evaluation.data.score_files import ScoreFile
    from reknown.evaluation.runs.checks import GroupCheck
    from reknown.reporting.blocks import Block
    from reknown.reporting.report import Report

RATES = (0.5, 0.2, 0.1, 5e-2, 2e-2, 1e-2, 5e-3, 2e-3, 1e-3, 5e-4, 2e-4, 1e-4, 5e-5, 2e-5, 1e-5,
         5e-6, 2e-6, 1e-6)  # fmt: skip
"""The false match rates of a calibration, as far as the data reach."""

LEAST_SUBJECTS = 30
"""A group with fewer subjects sets no threshold."""

_NO_GROUP = (
    f"no group has {LEAST_SUBJECTS} subjects, so none can set a threshold: leave out the option "
    "for the worst group, or add people"
)
_KEPT = 5_000_000
_STEP = 1e-6
_LOWEST_SCORE = -1.0
_USUAL = 80.0


@dataclass(frozen=True, slots=True)
class CalibrationRow:
    """A score at which FMR is at most `rate`, and the FMR of everybody there.

    `interval` is None where not all the false matches were kept that it needs. `group` is the
    one that set the score, empty where everybody did.
    """

    rate: float
    score: float
    fmr: Rate
    interval: Interval | None
    group: str


@dataclass(frozen=True, slots=True)
class MeasuredCalibration:
    """A calibration with its evidence.

    `small_groups` had fewer than 30 subjects or too few comparisons, and set no threshold.
    `unreached` are the rates of `RATES` that the data do not show.
    """

    rows: tuple[CalibrationRow, ...]
    dataset: str
    digest: str
    comparisons: int
    worst_of: str
    small_groups: tuple[str, ...]

    @property
    def unreached(self) -> tuple[float, ...]:
        """Rates below the last one shown."""
        return tuple(rate for rate in RATES if rate < self.rows[-1].rate)

    def calibration(self) -> Calibration:
        """The table itself, with rate 1 at score -1."""
        scores = (_LOWEST_SCORE, *(row.score for row in self.rows))
        rates = (1.0, *(row.rate for row in self.rows))
        return Calibration(scores, rates, self.dataset, self.comparisons)


@dataclass(frozen=True, slots=True, eq=False)
class _GroupTail:
    """The non-mated comparisons within a group of enough subjects."""

    name: str
    tail: NonMatedTail


def calibrate_images(
    images: EvaluatedImages, dataset: str = "", *, worst_group: str | None = None
) -> MeasuredCalibration:
    """The calibration from all pairs of the images; `dataset` says what they are.

    With `worst_group`, a group column, no group of 30 subjects or more exceeds a rate. Raises
    `InputError` where nothing can be calibrated.
    """
    data = compare_all(images, keep=_KEPT).comparisons
    codes, names = images.manifest.subjects()
    people = counted(len(names), "person", "people")
    what = dataset or f"all pairs of {counted(len(codes), 'image')} of {people}"
    groups, small = ((), ()) if worst_group is None else _image_groups(images, data, worst_group)
    rows = _rows(data, groups)
    digest = images.digest()
    return _measured(rows, what, digest, data, worst_group, small)


def check_worst_group(manifest: Manifest, column: str) -> None:
    """Raises `InputError` where no group of the column can set a threshold; needs no template."""
    codes, names = manifest.groups([column])
    subjects, _ = manifest.subjects()
    sizes = [len(np.unique(subjects[codes == code])) for code in range(len(names))]
    if max(sizes, default=0) < LEAST_SUBJECTS:
        raise InputError(_NO_GROUP)


def calibrate_scores(
    file: ScoreFile, dataset: str = "", *, by_group: bool = False
) -> MeasuredCalibration:
    """The same from scores; `by_group` with the groups of the file."""
    data = compare_scores(file)
    what = dataset or f"{data.tail.comparisons} non-mated scores"
    groups, small = _score_groups(file, data) if by_group else ((), ())
    column = "the score file's groups" if by_group else None
    return _measured(_rows(data, groups), what, file.digest, data, column, small)


def _measured(
    rows: tuple[CalibrationRow, ...],
    dataset: str,
    digest: str,
    data: Comparisons,
    worst_of: str | None,
    small: tuple[str, ...],
) -> MeasuredCalibration:
    if not rows:
        raise InputError(
            f"{data.tail.comparisons:,} non-mated comparisons are too few for a calibration: add "
            "images of more people"
        )
    if rows[-1].score > 1 or rows[0].score <= _LOWEST_SCORE:
        raise InputError("a calibration is for scores between -1 and 1: rescale them first")
    return MeasuredCalibration(rows, dataset, digest, data.tail.comparisons, worst_of or "", small)


def _rows(data: Comparisons, groups: Sequence[_GroupTail]) -> tuple[CalibrationRow, ...]:
    rows: list[CalibrationRow] = []
    for rate in RATES:
        row = _row(data, rate, groups)
        # a tie with the rate before: the score stands for the higher rate, which is the safe one
        if row is not None and (not rows or row.score > rows[-1].score):
            rows.append(row)
    return tuple(rows)


def _row(data: Comparisons, rate: float, groups: Sequence[_GroupTail]) -> CalibrationRow | None:
    if not reached(rate, data.tail.comparisons):
        return None
    if not _kept(data.tail, rate, data.complete):
        return None if groups else _binned_row(data, rate)
    score, group = threshold_at(data, rate), ""
    for one in groups:
        if not (reached(rate, one.tail.comparisons) and _kept(one.tail, rate, complete=False)):
            return None
        own = tail_threshold_for(one.tail, rate)
        if own > score:
            score, group = own, one.name
    score = _rounded_up(score)
    point = point_at(data, rate, score)
    return CalibrationRow(rate, score, point.fmr, point.fmr_interval, group)


def _kept(tail: NonMatedTail, rate: float, complete: bool) -> bool:
    return complete or most_errors(rate, tail.comparisons) < len(tail.scores)


def _binned_row(data: Comparisons, rate: float) -> CalibrationRow:
    """From the bins, to the next edge up: where not every score was kept."""
    assert data.bins is not None
    reaching = data.bins[::-1].cumsum()[::-1]
    at = int(np.argmax(reaching <= most_errors(rate, data.tail.comparisons)))
    fmr = Rate(int(reaching[at]), data.tail.comparisons)
    return CalibrationRow(rate, _rounded_up(float(bin_edges()[at])), fmr, None, "")


def _rounded_up(score: float) -> float:
    """To six digits, so that the rate is not exceeded."""
    return round(math.ceil(score / _STEP - 1e-7) * _STEP, 6)


def _image_groups(
    images: EvaluatedImages, data: Comparisons, column: str
) -> tuple[tuple[_GroupTail, ...], tuple[str, ...]]:
    codes, names = images.manifest.groups([column])
    subjects, _ = images.manifest.subjects()
    assert data.tail_rows is not None
    found, small = [], []
    for code, name in enumerate(names):
        counts = np.bincount(subjects[codes == code], minlength=int(subjects.max()) + 1)
        if np.count_nonzero(counts) < LEAST_SUBJECTS:
            small.append(name)
            continue
        inside = (codes[data.tail_rows] == code).all(axis=1)
        comparisons = AllPairsDesign(counts).comparisons
        found.append(
            _GroupTail(name, NonMatedTail(data.tail.scores[inside], data.tail.floor, comparisons))
        )
    return _checked_groups(found, small)


def _score_groups(
    file: ScoreFile, data: Comparisons
) -> tuple[tuple[_GroupTail, ...], tuple[str, ...]]:
    codes, pairs = file.scores.non_mated_groups, file.scores.non_mated_subjects
    if codes is None or pairs is None:
        raise InputError(
            "calibrating for the worst group takes the columns subject_a, subject_b, group_a and "
            "group_b in the file of scores"
        )
    scores = file.scores.non_mated
    found, small = [], []
    for code, name in enumerate(file.group_names):
        inside = (codes == code).all(axis=1)
        if len(np.unique(pairs[inside])) < LEAST_SUBJECTS:
            small.append(name)
            continue
        finite = np.sort(scores[inside & (scores > -math.inf)])
        floor = float(finite[0]) if len(finite) else data.tail.floor
        found.append(_GroupTail(name, NonMatedTail(finite, floor, int(inside.sum()))))
    return _checked_groups(found, small)


def _checked_groups(
    found: Sequence[_GroupTail], small: Sequence[str]
) -> tuple[tuple[_GroupTail, ...], tuple[str, ...]]:
    if not found:
        raise InputError(_NO_GROUP)
    return tuple(found), tuple(small)


def calibration_report(measured: MeasuredCalibration, checks: Sequence[GroupCheck] = ()) -> Report:
    """The table with its evidence."""
    table = measured.calibration()
    rows = tuple(
        (
            f"{row.rate:g}",
            f"{row.score:.6f}",
            f"{table.similarity(row.score):.1f}",
            rate_words(row.fmr, row.interval),
            *([row.group or "everybody"] if measured.worst_of else []),
        )
        for row in measured.rows
    )
    columns = ("rate ", "score ", "similarity ", "false matches",
               *(["set by"] if measured.worst_of else []))  # fmt: skip
    blocks: list[Block] = [Table(f"Measured on {measured.dataset}", columns, rows)]
    if measured.small_groups:
        blocks.append(
            Caution(
                f"Groups of fewer than {LEAST_SUBJECTS} subjects set no threshold and may exceed "
                f"the rates: {', '.join(measured.small_groups)}."
            )
        )
    blocks.extend(_ends(measured))
    if checks:
        blocks.append(_checks_table(checks))
    blocks.append(
        Text.of(
            "A similarity stands for a false match rate among people like these, with "
            "images like these. Calibrate again for others."
        )
    )
    section = Section("Calibration", tuple(blocks), _figures(measured, checks))
    return assembled("Calibration of scores", [section], report="calibrate")


def _checks_table(checks: Sequence[GroupCheck]) -> Table:
    rows = tuple(
        (check.group, f"{check.people:,}", f"{similarity:.0f}",
         rate_words(point.fmr, point.fmr_interval))
        for check in checks
        for similarity, point in zip(check.similarities, check.points, strict=True)
    )  # fmt: skip
    columns = ("strangers within", "people ", "similarity ", "false matches")
    return Table(f"The same thresholds on {checks[0].dataset}", columns, rows)


def _ends(measured: MeasuredCalibration) -> Iterator[Block]:
    """Why the table ends where it does, and what that means for the usual threshold."""
    limited = [rate for rate in measured.unreached if reached(rate, measured.comparisons)]
    if limited:
        yield Text(
            (
                f"FMR {', '.join(f'{rate:g}' for rate in limited)}: not every group has the "
                "comparisons that this takes, so the table ends before.",
            )
            if measured.worst_of
            else (
                f"FMR {', '.join(f'{rate:g}' for rate in limited)}: equal scores leave no "
                "threshold for this.",
            )
        )
    missing = unreached(measured.unreached, measured.comparisons)
    if text := unreached_text(missing, measured.comparisons):
        yield text
    top = measured.calibration().similarity(measured.rows[-1].score)
    if top < _USUAL:
        yield Caution(
            f"The table ends at similarity {top:.0f}. Higher ones, the usual {_USUAL:.0f} among "
            "them, stand for no measured rate: give a threshold below, or add people."
        )


def _figures(measured: MeasuredCalibration, checks: Sequence[GroupCheck]) -> dict[str, Any]:
    table = measured.calibration()
    return {
        "dataset": measured.dataset,
        "digest": measured.digest,
        "comparisons": measured.comparisons,
        "worst_group_of": measured.worst_of or None,
        "groups_too_small": list(measured.small_groups),
        "unreached": list(measured.unreached),
        "table": [
            {
                "rate": row.rate,
                "score": row.score,
                "similarity": round(table.similarity(row.score), 2),
                "fmr": rate_data(row.fmr, row.interval),
                "set_by": row.group or None,
            }
            for row in measured.rows
        ],
        "checks": [
            {
                "dataset": check.dataset,
                "group": check.group,
                "people": check.people,
                "points": [
                    {"similarity": similarity, "fmr": rate_data(point.fmr, point.fmr_interval)}
                    for similarity, point in zip(check.similarities, check.points, strict=True)
                ],
            }
            for check in checks
        ],
    }
