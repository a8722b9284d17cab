"""Each test that the page "What is proved" names is there."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from pages import ROOT

_PAGE = ROOT / "docs" / "explanation" / "what-is-proved.md"
_NAMED = re.findall(r"`([\w/]+\.py)::(\w+)`", _PAGE.read_text(encoding="utf-8"))
_ROW = re.compile(r"^\| (?!-|Claim|Shown|Asked)(.*) \|$", re.MULTILINE)


@cache
def _functions_of(path: str) -> dict[str, ast.FunctionDef]:
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("path", "test"), _NAMED, ids=[test for _, test in _NAMED])
def test_it_is_there_and_can_fail(path: str, test: str) -> None:
    found = _functions_of(path)[test]
    assert test.startswith("test_")
    calls = {"check", "raises", "require_sound", "_require_sound"}
    assert any(
        isinstance(node, ast.Assert)
        or (isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in calls)
        for node in ast.walk(found)
    )


def test_every_claim_names_one() -> None:
    proved = _PAGE.read_text(encoding="utf-8").partition("## Only in part")[0]
    claims = _ROW.findall(proved)
    assert len(claims) > 30
    assert [claim for claim in claims if "::test_" not in claim] == []
    assert len(set(_NAMED)) == len(_NAMED) > 60
