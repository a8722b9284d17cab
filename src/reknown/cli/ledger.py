"""`reknown ledger`."""

from __future__ import annotations

import typer

from reknown.cli.options import Data, Json


def ledger(
    collection: str | None = typer.Option(None, "--collection", "-c", help="Only this gallery."),
    data: Data = None,
    json: Json = False,
) -> None:
    """Show what was done, and by whom.

    Every enrolment, every search and every deletion is there, oldest first.
    """
    import json as standard_json

    from reknown.cli.output import print_json, print_table
    from reknown.cli.session import open_gallery
    from reknown.services import galleries

    with open_gallery(data) as database:
        events = list(galleries.list_events(database, collection))
    if json:
        for event in events:
            print_json(event)
        return
    rows = [
        (
            event.id,
            f"{event.at:%Y-%m-%d %H:%M:%S}",
            event.actor,
            event.operation,
            event.collection or "-",
            standard_json.dumps(event.detail),
        )
        for event in events
    ]
    print_table(("event ", "UTC", "who", "what", "collection", "detail"), rows)
