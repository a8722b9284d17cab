"""A report as one HTML file that loads nothing and runs nothing, for screens and paper."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reknown.biometrics.errors import InputError
from reknown.reporting.blocks import Caution, Forest, HeatMap, Table, Text
from reknown.reporting.labels import plain, shortened
from reknown.reporting.plots import notes, svg
from reknown.reporting.plots.canvas import figure
from reknown.reporting.plots.forest import row_figures
from reknown.reporting.templating import filled

if TYPE_CHECKING:
    from reknown.reporting.blocks import Block
    from reknown.reporting.report import Report, Section

_MOST_JSON = 250_000
_CELL = 160
_WORD = 24
_HEADING = 200


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell as it is shown; `full` is the whole where that is longer.

    `style` is "number", "long" if it has words that must be broken, both or neither.
    """

    text: str
    full: str | None
    style: str


@dataclass(frozen=True, slots=True)
class _Grid:
    """A table's cells; the first column names the rows if `headed`."""

    columns: tuple[_Cell, ...]
    rows: tuple[tuple[_Cell, ...], ...]
    headed: bool


@dataclass(frozen=True, slots=True)
class _Item:
    """A block with what the template shows of it, `number` within its kind."""

    kind: str
    number: int = 0
    paragraphs: tuple[str, ...] = ()
    caption: str = ""
    notes: tuple[str, ...] = ()
    drawing: str = ""
    grid: _Grid | None = None


@dataclass(frozen=True, slots=True)
class _PageSection:
    """A section with the name of its anchor."""

    anchor: str
    title: str
    items: tuple[_Item, ...]


def render(report: Report, template: str = "report.html.j2") -> str:
    """The page; the same report gives the same text. `template` heads and ends it.

    Raises `InputError` for a block whose parts do not fit together.
    """
    return filled(
        template,
        title=shortened(report.title, _HEADING),
        parts=_parts(report.sections),
        figures=_figures(report),
    )


def _figures(report: Report) -> str | None:
    """The figures as JSON in ASCII; None where they would make the page too long."""
    text = json.dumps(report.figures, sort_keys=True, allow_nan=False)
    if len(text) > _MOST_JSON:
        return None
    indented = json.dumps(report.figures, sort_keys=True, allow_nan=False, indent=1)
    return indented if len(indented) <= _MOST_JSON else text


def _parts(sections: tuple[Section, ...]) -> tuple[_PageSection, ...]:
    counts = {"figure": 0, "table": 0}
    parts = []
    for place, section in enumerate(sections, 1):
        items = tuple(_item(block, counts) for block in section.blocks)
        parts.append(_PageSection(f"section-{place}", shortened(section.title, _HEADING), items))
    return tuple(parts)


def _item(block: Block, counts: dict[str, int]) -> _Item:
    """What the template needs of `block`; counts it among its kind."""
    if isinstance(block, Text):
        return _Item("text", paragraphs=block.paragraphs)
    if isinstance(block, Caution):
        return _Item("caution", paragraphs=(block.text,))
    if isinstance(block, Table):
        counts["table"] += 1
        return _Item("table", counts["table"], caption=block.caption, grid=_table(block))
    counts["figure"] += 1
    return _Item(
        "figure",
        counts["figure"],
        caption=block.caption,
        notes=notes(block),
        drawing=svg(block, f"figure-{counts['figure']}"),
        grid=_numbers(block),
    )


def _table(table: Table) -> _Grid:
    numeric = [column.endswith(" ") for column in table.columns]
    rows = []
    for row in table.rows:
        if len(row) != len(numeric):
            raise InputError("a table needs one cell in each row for each column")
        rows.append(tuple(map(_cell, row, numeric)))
    headed = len(numeric) > 1 and not numeric[0]
    return _Grid(tuple(map(_cell, table.columns, numeric)), tuple(rows), headed)


def _cell(text: str, number: bool) -> _Cell:
    short = shortened(text, _CELL)
    longest = max(map(len, short.split()), default=0)
    long = longest > _WORD or (number and len(short) > _CELL // 4)
    full = text[:2000] if len(text) > _CELL and short != plain(text) else None
    return _Cell(short, full, " ".join(["number"] * number + ["long"] * long))


def _numbers(block: Any) -> _Grid | None:
    """The same as a table, where an image has few enough numbers to read."""
    if isinstance(block, Forest):
        rows = tuple((row.label, row_figures(row)) for row in block.rows)
        return _table(Table("", (block.x.label.strip(), "Rate and interval "), rows))
    if isinstance(block, HeatMap) and block.labels:
        named = zip(block.labels, block.values, strict=True)
        cells = tuple((label, *map(_rate, values)) for label, values in named)
        return _table(Table("", ("", *(f"{label} " for label in block.labels)), cells))
    return None


def _rate(value: float | None) -> str:
    return "too few" if value is None else figure(value)
