"""Rates with their intervals, below each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reknown.reporting.labels import shortened
from reknown.reporting.plots.canvas import (
    COLOURS,
    WIDTH,
    Scale,
    Sheet,
    axis_text,
    figure,
    mark_empty,
    scale_of,
    show_axis,
)
from reknown.reporting.plots.finish import INK, MUTED

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from reknown.reporting.blocks import Forest, ForestRow

    Floats = NDArray[np.float64]


def draw(block: Forest) -> Sheet:
    """The rows on a sheet, figures beside them."""
    row_height, top, bottom = 0.235, 0.4, 0.65
    height = row_height * max(len(block.rows), 4)
    sheet = Sheet(WIDTH, top + height + bottom)
    axes = sheet.axes(2.35, bottom, 3.05, height)
    x = scale_of(block.x.log, _forest_values(block))
    axes.set_ylim(len(block.rows) - 0.5 if len(block.rows) > 3 else 3.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    show_axis(axes, "x", x)
    for place, row in enumerate(block.rows):
        _interval(axes, x, place, row)
        y = sheet.height - top - (place + 0.5) * row_height
        _row_text(sheet, y, row)
    if not block.rows:
        mark_empty(axes)
    sheet.text(3.875, bottom - 0.42, block.x.label, 60, ha="center", va="center")
    if block.reference is not None and math.isfinite(block.reference):
        _reference(sheet, axes, x, block.reference)
    return sheet


def notes(block: Forest) -> tuple[str, ...]:
    """What could not be drawn as it is."""
    found = []
    if block.x.log and any(value <= 0 for value in _forest_values(block)):
        found.append(
            "A logarithmic axis has no 0: what reaches down to 0 is drawn up to the edge "
            "marked 0, and not to scale."
        )
    if any(row.value is None for row in block.rows):
        found.append("Grey: too few people or comparisons for a figure.")
    return tuple(found)


def row_figures(row: ForestRow) -> str:
    """The rate and its interval in words, "too few" where there is none."""
    if row.value is None:
        return "too few"
    if row.low is None or row.high is None:
        return figure(row.value)
    return f"{figure(row.value)} ({figure(row.low)} to {figure(row.high)})"


def _forest_values(block: Forest) -> list[float]:
    rows = [v for row in block.rows for v in (row.value, row.low, row.high) if v is not None]
    return rows if block.reference is None else [*rows, block.reference]


def _interval(axes: Axes, x: Scale, place: int, row: ForestRow) -> None:
    if row.value is None:
        return
    ends = [v for v in (row.low, row.high) if v is not None]
    if len(ends) == 2:
        axes.plot(x.places(ends), (place, place), color=COLOURS[0], linewidth=1.8)
        caps = [v for v in ends if not (x.log and v <= 0)]
        style: dict[str, Any] = {"linestyle": "none", "color": COLOURS[0], "marker": "|"}
        axes.plot(x.places(caps), [place] * len(caps), markersize=6, **style)
    style = {"linestyle": "none", "color": COLOURS[0], "marker": "o", "markersize": 5}
    empty = x.log and row.value <= 0
    style["markerfacecolor"] = "none" if empty else COLOURS[0]
    axes.plot(x.places([row.value]), [place], clip_on=False, **style)


def _row_text(sheet: Sheet, y: float, row: ForestRow) -> None:
    """The name on the left, the figures on the right."""
    colour = MUTED if row.value is None else INK
    style: dict[str, Any] = {"va": "center_baseline", "color": colour, "fontsize": 8}
    sheet.text(2.2, y, row.label, 32, ha="right", **style)
    sheet.text(5.55, y, row_figures(row), 30, **style)


def _reference(sheet: Sheet, axes: Axes, x: Scale, value: float) -> None:
    at = float(x.places([value])[0])
    axes.axvline(at, color=COLOURS[1], linewidth=1.2, linestyle=(0, (4, 2)), zorder=1)
    box = axes.get_position()
    share = (at - x.low) / (x.high - x.low)
    left = (box.x0 + share * (box.x1 - box.x0)) * sheet.width
    label = f"everybody: {figure(value)}"
    sheet.text(left, sheet.height - 0.25, label, 40, ha="center", va="center", fontsize=8)


def describe(block: Forest) -> str:
    """What it shows, in words."""
    rows = "; ".join(f"{shortened(r.label, 60)}: {row_figures(r)}" for r in block.rows[:20])
    return f"{axis_text(block.x)} with intervals. {rows or 'No rows'}."
