"""`reknown stop-searches` and `reknown resume-searches`."""

from __future__ import annotations

from typing import Annotated

import typer

from reknown.cli.completion import complete_collection
from reknown.cli.options import Data

Collection = Annotated[
    str | None,
    typer.Option(
        "--collection",
        "-c",
        metavar="NAME",
        help="Only this gallery.  [default: all]",
        show_default=False,
        autocompletion=complete_collection,
    ),
]


def stop_searches(
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; whoever searches is told.")
    ],
    collection: Collection = None,
    data: Data = None,
) -> None:
    """Refuse all searches at once, on every server and command of the database.

    Searches that are under way are not answered either. Nothing is deleted, and enrolling goes
    on. `resume-searches` takes it back.
    """
    from reknown.cli.output import printable
    from reknown.cli.session import open_context
    from reknown.services.policies import stops

    with open_context(data) as context:
        stops.stop_searches(context, collection, reason)
    where = "all collections" if collection is None else printable(collection)
    typer.echo(f"stopped searches of {where}")


def resume_searches(collection: Collection = None, data: Data = None) -> None:
    """Take back what `stop-searches` said: of one gallery, or of all.

    A gallery that was stopped by its name stays so when the stop of all is taken back.
    """
    from reknown.cli.output import EXIT_NEGATIVE, printable
    from reknown.cli.session import open_context
    from reknown.services.policies import stops

    with open_context(data) as context:
        stopped = stops.resume_searches(context, collection)
    where = "all collections" if collection is None else printable(collection)
    if not stopped:
        typer.echo(f"searches of {where} were not stopped")
        raise typer.Exit(EXIT_NEGATIVE)
    typer.echo(f"resumed searches of {where}")
