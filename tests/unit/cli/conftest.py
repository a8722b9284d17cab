from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from reknown.cli import session
from reknown.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Callable

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


@pytest.fixture
def run(
    engine: Engine, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Run]:
    """Runs a command in this process with the engines that are loaded already."""
    load = session.open_engine

    def open_engine(pack: str | None) -> Engine:
        if pack in {None, session.DEFAULT_PACK}:
            return engine
        if pack == "public-domain":
            loaded: Engine = request.getfixturevalue("public_domain")
            return loaded
        return load(pack)

    monkeypatch.setattr(session, "open_engine", open_engine)

    def run_command(*arguments: object, answer: str | None = None) -> Run:
        words = [str(argument) for argument in arguments]
        result: Result = CliRunner().invoke(cli, words, input=answer)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Run(result.exit_code, result.stdout, result.stderr)

    return run_command
