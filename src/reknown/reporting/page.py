"""A report as one HTML file that loads nothing and runs nothing, for screens and paper."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reknown.biometrics.errors import InputError
from reknown.reporting.blocks import Caution, Forest, HeatMap, Table, Text
from reknown.reporting.labels import plain, shortened
from reknown.reporting.layout import PageCell, PageGrid, PageItem, PageLayout, PageSection, as_html
from reknown.reporting.plots import describe, notes, svg
from reknown.reporting.plots.canvas import figure
from reknown.reporting.plots.forest import row_figures

if TYPE_CHECKING:
    from reknown.reporting.blocks import Block
    from reknown.reporting.report import Report, Section

_MOST_JSON = 250_000
_CELL = 160
_WORD = 24
_HEADING = 200


def render(report: Report, template: str = "report.html.j2") -> str:
    """The page; the same report gives the same text. `template` heads and ends it.

    Raises `InputError` for a block whose parts do not fit together.
    """
    return as_html(lay_out(report), template)


def lay_out(report: Report) -> PageLayout:
    """What a page shows of the report; raises as `render` does."""
    return PageLayout(shortened(report.title, _HEADING), _parts(report.sections), _figures(report))


def _figures(report: Report) -> str | None:
    """The figures as JSON in ASCII; None where they would make the page too long."""
    text = json.dumps(report.figures, sort_keys=True, allow_nan=False)
    if len(text) > _MOST_JSON:
        return None
    indented = json.dumps(report.figures, sort_keys=True, allow_nan=False, indent=1)
    return indented if len(indented) <= _MOST_JSON else text


def _parts(sections: tuple[Section, ...]) -> tuple[PageSection, ...]:
    counts = {"figure": 0, "table": 0}
    parts = []
    for place, section in enumerate(sections, 1):
        items = tuple(_item(block, counts) for block in section.blocks)
        parts.append(PageSection(f"section-{place}", shortened(section.title, _HEADING), items))
    return tuple(parts)


def _item(block: Block, counts: dict[str, int]) -> PageItem:
    """What the template needs of `block`; counts it among its kind."""
    if isinstance(block, Text):
        return PageItem("text", paragraphs=block.paragraphs)
    if isinstance(block, Caution):
        return PageItem("caution", paragraphs=(block.text,))
    if isinstance(block, Table):
        counts["table"] += 1
        return PageItem("table", counts["table"], caption=block.caption, grid=_table(block))
    counts["figure"] += 1
    return PageItem(
        "figure",
        counts["figure"],
        caption=block.caption,
        notes=notes(block),
        drawing=svg(block, f"figure-{counts['figure']}"),
        description=describe(block),
        grid=_numbers(block),
    )


def _table(table: Table) -> PageGrid:
    numeric = [column.endswith(" ") for column in table.columns]
    rows = []
    for row in table.rows:
        if len(row) != len(numeric):
            raise InputError("a table needs one cell in each row for each column")
        rows.append(tuple(map(_cell, row, numeric)))
    headed = len(numeric) > 1 and not numeric[0]
    return PageGrid(tuple(map(_cell, table.columns, numeric)), tuple(rows), headed)


def _cell(text: str, number: bool) -> PageCell:
    short = shortened(text, _CELL)
    longest = max(map(len, short.split()), default=0)
    long = longest > _WORD or (number and len(short) > _CELL // 4)
    full = text[:2000] if len(text) > _CELL and short != plain(text) else None
    return PageCell(short, full, " ".join(["number"] * number + ["long"] * long))


def _numbers(block: Any) -> PageGrid | None:
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
