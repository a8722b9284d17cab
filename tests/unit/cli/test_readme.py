import re
from pathlib import Path

import typer

from reknown.cli.main import cli

_README = Path(__file__).parents[3] / "README.md"


def test_the_readme_names_every_command() -> None:
    commands = typer.main.get_command(cli).commands  # type: ignore[attr-defined]
    table = re.search(r"\| Command \|.*?\n\n", _README.read_text(encoding="utf-8"), re.DOTALL)
    assert table is not None
    first_cells = re.findall(r"^\| (`[^|]*) \|", table.group(), re.MULTILINE)
    named = {name for cell in first_cells for name in re.findall(r"`(\w+)", cell)}
    assert named == set(commands)
