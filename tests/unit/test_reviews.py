from __future__ import annotations

import os
import pwd
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from reknown import Reknown
from reknown.biometrics.errors import AccessError, InputError
from reknown.biometrics.policy import Policy
from reknown.gallery.policies import set_policy
from reknown.review.reviewers import Reviewer, today_utc
from reknown.review.states import CaseOutcome, CaseState
from reknown.services.reviews.packets import check_file
from reknown.services.reviews.reviewers import add_reviewer

if TYPE_CHECKING:
    from pathlib import Path


def test_candidates_are_judged_in_a_program(
    tmp_path: Path, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another account than the one that searched."""
    data, probe = tmp_path / "gallery", people / "Grace Hopper" / "1.jpg"
    reviewer = next(each for each in pwd.getpwall() if each.pw_uid not in {0, os.getuid()})
    with Reknown(data) as client:
        client.enroll(people)
        with client._context.database.begin() as connection:
            set_policy(connection, "people", Policy(reviewers=1, review_seeds=0))
        until = today_utc() + timedelta(days=1)
        add_reviewer(client._context, Reviewer(f"cli:{reviewer.pw_name}", until))
        client.identify(probe)
        (case,) = client.reviews.list()
        with pytest.raises(AccessError, match="is not a reviewer"):
            client.reviews.judge(case.case_id, 1, "same", ["ears"])
        monkeypatch.setattr("os.getuid", lambda: reviewer.pw_uid)
        with Reknown(data) as desk:
            assert desk.reviews.read(case.case_id).left == (1,)
            with pytest.raises(InputError, match="none of face-shape"):
                desk.reviews.judge(case.case_id, 1, "same", ["intuition"])
            done = desk.reviews.judge(case.case_id, 1, "same", ["ears"], "a scar")
            assert done.state is CaseState.DECIDED
        assert client.reviews.list()[0].outcome is CaseOutcome.LEAD
        assert client.reviews.rates()[0].same == 1
        packet = tmp_path / "packet.json"
        packet.write_bytes(client.reviews.packet(case.case_id, [probe]).as_json())
        assert check_file(packet)[1] == []
        assert client.reviews.appeal(case.case_id, "complaint").round == 2
