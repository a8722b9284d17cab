"""What a false match rate leads to in a gallery of N subjects, before anything is measured.

NISTIR 8429, Annex B: FPIR = 1 - (1 - FMR)^N, for N independent comparisons at the same FMR.
Comparisons of one probe are not independent, so this is for planning and never a result.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import check_proportion
from reknown.evaluation.measures.verification import threshold_for

if TYPE_CHECKING:
    from reknown.evaluation.measures.scores import ScoreSet


def planned_fpir(fmr: float, gallery_size: int) -> float:
    """FPIR to expect of `gallery_size` subjects at a false match rate, 0 to 1."""
    check_proportion(fmr, "FMR")
    check_gallery_size(gallery_size)
    return 1.0 if fmr == 1 else -math.expm1(gallery_size * math.log1p(-fmr))


def planned_fmr(fpir: float, gallery_size: int) -> float:
    """The false match rate at which `gallery_size` subjects give that FPIR, 0 to 1."""
    check_proportion(fpir, "FPIR")
    check_gallery_size(gallery_size)
    return 1.0 if fpir == 1 else -math.expm1(math.log1p(-fpir) / gallery_size)


def planned_gallery_size(fmr: float, fpir: float) -> int:
    """The smallest gallery that reaches that FPIR; `InputError` if either rate is 0 or 1."""
    if not (0 < fmr < 1 and 0 < fpir < 1):
        raise InputError("the size of a gallery follows from rates between 0 and 1, not at them")
    return math.ceil(math.log1p(-fpir) / math.log1p(-fmr))


def expected_false_candidates(fmr: float, gallery_size: int) -> float:
    """How many subjects a stranger is expected to match: the planned selectivity."""
    check_proportion(fmr, "FMR")
    check_gallery_size(gallery_size)
    return fmr * gallery_size


def planned_threshold(scores: ScoreSet, fpir: float, gallery_size: int) -> float:
    """The threshold at which one-to-one scores promise that FPIR for a gallery size.

    Raises `InputError` when the false match rate it takes is below what the comparisons can
    resolve, one error in all of them: measure more, or search a gallery of that size.
    """
    fmr = planned_fmr(fpir, gallery_size)
    if fmr * len(scores.non_mated) < 1:
        raise InputError(
            f"FPIR {fpir:g} at {gallery_size} subjects takes FMR {fmr:.3g}, and "
            f"{len(scores.non_mated)} non-mated comparisons cannot show that"
        )
    return threshold_for(scores, fmr)


def check_gallery_size(gallery_size: int) -> None:
    """Raise `InputError` for a gallery without subjects."""
    if gallery_size < 1:
        raise InputError(f"a gallery holds at least one subject, not {gallery_size}")
