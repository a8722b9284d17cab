from __future__ import annotations

from typing import Any

import pytest

from reknown.biometrics.errors import InputError
from reknown.biometrics.policy import EVERYTHING_ALLOWED, Policy


def test_without_a_policy_everything_is_allowed_but_what_no_policy_can_allow() -> None:
    assert EVERYTHING_ALLOWED.allows("missing-person")
    assert EVERYTHING_ALLOWED.admits("cli:anna")
    assert not EVERYTHING_ALLOWED.allows("immigration-status")


def test_forbidding_wins_over_allowing() -> None:
    policy = Policy(purposes=("theft", "missing-person"), forbidden_purposes=("the*",))
    assert policy.allows("missing-person")
    assert not policy.allows("theft")
    assert not policy.allows("fraud")


@pytest.mark.parametrize(
    "purpose", ["immigration-status", "check-immigrants", "religion-register", "ethnic-origin"]
)
def test_no_policy_allows_a_forbidden_purpose(purpose: str) -> None:
    with pytest.raises(InputError, match="can never be allowed"):
        Policy(purposes=(purpose,))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("purposes", ("Missing Person",)),
        ("forbidden_purposes", ("a b",)),
        ("searchers", ("",)),
        ("legal_basis", ""),
        ("keep_faces", 0),
        ("least_similarity", 100.5),
        ("least_similarity", float("nan")),
        ("most_expected_false_candidates", 0.0),
        ("reviewers", 3),
    ],
)
def test_values_that_make_no_sense_name_their_field(field: str, value: Any) -> None:
    with pytest.raises(InputError, match=field):
        Policy(**{field: value})


def test_what_a_governed_collection_still_needs() -> None:
    assert len(EVERYTHING_ALLOWED.missing()) == 7
    complete = Policy(
        purposes=("missing-person",),
        legal_basis="consent, GDPR article 9 (2) a",
        keep_faces=365,
        keep_sightings=30,
        keep_jobs=7,
        keep_records=3650,
        most_expected_false_candidates=0.003,
    )
    assert complete.missing() == ()
