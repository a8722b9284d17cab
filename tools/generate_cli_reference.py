"""Writes docs/reference/cli.md: every command with its arguments and options.

    .venv/bin/python tools/generate_cli_reference.py [--check]

`--check` writes nothing and ends with 1 when the page is not up to date.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from reknown.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer.core import TyperCommand, TyperGroup

_PAGE = Path(__file__).parent.parent / "docs" / "reference" / "cli.md"
_KINDS = {"argument": "Argument", "option": "Option"}
_HEAD = """# Command line

Every command with its options. This page is generated: `tools/generate_cli_reference.py`.

Exit status: 0 done; 1 a negative answer (no face, no candidate, some images refused); 2 an error.
Every command explains itself with `--help`. Data go to standard output; progress, warnings and
errors to standard error. `reknown --install-completion` sets up completion for your shell.
[Configuration](configuration.md) lists the environment variables.

"""


def page() -> str:
    """The whole page."""
    root = typer.main.get_command(cli)
    context = root.make_context("reknown", [], resilient_parsing=True)
    return _HEAD + "\n\n".join(_sections(root, context)) + "\n"  # type: ignore[arg-type]


def _sections(
    command: TyperCommand | TyperGroup, context: typer.Context, depth: int = 1
) -> Iterator[str]:
    if depth > 1:
        yield "#" * depth + f" {context.command_path}"
    if depth > 1 and command.help:
        yield inspect.cleandoc(command.help)
    children = getattr(command, "commands", {})
    if not children or command.invoke_without_command:  # type: ignore[union-attr]
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        yield f"```text\n{usage}\n```"
        yield from _tables(command, context)
    for name, child in children.items():
        below = child.make_context(name, [], parent=context, resilient_parsing=True)
        yield from _sections(child, below, depth + 1)


def _tables(command: TyperCommand | TyperGroup, context: typer.Context) -> Iterator[str]:
    """A table of the arguments, then one of the options; `--help` is said once for all."""
    for kind, title in _KINDS.items():
        rows = []
        for parameter in command.get_params(context):
            record = parameter.get_help_record(context)
            if record and parameter.param_type_name == kind and parameter.name != "help":
                rows.append(f"| `{record[0]}` | {_cell(record[1])} |")
        if rows:
            yield "\n".join([f"| {title} | |", "|---|---|", *rows])


def _cell(text: str) -> str:
    """Help as one table cell: defaults and ranges as code, asterisks elsewhere as they are."""
    words = re.sub(r"\s+", " ", text).strip().replace("|", r"\|")
    words = re.sub(r"\[((?:default|env var|required|x|-?\d)[^\]]*)\]", r"`\1`", words)
    prose_and_code = words.split("`")
    prose_and_code[::2] = [part.replace("*", r"\*") for part in prose_and_code[::2]]
    return "`".join(prose_and_code)


if __name__ == "__main__":
    text = page()
    if "--check" in sys.argv:
        sys.exit(_PAGE.read_text(encoding="utf-8") != text)
    _PAGE.write_text(text, encoding="utf-8")
