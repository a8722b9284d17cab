"""What others may rely on: names, hints, docstrings, and how little an import costs."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import pytest

import reknown
from reknown._archive import Archive
from reknown._people import People
from reknown._policies import Policies
from reknown._reviews import Reviews
from reknown._watches import Watches
from reknown.client import Collections, Reknown

_PROGRAM = """
import sys
before = set(sys.modules)
{program}
print(*sorted(set(sys.modules) - before))
"""
_HEAVY = {"PIL", "alembic", "cv2", "numpy", "onnxruntime", "rich", "sqlalchemy", "typer"}


def _public(owner: object) -> dict[str, Any]:
    return {name: value for name, value in vars(owner).items() if not name.startswith("_")}


def _imported(program: str) -> list[str]:
    command = [sys.executable, "-c", _PROGRAM.format(program=program)]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()


def test_the_public_names() -> None:
    assert (
        dir(reknown)
        == sorted(reknown.__all__)
        == ["Among", "Reknown", "__version__", "errors", "results"]
    )
    for name in reknown.__all__:
        assert getattr(reknown, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'recognise'"):
        _ = reknown.recognise


def test_the_names_of_the_client() -> None:
    assert sorted(_public(Reknown)) == [
        "archive",
        "close",
        "collections",
        "compare",
        "detect",
        "enroll",
        "evaluate",
        "events",
        "export_templates",
        "identify",
        "import_templates",
        "people",
        "policies",
        "reviews",
        "text",
        "video",
        "watch",
        "watches",
        "write_names",
    ]
    assert sorted(_public(Collections)) == ["create", "delete"]
    assert sorted(_public(People)) == ["keep_apart", "merge", "move_faces", "rename"]
    assert sorted(_public(Policies)) == [
        "approvals",
        "consents",
        "give_consent",
        "grant_approval",
        "read",
        "resume_searches",
        "set",
        "stop_searches",
        "withdraw_approval",
        "withdraw_consent",
    ]
    assert sorted(_public(Reviews)) == ["appeal", "judge", "list", "packet", "rates", "read"]
    own = ["change", "create", "delete", "list", "look", "read", "start", "stop"]
    assert sorted(_public(Watches)) == own
    assert sorted(_public(Archive)) == [
        "delete_files",
        "files",
        "find",
        "find_face",
        "group",
        "groups",
        "ignore_group",
        "keep_apart",
        "merge_groups",
        "name_group",
        "proposals",
        "scan",
        "split_group",
        "undo_apart",
        "unname_group",
    ]


def test_the_names_of_the_results() -> None:
    defined = {
        name: value
        for name, value in _public(reknown.results).items()
        if inspect.isclass(value) and value.__module__.startswith("reknown")
    }
    assert sorted(set(defined) - {"Shown"}) == sorted(reknown.results.__all__)


@pytest.mark.parametrize(
    "owner", [Reknown, Collections, Archive, People, Policies, Reviews, Watches]
)
def test_every_method_is_documented_and_typed(owner: type) -> None:
    assert inspect.getdoc(owner)
    for name, member in _public(owner).items():
        assert inspect.getdoc(member), name
        called: Any = member.fget if isinstance(member, property) else member
        signature = inspect.signature(called)
        assert signature.return_annotation is not inspect.Signature.empty, name
        for parameter in list(signature.parameters.values())[1:]:
            assert parameter.annotation is not inspect.Parameter.empty, f"{name}: {parameter}"


@pytest.mark.parametrize("name", reknown.results.__all__)
def test_every_result_is_frozen_and_documented(name: str) -> None:
    result: Any = getattr(reknown.results, name)
    assert result.__dataclass_params__.frozen
    assert not hasattr(result, "__dict__") or "__slots__" in vars(result)
    assert (inspect.getdoc(result) or "").endswith(".")
    for member in _public(result).values():
        if isinstance(member, property):
            assert inspect.getdoc(member)


def test_importing_the_package_costs_nothing() -> None:
    imported = _imported("import reknown")
    assert "reknown" in imported
    assert len(imported) < 5, imported


def test_importing_the_client_loads_no_other_package() -> None:
    imported = _imported("from reknown import Among, Reknown, errors, results")
    tops = {name.partition(".")[0] for name in imported}
    assert not tops & _HEAVY
    assert tops - sys.stdlib_module_names == {"reknown"}
    assert len(imported) < 120, imported
