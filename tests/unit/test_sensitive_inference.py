"""Nothing here infers what a person is, believes or may do, and no pack can make it do so."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

import reknown
from reknown.biometrics.errors import ModelFileError
from reknown.cli.main import cli
from reknown.ledger.records import RECORDS, Failure, Refusal
from reknown.vision.packs import manifest
from reknown.vision.packs.part import ManifestTable
from unit.plans.filling import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from msgspec import Struct

SOURCES = Path(reknown.__file__).parent
MODELS = SOURCES / "api" / "models"
# Beginnings of words, and whole ones: "race", but neither "trace" nor "racecar".
_BEGINNINGS = (
    "asylum",
    "caste",
    "citizen",
    "deport",
    "disab",
    "ethnic",
    "faith",
    "heterosexual",
    "homosexual",
    "immigra",
    "migrant",
    "nationalit",
    "politic",
    "racial",
    "refugee",
    "religi",
    "sexual",
    "skin",
)
_WHOLE = {"race", "races", "gay", "lesbian", "visa"}
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# What is not about people: a server's request that is turned off, say.
_INNOCENT = {"disable", "disabled", "disables", "disabling"}


def sensitive(name: str) -> set[str]:
    """The words of a name that speak of what is never inferred."""
    words = {word.lower() for word in _WORD.findall(name)}
    return {word for word in words - _INNOCENT if word in _WHOLE or word.startswith(_BEGINNINGS)}


@pytest.mark.parametrize(
    "name",
    ["Ethnicity", "ethnic_group", "--race", "immigration status", "SexualOrientation", "RELIGION"],
)
def test_such_a_name_would_be_found(name: str) -> None:
    assert sensitive(name)


@pytest.mark.parametrize("name", ["trace", "brace_yourself", "RequestTrace", "TraceId", "disabled"])
def test_others_would_not(name: str) -> None:
    assert not sensitive(name)


def _api() -> Iterator[str]:
    found = sorted(MODELS.rglob("service-2*.json"))
    assert found
    for path in found:
        yield from _of_shapes(json.loads(path.read_text("utf-8")))


def _of_shapes(value: Any) -> Iterator[str]:
    """All names and values of a service model but its documentation."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key != "documentation":
                yield key
                yield from _of_shapes(each)
    elif isinstance(value, list):
        for each in value:
            yield from _of_shapes(each)
    elif isinstance(value, str):
        yield value


def _options() -> Iterator[str]:
    yield from _of_command(typer.main.get_command(cli))


def _of_command(command: Any) -> Iterator[str]:
    for option in command.params:
        yield from (*option.opts, *option.secondary_opts)
    for name, child in getattr(command, "commands", {}).items():
        yield name
        yield from _of_command(child)


def _records() -> Iterator[str]:
    for record in RECORDS:
        yield record.OPERATION
    for kind in (*RECORDS, Refusal, Failure):
        yield from (field.name for field in fields(kind))


def _columns() -> Iterator[str]:
    for table in TABLES:
        yield from (table.name, *table.c.keys())


def _manifests() -> Iterator[str]:
    for table in _below(ManifestTable):
        yield from table.__struct_fields__
        yield str(table.__struct_config__.tag or "")
    yield from map(str, manifest._OTHERS)


def _below(kind: type[Struct]) -> Iterator[type[Struct]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


def _identifiers() -> Iterator[str]:
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for field in ("id", "attr", "name", "arg"):
                if isinstance(name := getattr(node, field, None), str):
                    yield name


@pytest.mark.parametrize(
    "names",
    [_api, _options, _records, _columns, _manifests, _identifiers],
    ids=["API", "options", "records", "columns", "manifests", "code"],
)
def test_nothing_is_named_after_what_is_never_inferred(names: Callable[[], Iterator[str]]) -> None:
    found = list(names())
    assert len(found) > 20
    assert {name: words for name in found if (words := sensitive(name))} == {}


_FILE = """
source = "https://example.org/x.onnx"
sha256 = "{digest}"
size = 1
licence = "MIT"
training_data = "none"
""".format(digest="ab" * 32)
_READING = 'side = 112\ndataset = "own"\nimages = 10\nright = 9\n'


def _classifiers(attribute: str, labels: str) -> str:
    return (
        'name = "classifiers"\nsummary = "x"\nnon_commercial = false\n'
        f'[classifiers]\nkind = "onnx-classifiers"\n[classifiers.files.{attribute}]{_FILE}'
        f"[classifiers.reads.{attribute}]\nlabels = {labels}\n{_READING}"
    )


_EYEGLASSES = _classifiers("eyeglasses", '["no", "yes"]')
_BUILTIN = (SOURCES / "vision" / "packs" / "builtin" / "opencv.toml").read_text("utf-8")


def test_a_pack_does_tasks_that_are_known() -> None:
    assert isinstance(manifest.parse_any_manifest(_EYEGLASSES), manifest.ClassifiersManifest)


@pytest.mark.parametrize("task", ["ethnicity", "religion", "immigration_status", "anything"])
@pytest.mark.parametrize("text", [_BUILTIN, _EYEGLASSES], ids=["faces", "classifiers"])
def test_a_pack_with_an_unknown_task_is_refused(text: str, task: str) -> None:
    assert manifest.parse_any_manifest(text)
    with pytest.raises(ModelFileError, match=f"unknown field `{task}`"):
        manifest.parse_any_manifest(f'{text}\n[{task}]\nkind = "onnx-classifiers"\n')


@pytest.mark.parametrize(
    "attribute", ["ethnicity", "nationality", "sexual_orientation", "religion"]
)
def test_a_classifier_of_anything_else_is_refused(attribute: str) -> None:
    with pytest.raises(ModelFileError, match=attribute):
        manifest.parse_any_manifest(_classifiers(attribute, '["no", "yes"]'))


@pytest.mark.parametrize(
    ("attribute", "labels"),
    [
        ("eyeglasses", '["christian", "muslim"]'),
        ("gender", '["gay", "straight"]'),
        ("emotions", '["happy", "foreign"]'),
        ("age_range", '["20-29", "citizen"]'),
    ],
)
def test_labels_that_mean_something_else_are_refused(attribute: str, labels: str) -> None:
    with pytest.raises(ModelFileError, match="labels"):
        manifest.parse_any_manifest(_classifiers(attribute, labels))
