"""Parquet files of strangers, and hostile ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from reknown.biometrics.errors import InputError
from reknown.exchange.columns import moved_faces
from reknown.exchange.files import open_templates
from unit.exchange.samples import SPACE, units

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.biometrics.moved import MovedFaces

_LISTS = [row.tolist() for row in units(3)]


def _read(path: Path) -> list[MovedFaces]:
    with open_templates(path) as templates:
        portions = templates.portions(1000)
        return [moved_faces(portion, templates.space or SPACE, "people") for portion in portions]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "faces.parquet"


@pytest.mark.parametrize("kind", ["fixed", "list", "large", "double"])
def test_vectors_are_lists_of_any_kind(path: Path, kind: str) -> None:
    types = {
        "fixed": pa.list_(pa.float32(), 4),
        "list": pa.list_(pa.float32()),
        "large": pa.large_list(pa.float32()),
        "double": pa.list_(pa.float64()),
    }
    users = pa.array(["Ada", None, "Ada"]).dictionary_encode()
    pq.write_table(pa.table({"vectors": pa.array(_LISTS, types[kind]), "users": users}), path)
    (faces,) = _read(path)
    assert faces.vectors.tolist() == units(3).tolist()
    assert faces.users == ["Ada", None, "Ada"]
    faces.require_templates(SPACE)


def _v(lists: list[Any]) -> Any:
    return pa.array(lists, pa.list_(pa.float32()))


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"users": pa.array(["a"])}, "there are no vectors"),
        ({"vectors": _v(_LISTS), "person": pa.array(["a"] * 3)}, "no field 'person'"),
        ({"vectors": pa.array([1.0, 2.0])}, "have to be lists of numbers"),
        ({"vectors": pa.array([["a"]])}, "have to be lists of float"),
        ({"vectors": pa.array([[True]])}, "have to be lists of float"),
        ({"vectors": _v([])}, "first of its vectors is missing"),
        ({"vectors": _v([None, *_LISTS])}, "first of its vectors is missing"),
        ({"vectors": _v([*_LISTS, None])}, "not all lists of 4"),
        ({"vectors": _v([*_LISTS, [1.0]])}, "not all lists of 4"),
        ({"vectors": _v([*_LISTS, [1.0, 0.0, 0.0, None]])}, "miss a value"),
        ({"vectors": _v([[]])}, "1 to 4096 values, not 0"),
        ({"vectors": _v(_LISTS), "users": pa.array([1, 2, 3])}, "they have to be texts"),
        ({"vectors": _v(_LISTS), "users": pa.array([b"a", b"b", b"c"])}, "have to be texts"),
        ({"vectors": _v(_LISTS), "qualities": pa.array([1, None, 3])}, "qualities miss a value"),
        ({"vectors": _v(_LISTS), "qualities": pa.array([1.5, 2, 3])}, "have to be integers"),
        ({"vectors": _v(_LISTS), "boxes": pa.array([1.0, 2.0, 3.0])}, "have to be lists of float"),
        ({"vectors": _v(_LISTS), "boxes": pa.array([[1.0, 2.0]] * 3)}, "not all lists of 4"),
    ],
)
def test_other_columns_are_refused(path: Path, columns: dict[str, Any], why: str) -> None:
    pq.write_table(pa.table(columns), path)
    with pytest.raises(InputError, match=why):
        _read(path)


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        (json.dumps({"format": 1, "pack": "tiny"}), "cannot be read"),
        (json.dumps({"format": 9, "pack": "tiny", "fingerprint": "ab" * 32}), "format 9"),
        (json.dumps({"format": 1, "pack": "a b", "fingerprint": "ab" * 32}), "no pack"),
        (" " * 20_000, "too long"),
    ],
)
def test_what_a_file_says_of_itself_is_looked_at(path: Path, stated: str, why: str) -> None:
    table = pa.table({"vectors": _v(_LISTS)}).replace_schema_metadata({"reknown": stated})
    pq.write_table(table, path)
    with pytest.raises(InputError, match=why):
        _read(path)
