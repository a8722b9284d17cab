"""The messages and codes that the page on troubleshooting explains are those of the code."""

import ast
import re

import pytest

from pages import ROOT

_PAGE = (ROOT / "docs" / "deployment" / "troubleshooting.md").read_text(encoding="utf-8")
_QUOTED = [
    quoted
    for cell in re.findall(r"^\| (`[^|]*) \|", _PAGE, re.MULTILINE)
    for quoted in re.findall(r"`([^`]+)`", cell)
]
# SQLite's and botocore's own words.
_OF_OTHERS = {"file is not a database", "database is locked", "EndpointConnectionError"}


def _strings() -> list[str]:
    """Every string of the code; an f-string in its constant parts."""
    return [
        node.value
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


@pytest.fixture(scope="module")
def strings() -> list[str]:
    return _strings()


@pytest.mark.parametrize("quoted", sorted(set(_QUOTED) - _OF_OTHERS))
def test_messages_are_quoted_as_they_are(quoted: str, strings: list[str]) -> None:
    parts = re.split(r"\.\.\.|\n|: (?=[A-Z])|REKNOWN_\w+", quoted)
    longest = max((part.strip() for part in parts), key=len)
    assert any(longest in string for string in strings), longest
