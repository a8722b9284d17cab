"""`reknown report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.moments import Since, Until, moment_of
from reknown.cli.options import Data

if TYPE_CHECKING:
    from reknown.reporting.report import Report
    from reknown.services.oversight.transparency import Transparency

cli = typer.Typer(
    help="Reports for those whom the searches concern.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_NAME = "transparency"


@cli.callback()
def root() -> None:
    """Makes `transparency` a command of its own, although it is the only one."""


@cli.command()
def transparency(
    since: Since = None,
    until: Until = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Write transparency.html, .json and .csv into this folder. The page needs "
            "reknown[evaluation].",
        ),
    ] = None,
    data: Data = None,
    json: Annotated[
        bool, typer.Option("--json", help="The figures as JSON, for machines.")
    ] = False,
) -> None:
    """Count what was done with faces in a time, for the public.

    Searches by collection and purpose, with candidates and without, faces stored and deleted, and
    refusals by reason, all from the ledger. Counts below 10 are withheld, and what would give them
    away. The same ledger gives the same files, byte for byte.
    """
    from datetime import UTC, datetime

    from reknown.biometrics.errors import InputError
    from reknown.cli.evaluate.session import print_report
    from reknown.cli.output import print_json, printable, progress
    from reknown.cli.session import open_context
    from reknown.services.oversight.transparency import read_transparency
    from reknown.services.oversight.transparency_report import transparency_report

    if since is None or until is None:
        raise InputError("a report is of a time: give --since and --until, such as 2026-11-01")
    start, end = moment_of(since), moment_of(until, ending=True)
    with open_context(data) as context, progress() as bar:
        task = bar.add_task("records read", total=None)
        found = read_transparency(context, start, end, lambda more: bar.advance(task, more))
    report = transparency_report(found)
    if out is not None:
        _write(out, found, report)
    if json:
        print_json(report.figures)
    elif out is None:
        print_report(report)
    else:
        typer.echo(printable(f"report: {out / _NAME}.html, .json and .csv"))
    if end > datetime.now(UTC):
        typer.echo("this time has not ended: the report will be another one then", err=True)


def _write(folder: Path, found: Transparency, report: Report) -> None:
    import json

    from reknown.cli.exports import csv_table
    from reknown.reporting.files import write_text
    from reknown.reporting.page import render
    from reknown.services.oversight.transparency_report import COLUMNS, table_rows

    page = render(report, "transparency.html.j2")
    write_text(folder / f"{_NAME}.html", page)
    figures = json.dumps(report.figures, sort_keys=True, indent=1, allow_nan=False)
    write_text(folder / f"{_NAME}.json", f"{figures}\n")
    with csv_table(folder / f"{_NAME}.csv", COLUMNS, mark=False) as table:
        table.write(table_rows(found))
