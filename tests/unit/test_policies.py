"""Policies, consents and stops in a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reknown import Reknown
from reknown.biometrics.errors import InputError, NotFoundError, PolicyError
from reknown.biometrics.policy import EVERYTHING_ALLOWED, Policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Reknown]:
    with Reknown(tmp_path / "gallery") as opened:
        opened.collections.create("people")
        yield opened


def test_rules_are_set_from_a_file(client: Reknown, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("keep_faces = 9\n")
    assert client.policies.read() == EVERYTHING_ALLOWED
    assert client.policies.set(rules) == client.policies.read() == Policy(keep_faces=9)
    rules.write_text("keep_faces = 0\n")
    with pytest.raises(InputError, match="line 1: keep_faces"):
        client.policies.set(rules)
    with pytest.raises(NotFoundError):
        client.policies.read("nowhere")


def test_people_agree_and_withdraw(client: Reknown, people: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("consent_required = true\n")
    client.policies.set(rules)
    image, name = people / "Grace Hopper" / "1.jpg", "Grace Hopper"
    (refused,) = client.enroll([(image, name)]).refused
    assert "no valid consent" in refused.reason
    with pytest.raises(InputError, match="not a date"):
        client.policies.give_consent(name, b"I agree", "signed", expires="some day")
    given = client.policies.give_consent(name, b"I agree", "signed", expires="2099-12-31")
    assert client.enroll([(image, name)]).people == (name,)
    assert client.policies.consents() == (given,)
    assert client.policies.withdraw_consent(name) == (given.number,)
    (kept,) = client.policies.consents()
    assert (kept.user, kept.number) == (None, given.number)


def test_approvals_are_granted_and_withdrawn(client: Reknown) -> None:
    granted = client.policies.grant_approval("cli:nobody-here", "case 4711", searches=3)
    assert client.policies.approvals() == (granted,)
    ended = client.policies.withdraw_approval(granted.approval_id)
    assert client.policies.approvals() == (ended,)
    assert ended.expires_at < granted.expires_at
    with pytest.raises(InputError, match="name an account"):
        client.policies.grant_approval("ada", "case 4711")


def test_searches_stop_and_resume(client: Reknown, people: Path) -> None:
    probe = people / "Grace Hopper" / "1.jpg"
    client.enroll(people)
    for scope in (None, "people"):
        client.policies.stop_searches("a drill", scope)
        with pytest.raises(PolicyError, match="stopped: a drill"):
            client.identify(probe)
        assert client.policies.resume_searches(scope)
        assert client.identify(probe)
        assert not client.policies.resume_searches(scope)
