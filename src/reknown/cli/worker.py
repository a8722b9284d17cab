"""`reknown worker`."""

from __future__ import annotations

from typing import Annotated

import typer

from reknown.cli.configured import Given, configured


@configured("objects", "notices", "events", "worker")
def worker(
    options: Given,
    once: Annotated[
        bool, typer.Option("--once", help="Process the jobs that are waiting, then end.")
    ] = False,
    parent: Annotated[
        int | None,
        typer.Option(hidden=True, help="End when this process does, which started this one."),
    ] = None,
) -> None:
    """Process the videos that clients of `reknown serve` ask about, and watch cameras.

    Takes one job after the other from the data folder. `serve` runs one worker itself, and any
    number of others share the work. A worker that dies loses nothing: after its lease another
    one takes over. SIGTERM gives the job back at once.

    With --streams and --cameras it also watches so many of the cameras in that file at once, of
    those whose watches have been started (`reknown watches`). If it dies, another worker that has
    the camera watches on within ten seconds.

    A log line in JSON for each job goes to standard error.

    All options but --once may stand in reknown.toml: see `reknown config example`.
    """
    from reknown.runtime.worker import work
    from reknown.settings import read_settings

    work(read_settings(options=options), once=once, parent=parent)
