"""Curves such as a DET, stepped or straight."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

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

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from reknown.reporting.blocks import Lines, Series

    Floats = NDArray[np.float64]

_MOST_POINTS = 2000
_COLUMNS = 600


def draw(block: Lines) -> Sheet:
    """The curves on a sheet with a legend."""
    for series in block.series:
        if len(series.xs) != len(series.ys):
            raise InputError("a line needs as many x as y")
    rows = math.ceil(len(block.series) / 2)
    bottom = 0.8 + LEGEND_ROW * rows
    sheet = Sheet(WIDTH, 3.8 + bottom)
    axes = sheet.axes(0.75, bottom, WIDTH - 0.95, 3.65)
    shown = [_finite_points(series) for series in block.series]
    x = scale_of(block.x.log, [v for xs, _ in shown for v in xs])
    y = scale_of(block.y.log, [v for _, ys in shown for v in ys])
    for place, (xs, ys) in enumerate(shown):
        _line(axes, place, (x, y), (xs, ys), block.steps)
    if not any(len(xs) for xs, _ in shown):
        mark_empty(axes)
    show_axis(axes, "x", x)
    show_axis(axes, "y", y)
    name_axes(sheet, axes, block.x.label, block.y.label)
    styles = [line_style(place) for place in range(len(block.series))]
    sheet.legend([s.name for s in block.series], styles, bottom - 0.68)
    return sheet


def notes(block: Lines) -> tuple[str, ...]:
    """What could not be drawn as it is."""
    points = [_finite_points(series) for series in block.series]
    zero_x = block.x.log and any((xs <= 0).any() for xs, _ in points)
    zero_y = block.y.log and any((ys <= 0).any() for _, ys in points)
    lost = sum(len(s.xs) for s in block.series) > sum(len(xs) for xs, _ in points)
    found = []
    if zero_x or zero_y:
        found.append(
            "A logarithmic axis has no 0: points with the value 0 are drawn at the edge "
            "marked 0, with an open triangle, and not to scale."
        )
    if lost:
        found.append("Points without a finite value are not shown.")
    return tuple(found)


def _finite_points(series: Series) -> tuple[Floats, Floats]:
    """The points of a line from left to right, so that steps hold up to the next one."""
    xs, ys = np.asarray(series.xs, np.float64), np.asarray(series.ys, np.float64)
    finite = np.isfinite(xs) & np.isfinite(ys)
    xs, ys = xs[finite], ys[finite]
    return (xs[::-1], ys[::-1]) if len(xs) and xs[0] > xs[-1] else (xs, ys)


def _line(
    axes: Axes,
    place: int,
    scales: tuple[Scale, Scale],
    points: tuple[Floats, Floats],
    steps: bool,
) -> None:
    xs, ys = (scale.places(values) for scale, values in zip(scales, points, strict=True))
    if not len(xs):
        return
    style = line_style(place)
    keep = _kept(xs, ys, scales[0])
    every = 0.17 if len(keep) > 12 else None
    drawstyle = "steps-post" if steps else "default"
    axes.plot(xs[keep], ys[keep], drawstyle=drawstyle, markevery=every, clip_on=False, **style)
    for scale, values, marker in zip(scales, points, "<v", strict=True):
        clipped = np.flatnonzero(values <= 0) if scale.log else np.empty(0, np.intp)
        ends = np.unique(clipped[[0, -1]]) if len(clipped) else clipped
        axes.plot(
            xs[ends],
            ys[ends],
            linestyle="none",
            marker=marker,
            markersize=7,
            markerfacecolor="none",
            color=style["color"],
            clip_on=False,
        )


def _kept(xs: Floats, ys: Floats, scale: Scale) -> NDArray[np.intp]:
    """Which points to draw: of many in a column too narrow to see, the ends and extremes."""
    if len(xs) <= _MOST_POINTS:
        return np.arange(len(xs))
    columns = np.floor((xs - scale.low) / (scale.high - scale.low) * _COLUMNS)
    starts = np.flatnonzero(np.append(True, np.diff(columns) != 0))
    kept: set[int] = set()
    for start, stop in pairwise([*starts.tolist(), len(xs)]):
        part = ys[start:stop]
        kept |= {start, stop - 1, start + int(part.argmin()), start + int(part.argmax())}
    return np.asarray(sorted(kept), np.intp)


def describe(block: Lines) -> str:
    """What they show, in words."""
    names = ", ".join(shortened(s.name, 60) for s in block.series[:20]) or "none"
    return f"{axis_text(block.y)} against {axis_text(block.x)}. Lines: {names}."
