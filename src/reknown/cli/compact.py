"""`reknown compact`."""

from __future__ import annotations

import typer

from reknown.cli.options import Data


def compact(data: Data = None) -> None:
    """Write the database anew, without what deletions have left between its rows.

    Databases of up to 32 MiB do that by themselves when they are closed. Nobody else can write
    meanwhile, about ten seconds a gigabyte, and as much space is needed once more.
    """
    from reknown.cli.session import open_context
    from reknown.storage.database import compact as rewrite

    with open_context(data) as context:
        before, after = rewrite(context.database)
    typer.echo(f"{before / 2**20:,.1f} MiB before, {after / 2**20:,.1f} MiB now")
