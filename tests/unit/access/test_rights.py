from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.access.rights import ALL, Rights, matches
from reknown.biometrics.errors import AccessError, InputError

_EXPORT = "ReknownExportTemplates"
_LETTERS = st.sampled_from("aAbB*?")


def test_all_permits_all_but_what_has_to_be_named() -> None:
    assert ALL.permits("DetectFaces", None)
    assert ALL.permits("IndexFaces", "staff")
    assert ALL.permits_collection("staff")
    assert not ALL.permits(_EXPORT, "staff", by_name=True)


def test_both_operation_and_collection_have_to_match() -> None:
    rights = Rights(("Search*", "DetectFaces"), ("staff-?", "guests"))
    assert rights.permits("SearchFaces", "staff-1")
    assert rights.permits("DetectFaces", "guests")
    assert rights.permits("DetectFaces", None)
    assert not rights.permits("SearchFaces", "staff-10")
    assert not rights.permits("searchfaces", "guests")
    assert not rights.permits("DeleteFaces", "guests")
    assert not rights.permits("DeleteFaces", None)
    assert not rights.permits_collection("Guests")


@pytest.mark.parametrize("pattern", ["*", "ReknownExport*", f"{_EXPORT}?", f"?{_EXPORT[1:]}"])
def test_no_pattern_names_an_operation(pattern: str) -> None:
    assert not Rights((pattern,), ("*",)).permits(_EXPORT, "staff", by_name=True)


def test_what_is_named_is_permitted_where_the_collection_is() -> None:
    rights = Rights(("*", _EXPORT), ("staff",))
    assert rights.permits(_EXPORT, "staff", by_name=True)
    assert not rights.permits(_EXPORT, "guests", by_name=True)
    assert not rights.permits("ReknownImportTemplates", "staff", by_name=True)


@pytest.mark.parametrize(
    "pattern", ["", "[ab]", "a!", "a b", "a\n", "Ä", "a/b", "rekognition:*", "a" * 129]
)
def test_odd_patterns_of_operations_are_refused(pattern: str) -> None:
    with pytest.raises(InputError):
        Rights((pattern,), ("*",))


@pytest.mark.parametrize("pattern", ["", "[ab]", "a b", "a\n", "../x", "Ä", "a" * 256])
def test_odd_patterns_of_collections_are_refused(pattern: str) -> None:
    with pytest.raises(InputError):
        Rights(("*",), (pattern,))


def test_rights_have_patterns_but_not_too_many() -> None:
    for empty in (((), ("*",)), (("*",), ()), (("*",) * 101, ("*",))):
        with pytest.raises(InputError, match="1 to 100"):
            Rights(*empty)


@given(st.text(_LETTERS, min_size=1, max_size=6), st.text("aAbB", max_size=6))
def test_patterns_mean_what_is_said(pattern: str, name: str) -> None:
    def expected(pattern: str, name: str) -> bool:
        if not pattern:
            return not name
        if pattern[0] == "*":
            return any(expected(pattern[1:], name[start:]) for start in range(len(name) + 1))
        return bool(name) and pattern[0] in {"?", name[0]} and expected(pattern[1:], name[1:])

    assert matches(pattern, name) == expected(pattern, name)


def test_many_stars_cost_no_time() -> None:
    assert not matches("a*" * 60 + "b", "a" * 255)


def test_rights_survive_storage() -> None:
    rights = Rights(("Search*", "DetectFaces"), ("staff-?",))
    assert Rights.from_json(rights.to_json()) == rights


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"operations": ["*"]}',
        '{"operations": "*", "collections": ["*"]}',
        '{"operations": ["*"], "collections": [1]}',
        '{"operations": ["*"], "collections": []}',
        '{"operations": ["[a]"], "collections": ["*"]}',
    ],
)
def test_damaged_rights_permit_nothing(text: str) -> None:
    with pytest.raises(AccessError, match="restore a backup"):
        Rights.from_json(text)
