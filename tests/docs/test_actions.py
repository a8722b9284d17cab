"""The table of what the console does is whole, and all that it names is there."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import pytest
import typer
from typer import Context
from typer.core import TyperGroup

from reknown._archive import Archive
from reknown._people import People
from reknown._policies import Policies
from reknown._reviews import Reviews
from reknown.api.registry import HANDLERS
from reknown.cli.main import cli
from reknown.client import Reknown
from reknown.console.routes import PAGES
from reknown.services.sign_in import FOR_OPERATORS

_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "actions.md"
_NONE = "none: "
_ENTRANCES = {"archive": Archive, "people": People, "policies": Policies, "reviews": Reviews}
_FORMS = {page.path: page for page in PAGES if page.changes}


class Action(NamedTuple):
    """A row: cells are names without their quotes, or reasons."""

    path: str
    command: str
    operation: str
    method: str


def _actions() -> list[Action]:
    lines = [line for line in _PAGE.read_text().splitlines() if line.startswith("| `/")]
    return [Action(*(cell.strip().strip("`") for cell in line.split("|")[1:-1])) for line in lines]


ACTIONS = _actions()


def test_every_form_has_a_row_and_every_row_a_form() -> None:
    rows = [action.path for action in ACTIONS]
    assert len(set(rows)) == len(rows)
    assert set(rows) == set(_FORMS)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda each: each.path)
def test_what_a_row_names_is_there_or_has_a_reason(action: Action) -> None:
    for cell in action[1:]:
        assert cell.removeprefix(_NONE).strip()
    if not action.command.startswith(_NONE):
        _require_command(action.command)
    if not action.operation.startswith(_NONE):
        assert action.operation in HANDLERS
        assert HANDLERS[action.operation].changes or action.operation.startswith(_LOOKING)
    if not action.method.startswith(_NONE):
        attrgetter(action.method.rpartition(".")[2])(
            _ENTRANCES.get(action.method.partition(".")[0], Reknown)
        )


@pytest.mark.parametrize("action", ACTIONS, ids=lambda each: each.path)
def test_a_form_takes_the_right_of_its_operation(action: Action) -> None:
    right = _FORMS[action.path].operation
    if not action.operation.startswith(_NONE) and right not in FOR_OPERATORS:
        assert right == action.operation


# Searches are forms, so that none is made by a link.
_LOOKING = ("SearchUsersByImage", "ReknownFindSightings", "CompareFaces")


def _require_command(line: str) -> None:
    program, *words = line.split()
    assert program == "reknown"
    command = typer.main.get_command(cli)
    for word in words:
        assert isinstance(command, TyperGroup), line
        found = command.get_command(Context(command), word)
        assert found is not None, line
        command = found
