"""What commands on video files need: a bar."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from rich.progress import Progress

    from reknown.cli.output import NoBar


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int, int], None]]:
    """A bar on standard error that takes (milliseconds done, in all, frames)."""
    from reknown.cli.output import printable

    with _bar() as bar:
        task = bar.add_task(printable(what), total=None, pace="")
        started = time.monotonic()

        def progress(done_ms: int, total_ms: int, frames: int) -> None:
            seconds = max(time.monotonic() - started, 1e-3)
            pace = f"{frames / seconds:,.0f} frames/s {done_ms / 1000 / seconds:.1f}x real time"
            bar.update(task, completed=done_ms, total=total_ms or None, pace=pace)

        yield progress


def _bar() -> AbstractContextManager[Progress | NoBar]:
    from reknown.cli.output import NoBar, console

    if not sys.stderr.isatty():
        return nullcontext(NoBar())
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns: tuple[Any, ...] = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[pace]}", style="dim", markup=False),
        TimeRemainingColumn(),
    )
    return Progress(
        *columns,
        console=console(error=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
    )
