"""How often `evaluate groups` finds a difference: where there is none, and one planted.

    python bench/differentials.py [RUNS] > differentials.json

Four groups of simulated people. Equal ones should be called different in 5 % of the runs; one
group with five times the errors of the others as often as possible: the power. People differ
within groups too, and their comparisons depend on each other, as real ones do.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.rates import Rate, wilson
from reknown.evaluation import AllPairsDesign, PairTrials, Resampling, SubjectTrials
from reknown.evaluation.measures.chance import permutation_null

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_GROUPS = 4
_LEVEL = 0.05
_FACTOR = 5
_COMPARISONS = 4
_SIZES = (30, 50, 100, 150)
_FNMR, _FMR = 0.02, 2e-3


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    rows = [
        {"people_in_each_group": people, "planted_factor": factor}
        | {
            "false_non_matches": _found(runs, people, factor, _mated),
            "false_matches": _found(runs, people, factor, _non_mated),
        }
        for people in _SIZES
        for factor in (1, _FACTOR)
    ]
    print(json.dumps({"runs": runs, "fnmr": _FNMR, "fmr": _FMR, "found_different": rows}, indent=2))


def _found(runs: int, people: int, factor: int, draw: object) -> dict[str, float]:
    random = np.random.default_rng(people)
    labels = np.repeat(np.arange(_GROUPS), people)
    factors = np.where(labels == _GROUPS - 1, factor, 1).astype(np.float64)
    count = 0
    for seed in range(runs):
        evidence = draw(random, factors)  # type: ignore[operator]
        null = permutation_null(evidence, labels, resampling=Resampling(199, seed))
        count += null.p_value <= _LEVEL
    interval = wilson(Rate(count, runs))
    return {"share": count / runs, "low": interval.low, "high": interval.high}


def _mated(random: np.random.Generator, factors: Floats) -> SubjectTrials:
    """A few mated comparisons of each person, who has a rate of their own."""
    chance = _FNMR * factors
    own = random.beta(4 * chance, 4 * (1 - chance))
    return SubjectTrials(random.binomial(_COMPARISONS, own), np.full(len(own), _COMPARISONS))


def _non_mated(random: np.random.Generator, factors: Floats) -> PairTrials:
    """All pairs of one image each; some people resemble others more."""
    own = _FMR * factors * np.exp(random.normal(-0.125, 0.5, len(factors)))
    rates = np.triu(np.sqrt(np.outer(own, own)), 1)
    errors = np.argwhere(random.random(rates.shape) < rates)
    return PairTrials(errors, AllPairsDesign(np.ones(len(factors), np.intp)))


if __name__ == "__main__":
    main()
