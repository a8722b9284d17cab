"""`reknown config`."""

from __future__ import annotations

import json as json_module
import os
from pathlib import Path
from textwrap import fill, indent
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.configured import Given, configured
from reknown.cli.options import ConfigFile, Json
from reknown.configuration import OPTIONS, SECRETS, SECTIONS, STRUCTS, DatabaseUrl

if TYPE_CHECKING:
    from reknown.configuration import Option

cli = typer.Typer(
    help="Configuration: show what is in effect, check a file, write an example.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@cli.command()
@configured(*SECTIONS)
def show(options: Given, json: Json = False) -> None:
    """Show each setting and where it comes from: default, file, variable or option.

    Takes the options of `serve` and `worker`, and starts nothing. Secrets are never shown.
    """
    from reknown.cli.output import print_json, print_table
    from reknown.settings import read_sources

    sources = read_sources(options)
    sources.settings()  # nothing is in effect while anything is wrong
    secrets = {name: bool(os.environ.get(name)) for name in SECRETS}
    if json:
        for key, each in sources.values.items():
            value = _shown(each.value) if isinstance(each.value, Path | DatabaseUrl) else each.value
            print_json({"key": key, "value": value, "source": each.source, "name": each.name})
        for name, is_set in secrets.items():
            print_json({"secret": name, "set": is_set})
        return
    rows = [
        (key, _shown(each.value), f"{each.source} {each.name}".strip())
        for key, each in sources.values.items()
    ]
    rows += [(name, "set" if known else "not set", "secret") for name, known in secrets.items()]
    print_table(("setting", "value", "source"), rows)


@cli.command()
def check(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="A file to check alone; otherwise what commands read now."
        ),
    ] = None,
    config: ConfigFile = None,  # noqa: ARG001 - its callback takes it
) -> None:
    """Look for mistakes and list them all; the exit status is 1 if there are any."""
    from reknown.cli.output import EXIT_NEGATIVE, printable
    from reknown.settings import Sources, find_file, read_sources

    if file is None:
        sources, place = read_sources(), find_file() or "no file"
    else:
        sources, place = Sources(), file
        sources.add_file(file)
    problems = sources.problems()
    for problem in problems:
        typer.echo(printable(problem))
    if problems:
        raise typer.Exit(EXIT_NEGATIVE)
    typer.echo(f"{place}: no problems")


@cli.command()
def example() -> None:
    """Print a reknown.toml with every option, its meaning and its default."""
    typer.echo("# Every option is optional. Relative paths start from the folder of this file.")
    for section in STRUCTS:
        if section:
            typer.echo(f"\n[{section}]")
        for option in OPTIONS.values():
            if option.section == section:
                typer.echo(_explained(option))


def _explained(option: Option) -> str:
    default = option.default_text
    expected = option.expected[0].upper() + option.expected[1:]
    text = f"{option.about.meaning} {expected}." + (f" Default: {default}." if default else "")
    return f"\n{indent(fill(text, 96), '# ')}\n# {option.name} = {_toml(option)}"


def _toml(option: Option) -> str:
    """The default if it is the same everywhere, else what it may look like."""
    default = option.make_default()
    if default is None or isinstance(default, Path):
        default = option.about.metavar or option.about.least
    return json_module.dumps(default)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, DatabaseUrl):
        return value.shown
    return "" if value is None else str(value)
