"""A calibration as a block of TOML, as the manifest of a model pack holds it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.evaluation.runs.calibrate import MeasuredCalibration
    from reknown.evaluation.runs.checks import GroupCheck


def calibration_toml(
    measured: MeasuredCalibration,
    fingerprint: str,
    detector: str,
    checks: Sequence[GroupCheck] = (),
) -> str:
    """The `[calibration]` block of a pack's manifest, for that template space and detector."""
    table = measured.calibration()
    intervals = [row.interval or Interval(0, 1, 0.95) for row in measured.rows]
    lines = [
        "[calibration]",
        f'fingerprint = "{fingerprint}"',
        f'detector = "{detector}"',
        f"scores = {_array(table.scores)}",
        f"false_match_rates = {_array(table.false_match_rates)}",
        f"dataset = {_quoted(measured.dataset)}",
        f'dataset_digest = "{measured.digest}"',
        f"comparisons = {measured.comparisons}",
        f"false_matches = {_array((measured.comparisons, *(r.fmr.errors for r in measured.rows)))}",
        f"low = {_array((0.0, *(interval.low for interval in intervals)))}",
        f"high = {_array((1.0, *(interval.high for interval in intervals)))}",
    ]
    if measured.worst_of:
        lines.append(f"worst_of = {_quoted(measured.worst_of)}")
    for check in checks:
        lines += ["", *_check_lines(check)]
    return "\n".join(lines) + "\n"


def _check_lines(check: GroupCheck) -> list[str]:
    intervals = [point.fmr_interval for point in check.points]
    return [
        "[[calibration.checks]]",
        f"dataset = {_quoted(check.dataset)}",
        f"group = {_quoted(check.group)}",
        f"people = {check.people}",
        f"comparisons = {check.points[0].fmr.trials}",
        f"similarities = {_array(check.similarities)}",
        f"false_matches = {_array([point.fmr.errors for point in check.points])}",
        f"low = {_array([interval.low for interval in intervals])}",
        f"high = {_array([interval.high for interval in intervals])}",
    ]


def _array(values: Sequence[float]) -> str:
    return f"[{', '.join(f'{value:.6g}' if value < 1 else str(value) for value in values)}]"


def _quoted(text: str) -> str:
    # a JSON string in ASCII is a TOML one too, but for the surrogates of what is beyond 16 bits
    if not text.isprintable() or any(ord(character) > 0xFFFF for character in text):
        raise InputError("the name of a data set is plain printable text")
    return json.dumps(text)
