from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.rates import Rate, wilson
from reknown.review.opinions import Opinion
from reknown.services.reviews import cases
from reknown.services.reviews.rates import review_rates
from unit.services.reviews.desks import ANN, BEN, CEM, COLLECTION, DOT

if TYPE_CHECKING:
    from unit.services.reviews.desks import Desks

ADA = {"Ada": Opinion.SAME}
BOTH = {"Ada": Opinion.SAME, "Bea": Opinion.SAME}
UNSURE = {"Ada": Opinion.SAME, "Cleo": Opinion.CANNOT_TELL}


def test_what_people_made_of_candidates_is_counted_by_month(desks: Desks) -> None:
    assert review_rates(desks.context, COLLECTION) == []
    case = desks.open()
    desks.review(ANN, case, ADA)
    assert review_rates(desks.context, COLLECTION) == []
    desks.review(BEN, case, UNSURE)
    desks.review(CEM, case, UNSURE, adjudicate=True)
    case = desks.open()
    desks.review(ANN, case, BOTH)
    desks.review(BEN, case, BOTH)
    (rates,) = review_rates(desks.context, COLLECTION)
    assert (rates.cases, rates.candidates) == (2, 6)
    assert (rates.same, rates.different, rates.cannot_tell) == (3, 2, 1)
    value = rates.predictive_value
    assert (value.count, value.total, value.value) == (3, 5, 0.6)
    assert value.interval == wilson(Rate(3, 5))
    assert not value.telling
    assert (rates.agreement.pairs, rates.agreement.agreed) == (6, 5)
    assert rates.agreement.value == pytest.approx((5 / 6 - 15 / 36) / (1 - 15 / 36))
    assert (rates.seeded_errors.total, rates.seeded_errors.value) == (0, None)


def test_known_non_mates_measure_each_reviewer(desks: Desks) -> None:
    desks.set(review_seeds=1.0)
    case = desks.open()
    shown = desks.read(ANN, case)
    users = [str(it.face.user) for it in shown.candidates if it.face]
    wrong = dict.fromkeys((user for user in users if "stranger" in user), Opinion.SAME)
    desks.review(ANN, case, wrong)
    desks.review(BEN, case)
    (rates,) = review_rates(desks.context, COLLECTION)
    assert (rates.seeded_errors.count, rates.seeded_errors.total) == (3, 6)
    assert rates.seeded_errors.interval == wilson(Rate(3, 6))
    assert [(it.reviewer, it.errors.count, it.errors.total) for it in rates.reviewers] == [
        (ANN.name, 3, 3),
        (BEN.name, 0, 3),
    ]
    # and they are no candidates of the search
    assert (rates.candidates, rates.agreement.pairs) == (3, 3)


def test_an_appeal_counts_as_it_ends(desks: Desks) -> None:
    case = desks.open()
    for actor in (ANN, BEN):
        desks.review(actor, case, ADA)
    cases.appeal(desks.context, COLLECTION, case, "complaint")
    assert review_rates(desks.context, COLLECTION) == []
    for actor in (CEM, DOT):
        desks.review(actor, case)
    (rates,) = review_rates(desks.context, COLLECTION)
    assert (rates.cases, rates.same, rates.different) == (1, 0, 3)
    assert rates.agreement.pairs == 6
