"""Presentation attack detection: ISO/IEC 30107-3.

APCER is given for each species of attack instrument and reported as the worst: a mean over
species would let an easy one hide a hard one (ACER is deprecated for that). A presentation is
classified as an attack (1), as bona fide (0), or without response (-1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate, check_proportion
from reknown.evaluation.measures.scores import checked_scores, matches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from reknown.evaluation.measures.arrays import Ints

_ATTACK, _BONA_FIDE, _NO_RESPONSE = 1, 0, -1


@dataclass(frozen=True, slots=True)
class SpeciesRates:
    """APCER and the non-response rate APNRR of one species."""

    species: str
    apcer: Rate
    apnrr: Rate


@dataclass(frozen=True, slots=True)
class BonaFideRates:
    """BPCER and the non-response rate BPNRR."""

    bpcer: Rate
    bpnrr: Rate


@dataclass(frozen=True, slots=True)
class PadPoint:
    """BPCER at the threshold where no species exceeds an APCER."""

    threshold: float
    worst: SpeciesRates
    bpcer: Rate


def attack_rates(responses: Mapping[str, ArrayLike]) -> tuple[SpeciesRates, ...]:
    """APCER and APNRR of each species from its responses (n,), the worst species first.

    Raises `InputError` without species, for an empty one, or for other codes.
    """
    if not responses:
        raise InputError("give the responses to at least one species of attack")
    rates = []
    for species, values in responses.items():
        codes = _responses(values)
        accepted, silent = (int((codes == code).sum()) for code in (_BONA_FIDE, _NO_RESPONSE))
        rates.append(SpeciesRates(species, Rate(accepted, len(codes)), Rate(silent, len(codes))))
    return tuple(sorted(rates, key=lambda rate: (-rate.apcer.value, rate.species)))


def bona_fide_rates(responses: ArrayLike) -> BonaFideRates:
    """BPCER and BPNRR of bona fide presentations (n,)."""
    codes = _responses(responses)
    rejected, silent = (int((codes == code).sum()) for code in (_ATTACK, _NO_RESPONSE))
    return BonaFideRates(Rate(rejected, len(codes)), Rate(silent, len(codes)))


def bpcer_at_apcer(
    attacks: Mapping[str, ArrayLike], bona_fide: ArrayLike, apcer: float
) -> PadPoint:
    """BPCER at the highest threshold where each species' APCER is at most `apcer`.

    From PAD scores, higher meaning more like an attack: attack if score >= threshold. 0.05
    gives BPCER20, 0.01 BPCER100. A presentation without response is -inf: accepted.
    """
    check_proportion(apcer, "APCER")
    sets = {name: checked_scores(values, "PAD scores") for name, values in attacks.items()}
    if not sets:
        raise InputError("give the scores of at least one species of attack")
    people = checked_scores(bona_fide, "PAD scores")
    finite = np.unique(np.concatenate([*sets.values(), people]))
    choice = finite[finite > -math.inf]
    if not len(choice):
        raise InputError("no presentation has a PAD score")
    choice = np.append(choice, np.nextafter(choice[-1], math.inf))
    worst = np.max([np.searchsorted(np.sort(s), choice) / len(s) for s in sets.values()], axis=0)
    allowed = choice[worst <= apcer]
    if not len(allowed):
        raise InputError(f"no threshold keeps APCER at {apcer:g}: attacks had no response")
    threshold = float(allowed[-1])
    flagged = {name: matches(values, threshold).astype(int) for name, values in sets.items()}
    rejected = int(matches(people, threshold).sum())
    return PadPoint(threshold, attack_rates(flagged)[0], Rate(rejected, len(people)))


def _responses(values: ArrayLike) -> Ints:
    codes = np.asarray(values)
    allowed = (_ATTACK, _BONA_FIDE, _NO_RESPONSE)
    if codes.ndim != 1 or not len(codes) or not np.isin(codes, allowed).all():
        raise InputError("a response is 1 (attack), 0 (bona fide) or -1 (none); give at least one")
    return codes.astype(np.intp)
