from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from reknown.cli import session
from reknown.cli.main import cli
from reknown.configuration import DEFAULT_PACK
from reknown.vision.engines import StoredPacks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.testing import Result

    from reknown.vision.analyze import Engine


@dataclass(frozen=True)
class Run:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The output as JSON lines; fails on NaN and its like."""

        def refuse(name: str) -> None:
            raise AssertionError(f"{name} is no JSON")

        return [json.loads(line, parse_constant=refuse) for line in self.out.splitlines()]


@pytest.fixture(scope="session", autouse=True)
def _commands() -> Iterator[None]:
    """typer's runner builds all commands again each time: here once a process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", cache(get_command))
        yield


@pytest.fixture
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Runs a command in this process with the engines that are loaded already."""
    open_engine, load = session.open_engine, StoredPacks.load

    fixtures = {None: "engine", DEFAULT_PACK: "engine", "public-domain": "public_domain"}

    def loaded(pack: str | None) -> Engine | None:
        made: Engine | None = (pack in fixtures and request.getfixturevalue(fixtures[pack])) or None
        return made

    monkeypatch.setattr(session, "open_engine", lambda pack: loaded(pack) or open_engine(pack))
    monkeypatch.setattr(StoredPacks, "load", lambda packs, pack: loaded(pack) or load(packs, pack))

    def run_command(*arguments: object, answer: str | None = None) -> Run:
        words = [str(argument) for argument in arguments]
        result: Result = CliRunner().invoke(cli, words, input=answer)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Run(result.exit_code, result.stdout, result.stderr)

    return run_command
