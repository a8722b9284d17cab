"""The policy that the page shows is one, and candidates are never called more than that."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from pages import PAGES
from reknown.services.policies.files import TEMPLATE, as_policy

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/policy.md").read_text()
# "never an identification" is what they are to say
CERTAIN = re.compile(
    r"(?i)\b(match confirmed|confirmed match|identity confirmed|confirmed identity|"
    r"positively identified|(?<!false )positive identification(?!-| rate)|identified as|"
    r"verified identity|identity verified|is the same person for certain|perpetrator)\b"
)
_REASON = "(?:[A-Z][a-z]+){2,}"
SPEAKING = sorted(
    [
        *(ROOT / "src/reknown").rglob("*.py"),
        *(ROOT / "src/reknown").rglob("*.j2"),
        *(ROOT / "src/reknown").rglob("service-2*.json"),
        *(ROOT / "tests/golden/expected").rglob("*.json"),
        *(ROOT / "examples").rglob("*.*"),
        *(page for page in PAGES if "decisions" not in page.parts),
    ]
)


def test_the_example_is_a_complete_policy() -> None:
    (example, setting) = re.findall(r"```toml\n(.*?)```", PAGE, re.S)
    policy = as_policy(tomllib.loads(example))
    assert policy.governed
    assert policy.missing() == ()
    assert tomllib.loads(setting) == {"policy": {"governed": True}}
    assert set(tomllib.loads(example)) == set(tomllib.loads(TEMPLATE))


_REFUSING = ("services/policies/permits.py", "services/policies/repeats.py", "gallery/consents.py")


def test_the_page_has_every_reason() -> None:
    reasons = {
        node.value
        for path in _REFUSING
        for node in ast.walk(ast.parse((ROOT / "src/reknown" / path).read_text()))
        if isinstance(node, ast.Constant) and re.fullmatch(_REASON, str(node.value))
    }
    assert "PurposeMissing" in reasons
    table = PAGE.partition("| Reason |")[2].partition("\n\n")[0]
    assert reasons == set(re.findall(f"`({_REASON})`", table))


@pytest.mark.parametrize("path", SPEAKING, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_says_more_of_a_candidate_than_is_known(path: Path) -> None:
    found = CERTAIN.search(path.read_text())
    assert found is None, f"{path.name} says {found[0]!r}" if found else ""


def test_the_search_for_such_texts_finds_some() -> None:
    assert CERTAIN.search("Match confirmed: Ada")
    ways = {path.suffix for path in SPEAKING}
    assert {".py", ".j2", ".json", ".md"} <= ways
    assert CERTAIN.search("the person was identified as Ada")
    assert not CERTAIN.search("a candidate is never an identification")
