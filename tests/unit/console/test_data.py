from __future__ import annotations

import ast
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

from reknown.console.data import TOLD, answered, plain

_SOURCES = Path(__file__).resolve().parents[3] / "src"


def _classes() -> dict[str, type]:
    """Those that the table names, of all rooms but the wire's shapes."""
    found: dict[str, type] = {}
    for path in _SOURCES.rglob("*.py"):
        if path.name == "shapes.py":
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name in TOLD:
                module = ".".join(path.relative_to(_SOURCES).with_suffix("").parts)
                found[node.name] = getattr(import_module(module), node.name)
    return found


def test_the_table_names_fields_that_there_are() -> None:
    classes = _classes()
    assert set(classes) == set(TOLD)
    for name, fields in TOLD.items():
        for field in fields:
            first = (field.partition("=")[2] or field).partition(".")[0]
            assert hasattr(classes[name], first), f"{name}.{first}"


def test_what_nobody_listed_is_not_told() -> None:
    @dataclass(frozen=True, slots=True)
    class Secret:
        template: bytes

    for value in (Secret(b"x"), b"x", [Secret(b"x")], {"a": {1}}):
        with pytest.raises(TypeError, match="say in TOLD"):
            plain(value)


def test_no_template_no_place_of_a_file_and_no_salt_is_listed() -> None:
    words = {part for fields in TOLD.values() for each in fields for part in each.split(".")}
    assert not words & {"template", "templates", "files", "origin", "salt", "searcher", "search"}


def test_strange_names_are_data() -> None:
    body = bytes(answered(200, {"name": "</script>\ud800\u202e"}).body)
    assert body.isascii()
    assert b"\\ud800\\u202e" in body
