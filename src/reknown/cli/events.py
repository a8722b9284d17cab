"""`reknown events`."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.completion import complete_collection, complete_watch
from reknown.cli.options import Data, Json

if TYPE_CHECKING:
    from reknown.services.live.events import EventChoice, EventPage, ToldEvent
    from reknown.storage.database import Database


def events(
    watch: Annotated[
        str | None,
        typer.Option(
            "--watch",
            "-w",
            metavar="NAME",
            help="Those of this watch alone.",
            autocompletion=complete_watch,
        ),
    ] = None,
    collection: Annotated[
        str | None,
        typer.Option(
            "--collection",
            "-c",
            metavar="NAME",
            help="Those of this gallery alone.",
            autocompletion=complete_collection,
        ),
    ] = None,
    after: Annotated[
        int | None,
        typer.Option(
            "--after",
            min=0,
            metavar="N",
            help="Begin behind the event N, in place of the newest; 0 begins with the oldest.",
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=1000, help="At most so many at once.")
    ] = 1000,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow",
            "-f",
            help="Show new events as they come, until Ctrl-C; with --after, what it missed first.",
        ),
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show what happened before the cameras: who arrived, was seen and left.

    The newest are shown, in their order, with times in UTC. Who is named is a candidate, never an
    identification. Every event has a number, and `--after` goes on behind one, so that nothing is
    missed and nothing comes twice. Events are kept for 30 days (`events_days`). That you look is in
    the ledger.
    """
    from reknown.cli.output import print_json
    from reknown.cli.session import open_context
    from reknown.services.live.events import (
        EventChoice,
        described,
        follow_events,
        knows_watch,
        read_events,
    )

    def show(each: ToldEvent) -> None:
        if json:
            print_json(described(each))
        else:
            typer.echo(_line(each))

    choice = EventChoice(watch, collection)
    with open_context(data) as context, suppress(KeyboardInterrupt) if follow else nullcontext():
        unknown = watch is not None and not knows_watch(context.database, watch)
        if unknown:
            typer.echo(f"no watch is called {watch}, and there are no events of it", err=True)
        begin = _begin(context.database, choice, None if follow else limit, after)
        if follow:
            for each in follow_events(context, begin, choice):
                show(each)
            return
        page = read_events(context, begin, limit, choice)
        for each in page.events:
            show(each)
    if not (page.events or json or unknown):
        typer.echo("no events: `reknown watch` and the watches of a server make them")
    _tell_more(choice, page, older=after is None and begin > 0)


def _begin(database: Database, choice: EventChoice, limit: int | None, after: int | None) -> int:
    """The number behind which to begin: of so many at the end, or of what happens from now on."""
    from reknown.services.live.events import before_newest, last_sequence

    if after is not None:
        return after
    return last_sequence(database) if limit is None else before_newest(database, limit, choice)


def _tell_more(choice: EventChoice, page: EventPage, *, older: bool) -> None:
    if page.more:
        typer.echo(f"more: {_command(choice, page.reached)}", err=True)
    elif older:
        typer.echo(f"older ones: {_command(choice, 0)}", err=True)


def _command(choice: EventChoice, after: int) -> str:
    chosen = {"--watch": choice.watch, "--collection": choice.collection, "--after": str(after)}
    given = (f"{name} {quote(value)}" for name, value in chosen.items() if value is not None)
    return f"reknown events {' '.join(given)}"


def _line(told: ToldEvent) -> str:
    from reknown.cli.output import printable
    from reknown.services.live.telling import summary

    event = told.event
    return printable(
        f"{event.sequence:>6}  {event.at:%Y-%m-%d %H:%M:%S} UTC  {event.watch}  "
        f"{event.kind.value:8} {summary(told)}"
    )
