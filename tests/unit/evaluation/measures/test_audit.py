import math

import numpy as np
import pytest

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate
from reknown.evaluation.measures.audit import (
    exact_interval,
    false_positives,
    fpir_at,
    gallery_size_for,
    share_of_hits,
    threshold_curve,
)

V16 = false_positives(28, 535, 25_000)


def test_v16_the_published_audit() -> None:
    assert V16.fpir.value == pytest.approx(0.05233645, abs=5e-9)
    assert V16.implied_fmr == pytest.approx(2.15022742e-6, rel=1e-8)
    assert (V16.interval.low, V16.interval.high) == pytest.approx((0.03645513, 0.07460065))
    assert V16.implied_interval.low < V16.implied_fmr < V16.implied_interval.high
    assert fpir_at(V16, [25_000, 1_000_000]) == pytest.approx((0.05233645, 0.8835), abs=5e-5)
    assert exact_interval(V16).low < V16.interval.low


def test_v16_share_of_people_of_colour() -> None:
    found = share_of_hits(group_hits=11, hits=28, group=107, probes=535)
    assert found.base.value == 0.2
    assert found.binomial_p == pytest.approx(0.0168, abs=5e-5)
    assert found.odds_ratio == pytest.approx(2.77, abs=5e-3)
    assert found.fisher_p == pytest.approx(0.0142, abs=5e-5)


def test_how_large_a_gallery_points_to_one_stranger_in_a_hundred() -> None:
    size = gallery_size_for(V16)
    assert fpir_at(V16, [size - 1])[0] < 0.01 <= fpir_at(V16, [size])[0]
    with pytest.raises(InputError):
        gallery_size_for(false_positives(0, 535, 25_000))


def test_every_threshold_has_its_figure() -> None:
    best = np.array([0.99, 0.9, 0.85, 0.2, -math.inf])
    curve = threshold_curve(best, 100, [0.8, 0.95, 0.999])
    assert [point.fpir for point in curve] == [Rate(3, 5), Rate(1, 5), Rate(0, 5)]
    assert [point.threshold for point in curve] == [0.8, 0.95, 0.999]
    assert curve[2].implied_fmr == 0
    assert curve[2].implied_interval.high > 0


def test_counts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError):
        share_of_hits(group_hits=11, hits=28, group=10, probes=535)
    with pytest.raises(InputError):
        share_of_hits(group_hits=0, hits=0, group=10, probes=535)
    with pytest.raises(InputError):
        false_positives(5, 4, 100)
    with pytest.raises(InputError):
        false_positives(1, 4, 0)
