"""`reknown events`."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.options import Data, Json

if TYPE_CHECKING:
    from reknown.services.live.events import ToldEvent


def events(
    watch: Annotated[
        str | None, typer.Option("--watch", "-w", metavar="NAME", help="Those of this watch alone.")
    ] = None,
    collection: Annotated[
        str | None,
        typer.Option("--collection", "-c", metavar="NAME", help="Those of this gallery alone."),
    ] = None,
    after: Annotated[
        int, typer.Option("--after", min=0, metavar="N", help="Begin behind the event N.")
    ] = 0,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=1000, help="At most so many at once.")
    ] = 1000,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Show new events as they come, until Ctrl-C.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show what happened before the cameras: who arrived, was seen and left.

    Who is named is a candidate, never an identification. Every event has a number, and
    `--after` goes on behind one, so that nothing is missed and nothing comes twice. Events are
    kept for 30 days (`events_days`). That you look is in the ledger.
    """
    from reknown.cli.output import print_json
    from reknown.cli.session import open_context
    from reknown.services.live.events import EventChoice, described, follow_events, read_events

    def show(each: ToldEvent) -> None:
        if json:
            print_json(described(each))
        else:
            typer.echo(_line(each))

    choice = EventChoice(watch, collection)
    with open_context(data) as context, suppress(KeyboardInterrupt) if follow else nullcontext():
        if follow:
            for each in follow_events(context, after, choice):
                show(each)
            return
        page = read_events(context, after, limit, choice)
        for each in page.events:
            show(each)
    if not page.events and not json:
        typer.echo("no events: `reknown watch` and the watches of a server make them")


def _line(told: ToldEvent) -> str:
    from reknown.cli.output import printable
    from reknown.services.live.telling import summary

    event = told.event
    return printable(
        f"{event.sequence:>6}  {event.at:%Y-%m-%d %H:%M:%S} UTC  {event.watch}: {summary(told)}"
    )
