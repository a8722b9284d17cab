"""Which threshold a gallery of N subjects takes, by the model pack's calibration alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.evaluation.measures.planning import (
    expected_false_candidates,
    planned_fmr,
    planned_fpir,
    planned_gallery_size,
)
from reknown.evaluation.runs.formats import number
from reknown.reporting.blocks import Table, Text
from reknown.reporting.report import Section, assembled

if TYPE_CHECKING:
    from reknown.biometrics.calibration import Calibration
    from reknown.reporting.report import Report

_TEXT = (
    "FPIR = 1 - (1 - FMR)^N for N independent comparisons (NISTIR 8429): for planning, not "
    "measured. More faces of each subject count as more comparisons. The calibration holds for "
    "images like those that it was made with."
)


def threshold_plan(calibration: Calibration | None, gallery_size: int, fpir: float) -> Report:
    """The score and similarity that promise an FPIR, and the false candidates to expect.

    Raises `InputError` without a calibration, for an FPIR that is not between 0 and 1, and
    where the FMR that it takes is below what was measured: nothing is extrapolated.
    """
    if calibration is None:
        raise InputError("this model pack is not calibrated: no threshold can be planned")
    if not 0 < fpir < 1:
        raise InputError(f"a target FPIR must be between 0 and 1, got {fpir:g}")
    fmr = planned_fmr(fpir, gallery_size)
    lowest = calibration.false_match_rates[-1]
    if fmr < lowest:
        raise InputError(
            f"extrapolation refused: FPIR {fpir:g} at {gallery_size:,} subjects takes FMR "
            f"{fmr:.3g}, and the calibration ends at {lowest:.3g}. It reaches galleries of "
            f"{_largest(lowest, fpir):,} subjects at that FPIR; {_at_the_end(calibration)} "
            f"{gallery_size:,} subjects give a stranger "
            f"{number(expected_false_candidates(lowest, gallery_size))} false candidates and FPIR "
            f"{number(planned_fpir(lowest, gallery_size))}. Search a smaller part of the gallery, "
            "or calibrate with more people"
        )
    score = calibration.threshold(fmr)
    similarity = calibration.similarity(score)
    expected = expected_false_candidates(fmr, gallery_size)
    rows = (
        ("subjects in the gallery", f"{gallery_size:,}"),
        ("FPIR wanted", number(fpir)),
        ("FMR that it takes", number(fmr)),
        ("threshold, score", f"{score:.6f}"),
        ("threshold, similarity", f"{similarity:.2f}"),
        ("false candidates for each stranger", number(expected)),
    )
    figures = {
        "gallery_size": gallery_size,
        "fpir": fpir,
        "fmr": fmr,
        "score": score,
        "similarity": similarity,
        "expected_false_candidates": expected,
        "calibration": {"dataset": calibration.dataset, "comparisons": calibration.comparisons},
    }
    source = f"Calibrated on {calibration.dataset}: {calibration.comparisons:,} comparisons."
    table = Table("Threshold for a gallery", ("figure", "value "), rows)
    title = "Threshold from the size of the gallery"
    section = Section(title, (table, Text.of(_TEXT, source)), figures)
    return assembled("Threshold for a gallery", [section])


def _at_the_end(calibration: Calibration) -> str:
    return f"at its last threshold, similarity {calibration.similarity(calibration.scores[-1]):g},"


def _largest(fmr: float, fpir: float) -> int:
    """The most subjects at which the FMR still keeps the FPIR."""
    return max(0, planned_gallery_size(fmr, fpir) - 1)
