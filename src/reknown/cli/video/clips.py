"""Video files, from opening them to what was found in them, with a bar."""

from __future__ import annotations

import importlib.util
import os
import stat
import sys
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, BinaryIO

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from rich.progress import Progress

    from reknown.biometrics.tracks import VideoAnalysis
    from reknown.cli.output import NoBar
    from reknown.video.isolation import AnalysisRequest


def require_video_support() -> None:
    """Raises `InputError` when this installation lacks what videos need."""
    needed = {"av": "PyAV", "jinja2": "jinja2"}
    missing = [name for module, name in needed.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise InputError(f"videos need {' and '.join(missing)}: pip install 'reknown[video]'")


@contextmanager
def open_clip(path: Path) -> Iterator[BinaryIO]:
    """The open file; raises `InputError` for what is no readable file (a folder, a pipe)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a name of a file"
        raise InputError(f"cannot read {path}: {reason.lower()}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(f"cannot read {path}: not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        yield file


def analyse_clip(path: Path, request: AnalysisRequest) -> VideoAnalysis:
    """All faces of a video file, with a bar on standard error.

    Raises `InputError`, `VideoError`, `ModelError`.
    """
    from reknown.video.isolation import analyse_isolated

    with open_clip(path) as file, told(path.name) as progress:
        return analyse_isolated(file, request, progress)


@contextmanager
def told(what: str) -> Iterator[Callable[[int, int, int], None]]:
    """Takes (milliseconds done, in all, frames) and shows them as a bar."""
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
