"""Failures to enrol and to acquire, and what they make of the matching error rates.

ISO/IEC 19795-1: FTE, FTA; FAR and FRR of a verification transaction of one attempt; the
generalized GFAR and GFRR, which count those who could not be enrolled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate, check_proportion
from reknown.evaluation.measures.scores import UNLABELLED, checked_codes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from reknown.evaluation.measures.arrays import Mask


@dataclass(frozen=True, slots=True)
class TransactionRates:
    """FAR, FRR, GFAR and GFRR, each 0 to 1."""

    far: float
    frr: float
    gfar: float
    gfrr: float


@dataclass(frozen=True, slots=True)
class GroupFailures:
    """FTE over the subjects and FTA over the attempts of one group."""

    group: int
    fte: Rate
    fta: Rate


def transaction_rates(*, fmr: float, fnmr: float, fta: float, fte: float) -> TransactionRates:
    """FAR, FRR, GFAR and GFRR from rates conditional on success, each 0 to 1.

    Raises `InputError` for a rate outside 0 to 1.
    """
    for name, value in (("FMR", fmr), ("FNMR", fnmr), ("FTA", fta), ("FTE", fte)):
        check_proportion(value, name)
    far = fmr * (1 - fta)
    frr = fta + fnmr * (1 - fta)
    return TransactionRates(far, frr, far * (1 - fte), fte + (1 - fte) * frr)


def failure_to_acquire(failed: ArrayLike) -> Rate:
    """FTA: attempts without a usable sample, from one flag an attempt (n,)."""
    flags = _flags(failed)
    return Rate(int(flags.sum()), len(flags))


def failure_to_enrol(failed: ArrayLike, subjects: ArrayLike) -> Rate:
    """FTE: subjects none of whose attempts gave a usable sample; both arguments (n,)."""
    flags = _flags(failed)
    codes = checked_codes(subjects, flags.shape, "subjects", 0)
    everyone = np.unique(codes)
    return Rate(len(everyone) - len(np.unique(codes[~flags])), len(everyone))


def failures_by_group(
    failed: ArrayLike, subjects: ArrayLike, groups: ArrayLike
) -> tuple[GroupFailures, ...]:
    """FTE and FTA of each group, from flag, subject and group code of each attempt, all (n,).

    Attempts without a label (-1) are left out. Raises `InputError` for other shapes.
    """
    flags = _flags(failed)
    codes = checked_codes(subjects, flags.shape, "subjects", 0)
    labels = checked_codes(groups, flags.shape, "groups", UNLABELLED)
    found = []
    for group in np.unique(labels[labels != UNLABELLED]):
        inside = labels == group
        fte = failure_to_enrol(flags[inside], codes[inside])
        found.append(GroupFailures(int(group), fte, failure_to_acquire(flags[inside])))
    return tuple(found)


def _flags(failed: ArrayLike) -> Mask:
    flags = np.asarray(failed)
    if flags.ndim != 1 or flags.dtype != np.bool_ or not len(flags):
        raise InputError("failures are given as one true or false for each attempt")
    return flags
