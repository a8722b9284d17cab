"""`reknown ledger` without a command: what was done."""

from __future__ import annotations

import json as standard_json
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reknown.biometrics.errors import InputError
from reknown.cli.completion import complete_collection, complete_operation
from reknown.cli.moments import Since, Until, moment_of
from reknown.cli.options import Data, Json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reknown.services.history import Event, HistoryPage

_Actor = Annotated[
    str | None,
    typer.Option("--actor", metavar="WHO", help="Only what this one did, such as cli:ada."),
]
_Operation = Annotated[
    str | None,
    typer.Option(
        "--operation",
        metavar="NAME",
        help="Only this operation, such as identify.",
        autocompletion=complete_operation,
    ),
]
_Collection = Annotated[
    str | None,
    typer.Option(
        "--collection",
        "-c",
        metavar="NAME",
        help="Only this gallery.",
        autocompletion=complete_collection,
    ),
]
_Request = Annotated[
    str | None, typer.Option("--request", metavar="ID", help="Only this request of the API.")
]
_Limit = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=0, help="Only the newest N events.")
]
_Follow = Annotated[
    bool, typer.Option("--follow", "-f", help="Show new events as they come, until Ctrl-C.")
]
_Report = Annotated[
    Path | None,
    typer.Option(
        "--report", metavar="FILE", help="Write the events to an HTML page instead. It holds names."
    ),
]


def show(
    context: typer.Context,
    since: Since = None,
    until: Until = None,
    actor: _Actor = None,
    operation: _Operation = None,
    collection: _Collection = None,
    request: _Request = None,
    limit: _Limit = None,
    follow: _Follow = False,
    report: _Report = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show what was done, and by whom; prove that nobody has changed it since.

    Every enrolment, every search and every deletion is there, oldest first. The ledger itself
    holds no names of people: they are looked up now, and are gone once a person is deleted.

    The commands below are about proofs: `verify` says whether the ledger was changed, `prove` and
    `export` make files that others check with a public key.
    """
    from reknown.cli.session import open_context
    from reknown.services.history import Choice, read_history

    if context.invoked_subcommand is not None:
        _require_no_options(context)
        return
    if follow and until is not None:
        raise InputError("--follow shows what is still to come: leave out --until")
    _check_report(report, follow=follow, json=json)
    choice = Choice(
        None if since is None else moment_of(since),
        None if until is None else moment_of(until, ending=True),
        actor,
        operation,
        collection,
        request,
    )
    write = _as_json if json else _as_text
    with open_context(data) as opened, _until_interrupted(following=follow):
        pages = read_history(opened, choice, newest=limit, follow=follow)
        if report is not None:
            _write_report(report, pages)
            return
        for page in pages:
            sys.stdout.write("".join(f"{write(event, page.names)}\n" for event in page.events))
            sys.stdout.flush()


def _require_no_options(context: typer.Context) -> None:
    """Options of the list would be lost; raises `InputError`."""
    given = [
        name
        for name in context.params
        if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    ]
    if given:
        command = context.invoked_subcommand
        raise InputError(f"write options behind the command: reknown ledger {command} --{given[0]}")


def _check_report(report: Path | None, *, follow: bool, json: bool) -> None:
    if report is None:
        return
    if follow or json:
        raise InputError("--report writes a page: leave out --follow and --json")
    if report.suffix.lower() != ".html":
        raise InputError(f"--report {report}: the name must end in .html")


def _write_report(target: Path, pages: Iterable[HistoryPage]) -> None:
    from reknown.cli.output import printable
    from reknown.ledger.summary import summarise
    from reknown.reporting.ledger import LedgerLine, write_ledger

    lines = (
        LedgerLine(
            f"{event.at:%Y-%m-%d %H:%M:%S}",
            event.actor,
            event.operation,
            event.collection or "",
            summarise(event.record, page.names),
            event.request_id or "",
        )
        for page in pages
        for event in page.events
    )
    write_ledger(target, (("Written", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),), lines)
    typer.echo(printable(f"report: {target}"))


def _as_text(event: Event, names: Mapping[str, str]) -> str:
    from reknown.cli.output import printable
    from reknown.ledger.summary import summarise

    columns = (
        f"{event.at:%Y-%m-%d %H:%M:%S}",
        f"{event.actor:14}",
        f"{event.operation:16}",
        f"{event.collection or '-':10}",
        summarise(event.record, names),
    )
    return printable("  ".join(columns)).rstrip()


def _as_json(event: Event, names: Mapping[str, str]) -> str:
    import msgspec

    from reknown.ledger.subjects import subjects_of

    row: dict[str, Any] = {
        "id": event.id,
        "at": event.at.isoformat(),
        "actor": event.actor,
        "operation": event.operation,
        "collection": event.collection,
        "request_id": event.request_id,
        "purpose": event.purpose,
        "kind": event.kind,
        "version": event.version,
        "record": msgspec.to_builtins(event.record),
        "names": {
            subject: names[subject]
            for subject in sorted(subjects_of(event.record))
            if subject in names
        },
    }
    return standard_json.dumps(row, allow_nan=False)


@contextmanager
def _until_interrupted(*, following: bool) -> Iterator[None]:
    """Ctrl-C is how `--follow` ends, and no accident."""
    try:
        yield
    except KeyboardInterrupt:
        if not following:
            raise
