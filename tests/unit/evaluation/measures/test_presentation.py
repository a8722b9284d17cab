import math

import numpy as np
import pytest

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate
from reknown.evaluation.measures.presentation import (
    attack_rates,
    bona_fide_rates,
    bpcer_at_apcer,
)

V11 = {"print": [1, 1, 1, 0], "replay": [1, 0, 1, 1, 0], "mask": [1, 1]}


def test_v11_apcer_is_that_of_the_worst_species() -> None:
    found = attack_rates(V11)
    assert [(one.species, one.apcer) for one in found] == [
        ("replay", Rate(2, 5)),
        ("print", Rate(1, 4)),
        ("mask", Rate(0, 2)),
    ]
    assert found[0].apcer.value == 0.4


def test_v11_bpcer() -> None:
    assert bona_fide_rates([1] + [0] * 9).bpcer.value == 0.1


def test_no_response_is_told_apart() -> None:
    (rates,) = attack_rates({"print": [1, 0, -1, -1]})
    assert (rates.apcer, rates.apnrr) == (Rate(1, 4), Rate(2, 4))
    assert bona_fide_rates([1, -1, 0, 0]).bpnrr == Rate(1, 4)


def test_bpcer_at_an_apcer_holds_for_every_species() -> None:
    generator = np.random.default_rng(1)
    attacks = {"print": generator.normal(3, 1, 200), "mask": generator.normal(1.5, 1, 100)}
    people = generator.normal(0, 1, 500)
    five, one = (bpcer_at_apcer(attacks, people, target) for target in (0.05, 0.01))
    assert five.worst.species == "mask"
    assert five.worst.apcer == Rate(5, 100)
    assert one.worst.apcer == Rate(1, 100)
    assert one.bpcer.value > five.bpcer.value == (people >= five.threshold).mean()


def test_attacks_without_response_are_accepted() -> None:
    with pytest.raises(InputError, match="no response"):
        bpcer_at_apcer({"print": [-math.inf, 1.0]}, [0.0], 0.4)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InputError):
        attack_rates({})
    for values in ([], [2], [[1]], [0.5]):
        with pytest.raises(InputError):
            bona_fide_rates(values)
    with pytest.raises(InputError):
        bpcer_at_apcer({}, [0.1], 0.05)
