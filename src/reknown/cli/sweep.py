"""`reknown sweep`."""

from __future__ import annotations

import typer

from reknown.cli.options import Data, Json


def sweep(data: Data = None, json: Json = False) -> None:
    """Delete what policies do not allow to be kept any longer, for good.

    Servers and workers do so by themselves, about every five minutes; this is for cron where
    none runs. Each deletion is recorded (`reknown ledger`).
    """
    from reknown.cli.output import print_json, print_table
    from reknown.cli.session import open_context
    from reknown.services.policies import retention

    with open_context(data) as context:
        swept = retention.sweep(context)
    if json:
        for each in swept:
            print_json(each)
    elif swept:
        rows = [(s.collection, s.faces, s.sightings, s.jobs, s.records, s.people) for s in swept]
        print_table(("collection", "faces ", "sightings ", "jobs ", "records ", "people "), rows)
    else:
        typer.echo("nothing has been kept for too long")
