from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import InputError
from reknown.biometrics.policy import Policy
from reknown.services.policies.files import TEMPLATE, as_toml, read_policy_file

if TYPE_CHECKING:
    from pathlib import Path


def test_the_template_is_a_policy_with_nothing_missing(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(TEMPLATE)
    policy = read_policy_file(path)
    assert policy.governed
    assert policy.missing() == ()


def test_what_is_shown_can_be_set_again(tmp_path: Path) -> None:
    policy = Policy(
        purposes=("missing-person", "theft"),
        legal_basis='a "quoted" one, \\ and ü',
        consent_required=True,
        keep_faces=3,
        least_similarity=99.5,
        searchers=("key:*",),
        suspended=True,
    )
    path = tmp_path / "policy.toml"
    path.write_text(as_toml(policy))
    assert read_policy_file(path) == policy
    path.write_text("")
    assert read_policy_file(path) == Policy()
    assert as_toml(Policy()) == ""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("keep_faces = 0", "line 3: keep_faces takes days from 1"),
        ('keep_faces = "3"', "line 3: keep_faces: Expected int"),
        ("keep_face = 3", "line 3: keep_face is not a rule: did you mean keep_faces?"),
        ("xyzzy = 3", "line 3: xyzzy is not a rule: there are purposes, "),
        ('purposes = ["Missing Person"]', "line 3: purposes takes a code"),
        ('purposes = ["immigration-status"]', "line 3: purposes: 'immigration-status' can never"),
        ("purposes = [3]", "line 3: purposes: Expected str"),
        ("least_similarity = nan", "line 3: least_similarity takes"),
        ("suspended = 1", "line 3: suspended: Expected bool"),
        ("keep_faces = ", "not valid TOML"),
        ("x = " + "[" * 5000, "not valid TOML"),
        ("a = '" + "x" * 100_000 + "'", "more than 100,000 bytes"),
    ],
)
def test_line_and_field_are_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(f"# rules\n\n{line}\n")
    with pytest.raises(InputError) as raised:
        read_policy_file(path)
    assert message in str(raised.value)
    assert str(path) in str(raised.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        read_policy_file(tmp_path / "none.toml")
    path = tmp_path / "latin.toml"
    path.write_bytes(b"legal_basis = '\xff'")
    with pytest.raises(InputError, match="no text in UTF-8"):
        read_policy_file(path)


def test_every_rule_is_in_the_template() -> None:
    missing = {field.name for field in fields(Policy) if f"\n{field.name} = " not in TEMPLATE}
    assert not missing
