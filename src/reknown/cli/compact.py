"""`reknown compact`."""

from __future__ import annotations

import typer

from reknown.cli.options import Data


def compact(data: Data = None) -> None:
    """Write the database anew, without what deletions have left between its rows.

    Small databases do that by themselves. On SQLite nobody else can write meanwhile, about ten
    seconds a gigabyte, and as much space is needed again; on PostgreSQL each table is locked for
    as long as it takes.
    """
    from reknown.cli.session import open_context
    from reknown.storage.database import compact as rewrite

    with open_context(data) as context:
        before, after = rewrite(context.database)
    typer.echo(f"{before / 2**20:,.1f} MiB before, {after / 2**20:,.1f} MiB now")
