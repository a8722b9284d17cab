"""Counts of scores, with thresholds marked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D

from reknown.biometrics.errors import InputError
from reknown.reporting.labels import shortened
from reknown.reporting.plots.canvas import (
    LEGEND_ROW,
    WIDTH,
    Scale,
    Sheet,
    axis_text,
    line_style,
    mark_empty,
    name_axes,
    scale_of,
    show_axis,
)
from reknown.reporting.plots.finish import INK

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from reknown.reporting.blocks import Histogram

    Floats = NDArray[np.float64]


def draw(block: Histogram) -> Sheet:
    """The counts as bars on a sheet with a legend."""
    for counts in block.counts.values():
        if len(counts) != len(block.edges) - 1:
            raise InputError("a histogram needs one count between each two edges")
    marks = {name: at for name, at in block.marks.items() if math.isfinite(at)}
    bottom, top = 0.8 + LEGEND_ROW * math.ceil(len(block.counts) / 2), 0.2 + 0.2 * len(marks)
    sheet = Sheet(WIDTH, bottom + 2.9 + top)
    axes = sheet.axes(0.75, bottom, WIDTH - 0.95, 2.9)
    tops = [count for counts in block.counts.values() for count in counts]
    log = _log_counts(block)
    # a single comparison must stand above the axis
    y = Scale(True, -0.3, math.log10(max(tops)) + 0.1) if log else scale_of(False, [0, *tops])
    x = scale_of(block.x.log, [*block.edges, *marks.values()])
    for place, counts in enumerate(block.counts.values()):
        _bars(axes, line_style(place), x.places(block.edges), y.places(counts))
    if not any(tops):
        mark_empty(axes)
    show_axis(axes, "x", x)
    show_axis(axes, "y", y)
    name_axes(sheet, axes, block.x.label, "count (logarithmic)" if log else "count")
    _draw_marks(sheet, axes, x, marks)
    styles = [{**line_style(place), "marker": ""} for place in range(len(block.counts))]
    sheet.legend(list(block.counts), styles, bottom - 0.68)
    return sheet


def _log_counts(block: Histogram) -> bool:
    """Whether one series' bars would be invisible beside another's."""
    tops = [max(counts, default=0) for counts in block.counts.values()]
    tops = [top for top in tops if top > 0]
    return bool(tops) and max(tops) > 100 * min(tops)


def _bars(axes: Axes, style: dict[str, Any], edges: Floats, counts: Floats) -> None:
    if not len(counts):
        return
    outline = {"linestyle": style["linestyle"], "linewidth": 1.4}
    base = min(-1.0, float(counts.min()))
    colour = style["color"]
    axes.stairs(counts, edges, baseline=base, fill=True, color=colour, alpha=0.18, linewidth=0)
    axes.stairs(counts, edges, baseline=base, color=colour, **outline)


def _draw_marks(sheet: Sheet, axes: Axes, x: Scale, marks: dict[str, float]) -> None:
    """Lines at the `marks`, each up to a name in a row of its own."""
    box = axes.get_position()
    top = box.y1 * sheet.height
    ordered = sorted(marks.items(), key=lambda mark: (mark[1], mark[0]))
    for row, (name, value) in enumerate(ordered):
        share = (float(x.places([value])[0]) - x.low) / (x.high - x.low)
        left = (box.x0 + share * (box.x1 - box.x0)) * sheet.width
        y = top + 0.13 + 0.2 * row
        xs, ys = (left / sheet.width,) * 2, (box.y0, y / sheet.height)
        sheet.figure.add_artist(Line2D(xs, ys, color=INK, linewidth=1, linestyle=(0, (4, 2))))
        near_end = share > 0.5
        style = {"ha": "right" if near_end else "left", "va": "center_baseline", "fontsize": 8}
        sheet.text(left + (-0.06 if near_end else 0.06), y, name, 55, **style)


def notes(block: Histogram) -> tuple[str, ...]:
    """What could not be drawn as it is."""
    scale = ("Counts are on a logarithmic axis.",) if _log_counts(block) else ()
    lost = any(not math.isfinite(mark) for mark in block.marks.values())
    return (*scale, *(("A threshold without a finite value is not shown.",) * lost))


def describe(block: Histogram) -> str:
    """What it shows, in words."""
    names = ", ".join(shortened(name, 60) for name in list(block.counts)[:20]) or "none"
    marks = ", ".join(
        f"{shortened(name, 60)} at {value:.6g}" for name, value in block.marks.items()
    )
    return f"Counts over {axis_text(block.x)}. Series: {names}. Marked: {marks or 'nothing'}."
