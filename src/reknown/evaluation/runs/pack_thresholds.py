"""What the thresholds that are in use come to: a pack's similarities on other images.

A point at a target rate has a threshold that was chosen on the very data. Someone who runs a pack
uses a similarity and asks what that does here: nothing was chosen, so the rates are a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.evaluation.runs.blocks import point_figures
from reknown.evaluation.runs.formats import number, rate_words
from reknown.evaluation.runs.points import point_at
from reknown.reporting.blocks import Caution, Table, Text
from reknown.reporting.report import Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.biometrics.calibration import Calibration
    from reknown.evaluation.runs.comparisons import Comparisons
    from reknown.evaluation.runs.points import MeasuredPoint
    from reknown.reporting.blocks import Block

SIMILARITIES = (80.0, 90.0, 99.0)
"""Judged unless others are asked for."""

_TITLE = "The pack's own thresholds"
_NOTHING_CHOSEN = (
    "These thresholds come with the pack and were not chosen on these images, unless the "
    "calibration was made with them."
)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A similarity with its `promised` FMR; `point` is None where too many match to count."""

    similarity: float
    score: float
    promised: float
    point: MeasuredPoint | None


def calibrated_section(
    data: Comparisons, calibration: Calibration | None, similarities: Sequence[float] = ()
) -> Section:
    """Both rates at the `similarities`, 0 to 100, beside the FMR that the calibration says.

    Raises `InputError` for similarities without a calibration, and outside their range.
    """
    if calibration is None:
        if similarities:
            raise InputError(
                "this model pack is not calibrated, so it has no similarities: leave "
                "out --similarity, or calibrate the pack first"
            )
        text = Text.of("This model pack has no calibration, so no similarities either.")
        return Section(_TITLE, (text,), {"calibrated": None})
    wanted = sorted(set(similarities)) or SIMILARITIES
    judged = [_judged(data, calibration, similarity) for similarity in wanted]
    blocks: list[Block] = [Text.of(_NOTHING_CHOSEN), _table(judged)]
    blocks.extend(Caution(text) for text in map(_exceeded, judged) if text)
    figures = [
        {"asked_similarity": one.similarity, "score": one.score, "promised_fmr": one.promised}
        | ({} if one.point is None else point_figures(one.point, calibration))
        for one in judged
    ]
    return Section(_TITLE, tuple(blocks), {"calibrated": figures})


def _judged(data: Comparisons, calibration: Calibration, similarity: float) -> _Judged:
    score = calibration.score(similarity)
    promised = calibration.false_match_rate(score)
    try:
        point = point_at(data, promised, score)
    except InputError:  # below the scores that were kept
        point = None
    return _Judged(similarity, score, promised, point)


def _table(judged: Sequence[_Judged]) -> Table:
    rows = []
    for one in judged:
        head = (f"{one.similarity:g}", f"{one.score:.6f}", f"{one.promised:.3g}")
        if one.point is None:
            rows.append((*head, "too many to count", "-"))
            continue
        fmr = rate_words(one.point.fmr, one.point.fmr_interval)
        rows.append((*head, fmr, rate_words(one.point.fnmr, one.point.fnmr_interval)))
    columns = ("similarity ", "score ", "FMR as calibrated ", "false matches (FMR)",
               "false non-matches (FNMR)")  # fmt: skip
    return Table("Rates here; failures count as errors", columns, tuple(rows))


def _exceeded(one: _Judged) -> str:
    if one.point is None or one.point.fmr_interval.low <= one.promised:
        return ""
    return (
        f"At similarity {one.similarity:g} FMR is {number(one.point.fmr.value)} here, and not "
        f"below {number(one.point.fmr_interval.low)}, where the calibration says "
        f"{number(one.promised)}. If the worst comparisons below are no wrong labels, calibrate "
        "again for images like these, or raise the threshold."
    )
