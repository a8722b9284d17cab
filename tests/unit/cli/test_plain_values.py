from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from reknown.cli.plain_values import take_values_plainly

take_values_plainly()
app = typer.Typer(rich_markup_mode=None)
seen: list[Any] = []


@app.command()
def show(  # noqa: PLR0913, PLR0917
    paths: Annotated[list[Path] | None, typer.Argument()] = None,
    name: str = "people",
    folder: Annotated[Path | None, typer.Option(exists=True)] = None,
    count: Annotated[int, typer.Option(min=1)] = 5,
    ratio: float | None = None,
    tags: Annotated[list[str] | None, typer.Option("--tag")] = None,
    upper: Annotated[str, typer.Option(parser=str.upper)] = "x",
    json: bool = False,
) -> None:
    seen.append((paths, name, folder, count, ratio, tags, upper, json))


def _shown(*words: str) -> Any:
    result = CliRunner().invoke(app, [*words])
    return seen.pop() if result.exit_code == 0 else result.stderr


def test_what_is_not_given_is_the_default() -> None:
    assert _shown() == (None, "people", None, 5, None, None, "X", False)


def test_values_have_the_types_that_are_declared(tmp_path: Path) -> None:
    words = ["a", "-", "--name", "", "--folder", str(tmp_path), "--count", "7", "--ratio", "0.5"]
    given = _shown(*words, "--tag", "x", "--tag", "y", "--upper", "b", "--json")
    assert given == ([Path("a"), Path("-")], "", tmp_path, 7, 0.5, ["x", "y"], "B", True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--count", "0"], "--count"),
        (["--count", "x"], "--count"),
        (["--ratio", "x"], "--ratio"),
        (["--folder", "/nowhere/at/all"], "does not exist"),
    ],
)
def test_wrong_values_are_still_refused(words: list[str], message: str) -> None:
    assert message in _shown(*words)
