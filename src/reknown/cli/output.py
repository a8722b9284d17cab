"""Text for people and JSON lines for machines."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from reknown.biometrics.text import counted, one_in, printable

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence
    from contextlib import AbstractContextManager

    from rich.console import Console
    from rich.progress import Progress

__all__ = [
    "EXIT_DONE",
    "EXIT_ERROR",
    "EXIT_NEGATIVE",
    "NoBar",
    "console",
    "counted",
    "one_in",
    "percent",
    "print_json",
    "print_left_out",
    "print_table",
    "printable",
    "progress",
]

EXIT_DONE, EXIT_NEGATIVE, EXIT_ERROR = 0, 1, 2
_PIPED_WIDTH = 120
_SURROGATES = re.compile("[\ud800-\udfff]")


def console(*, error: bool = False) -> Console:
    """A console that drops colours and animation when its output is not a terminal."""
    from rich.console import Console

    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() else _PIPED_WIDTH
    return Console(file=stream, highlight=False, width=width)


def print_json(value: object) -> None:
    """One line of JSON on standard output; of text alone, whatever file names may hold."""
    sys.stdout.write(json.dumps(_plain(value), allow_nan=False) + "\n")
    sys.stdout.flush()


def print_left_out(left_out: Mapping[str, int]) -> None:
    """What was passed over, by reason, on standard error, which machines leave to people."""
    for what, count in sorted(left_out.items()):
        if count:
            sys.stderr.write(f"left out: {count:,} {what}\n")


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    title: str = "",
    whole: Container[str] = (),
) -> None:
    """A table for people; columns whose name ends in a blank are aligned right.

    What is in the columns `whole` is not broken as long as others can be.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(printable(title)) if title else None,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        pad_edge=False,
    )
    for column in columns:
        table.add_column(
            column.strip(),
            justify="right" if column.endswith(" ") else "left",
            overflow="fold",
            no_wrap=column in whole,
        )
    for row in rows:
        table.add_row(*(Text(printable(str(cell))) for cell in row))
    console().print(table)


class NoBar:
    """Takes what a bar takes, where nobody would see one."""

    def add_task(self, *_: object, **__: object) -> Any:
        """Begins nothing."""

    def update(self, *_: object, **__: object) -> None:
        """Shows nothing."""

    advance = stop = update


def progress() -> AbstractContextManager[Progress | NoBar]:
    """A bar on standard error with rate and time left, if that is a terminal.

    Rich may catch standard output, to write above the bar, only where that is a terminal too:
    it would keep lines from the file that they are meant for.
    """
    if not sys.stderr.isatty():
        return nullcontext(NoBar())
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:.0f}/s" if speed else "", style="dim")

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=console(error=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
    )


def percent(value: float | None) -> str:
    """A similarity for people."""
    return "-" if value is None else f"{value:.1f}"


def _plain(value: object) -> object:
    """`value` in the terms of JSON."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {_text(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return _text(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _text(value: str) -> str:
    """Without lone surrogates, which stand for bytes that are no text and are no JSON either."""
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", value)
