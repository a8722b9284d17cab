"""`reknown compact`."""

from __future__ import annotations

import typer

from reknown.cli.options import Data


def compact(data: Data = None) -> None:
    """Write the database anew, without what deletions have left between its rows.

    Templates that a former release stored are sealed before. Databases of up to 32 MiB are written
    anew by themselves when they are closed. Nobody else can write meanwhile, about ten seconds a
    gigabyte, and as much space is needed once more.
    """
    from reknown.cli.output import progress
    from reknown.cli.session import open_context
    from reknown.services.sealing import compact as rewrite

    with open_context(data) as context, progress() as bar:
        task = bar.add_task("sealing templates and names", total=None, visible=False)

        def watch(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        before, after = rewrite(context, watch)
    typer.echo(f"{before / 2**20:,.1f} MiB before, {after / 2**20:,.1f} MiB now")
