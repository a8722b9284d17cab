from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reknown.proofs import reknown_check
from reknown.proofs.leaves import leaf_of
from reknown.proofs.reknown_check import canonical

_Text = st.text(st.characters(exclude_categories=["Cs"]))
_Number = st.one_of(
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-1000, 1000).map(float),
    st.integers(-10000, 10000).map(lambda value: value / 100),
)
_Json = st.recursive(
    st.none() | st.booleans() | _Number | _Text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_Text, inner, max_size=4),
    max_leaves=12,
)
_Object = st.dictionaries(_Text, _Json, max_size=6)


@given(_Json)
@settings(max_examples=400)
@example({"\U0001f600": 1, "\uff00": 2})
@example([1e21, 1e-7, 123456789012345680000.0, -0.0, 5e-324])
def test_canonical_json_is_that_of_the_library(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [2**53, -(2**53), float("nan"), float("inf"), "\ud800", {1, 2}])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - several kinds of it
        canonical(value)


@given(_Object)
@settings(max_examples=400)
@example({"a": 80.0, "b": "x:80.0,y", "c": [1.0, 2.0]})
@example({"a": 1e300, "b": "é", "c": 12345678901234567})
def test_a_leaf_is_the_canonical_json_of_its_row(record: dict[str, Any]) -> None:
    row = _row(msgspec.json.encode(record, order="sorted").decode())
    try:
        wanted = rfc8785.dumps({**_shown(row), "detail": record})
    except rfc8785.CanonicalizationError:
        wanted = rfc8785.dumps(_shown(row))
    assert leaf_of(row) == wanted


@given(_Object, st.data())
@settings(max_examples=300)
def test_two_texts_of_one_record_have_two_leaves(record: dict[str, Any], data: Any) -> None:
    text = msgspec.json.encode(record, order="sorted").decode()
    place = data.draw(st.integers(0, len(text)))
    other = text[:place] + data.draw(_Text.filter(bool)) + text[place:]
    numbers = json.loads(text) == _loaded(other)  # 1 and 1.0 are one number in JSON
    assert numbers or leaf_of(_row(text)) != leaf_of(_row(other))


def test_another_spelling_has_another_leaf() -> None:
    ours = leaf_of(_row('{"a":1,"b":"A"}'))
    spellings = ['{"b":"A","a":1}', '{"a":1, "b":"A"}', '{"a":1,"b":"\\u0041"}',
                 '{"a":1,"a":1,"b":"A"}']  # fmt: skip
    assert ours not in {leaf_of(_row(each)) for each in spellings}


def test_a_row_without_types_has_its_text_as_it_is() -> None:
    row = _row('{"name": "\\ud800"}') | {"version": 0, "kind": None}
    assert json.loads(leaf_of(row))["detail"] == row["detail"]


def test_a_column_without_a_value_is_not_in_the_leaf() -> None:
    row = _row("{}")
    assert leaf_of(row) == leaf_of(row | {"a later column": None})
    assert leaf_of(row) != leaf_of(row | {"a later column": ""})


def test_the_single_file_is_plain_python_of_3_9() -> None:
    source = Path(reknown_check.__file__).read_text()
    tree = ast.parse(source, feature_version=(3, 9))
    modules = {
        alias.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert not any(module.startswith("reknown") for module in modules)


def _row(detail: str) -> dict[str, Any]:
    return {
        "id": 7,
        "at": "2026-11-29T12:00:00.000000+00:00",
        "actor": "cli:ada",
        "operation": "identify",
        "collection": None,
        "detail": detail,
        "request_id": None,
        "kind": "done",
        "version": 1,
    }


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def test_base64_with_bits_left_over_is_no_hash() -> None:
    # The last letter of 32 bytes has two bits that stand for nothing: "AAB=" would be "AAA=".
    good, other = (f"log\n1\n{'A' * 42}{last}=\n\n— log AAAAAAA=\n" for last in "AB")
    assert reknown_check.read_checkpoint(good).root == bytes(32)
    with pytest.raises(ValueError, match="left over"):
        reknown_check.read_checkpoint(other)
