"""A matrix of rates in the colours of their logarithm."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from reknown.biometrics.errors import InputError
from reknown.reporting.labels import shortened
from reknown.reporting.plots.canvas import (
    Scale,
    Sheet,
    figure,
    mark_empty,
)
from reknown.reporting.plots.finish import GRID, INK

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from reknown.reporting.blocks import HeatMap

    Floats = NDArray[np.float64]

_MOST_NUMBERED = 16
_LEVELS = 32


def draw(block: HeatMap) -> Sheet:
    """The matrix on a sheet, with numbers where there is room."""
    _check_square(block)
    n = max(1, len(block.labels))
    wide, high = _cell_size(n)
    widest = max((len(shortened(label, 24)) for label in block.labels), default=1)
    left, bottom = 0.25 + 0.085 * widest, 0.15 + 0.085 * widest
    sheet = Sheet(max(4.5, left + n * wide + 1.1), 0.15 + max(bottom + n * high, 1.6))
    axes = sheet.axes(left, sheet.height - 0.15 - n * high, n * wide, n * high)
    axes.set_xlim(0, n)
    axes.set_ylim(n, 0)
    axes.axis("off")
    rates = [v for row in block.values for v in row if v is not None and math.isfinite(v)]
    scale = _colour_scale(rates)
    _draw_cells(axes, block, scale)
    _draw_cell_labels(sheet, axes, block.labels, (wide, high))
    if rates:
        _draw_colours(sheet, left + n * wide + 0.25, scale)
    elif not block.labels:
        mark_empty(axes)
    return sheet


def notes(block: HeatMap) -> tuple[str, ...]:
    """How to read the colours."""
    values = [value for row in block.values for value in row]
    found = ["Colours follow the logarithm of the rate, darker for a higher one."] * bool(values)
    if any(value == 0 for value in values):
        found.append("A rate of 0 has the colour of the lowest rate that is not 0.")
    if any(value is None for value in values):
        found.append("Hatched: too few people or comparisons for a figure.")
    if len(block.labels) > _MOST_NUMBERED:
        found.append("The numbers are in the table below the image.")
    return tuple(found)


def _check_square(block: HeatMap) -> None:
    n = len(block.labels)
    if len(block.values) != n or any(len(row) != n for row in block.values):
        raise InputError("a heat map needs one value for each two labels")


def _cell_size(n: int) -> tuple[float, float]:
    """Inches across and down: room for a number, or for the names of many groups."""
    if n > _MOST_NUMBERED:
        return 0.15, 0.15
    return min(0.85, max(0.47, 4.6 / n)), min(0.45, max(0.3, 3.0 / n))


def _colour_scale(rates: Sequence[float]) -> Scale:
    """Of log10, from the least to the greatest rate that is not 0."""
    powers = [math.log10(rate) for rate in rates if rate > 0] or [-1.0, 0.0]
    low, high = min(powers), max(powers)
    return Scale(True, low - 0.5 * (low == high), high + 0.5 * (low == high))


def _level(rate: float, scale: Scale) -> int:
    share = (float(scale.places([rate])[0]) - scale.low) / (scale.high - scale.low)
    return min(_LEVELS - 1, int(share * _LEVELS))


def _colour(level: int) -> tuple[float, ...]:
    """Dark for a high rate."""
    red, green, blue, _ = mpl.colormaps["cividis_r"]((level + 0.5) / _LEVELS)
    return (float(red), float(green), float(blue))


def _draw_cells(axes: Axes, block: HeatMap, scale: Scale) -> None:
    """Cells of one colour as one path, which keeps big maps small; then the numbers."""
    cells: dict[int | None, list[tuple[int, int]]] = {}
    for row, values in enumerate(block.values):
        for column, value in enumerate(values):
            known = value is not None and math.isfinite(value)
            level = _level(value, scale) if known and value is not None else None
            cells.setdefault(level, []).append((column, row))
            if len(block.labels) <= _MOST_NUMBERED:
                _draw_number(axes, (column, row), value, level)
    for level, places in cells.items():
        path = Path.make_compound_path(*(_square(*place) for place in places))
        style: dict[str, Any] = {"edgecolor": GRID, "linewidth": 0.5}
        if level is None:
            axes.add_patch(PathPatch(path, facecolor="none", hatch="///", **style))
        else:
            axes.add_patch(PathPatch(path, facecolor=_colour(level), **style))


def _square(column: int, row: int) -> Path:
    corners = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
    return Path([*corners, corners[0]], closed=True)


def _draw_number(
    axes: Axes, place: tuple[int, int], value: float | None, level: int | None
) -> None:
    x, y = place[0] + 0.5, place[1] + 0.5
    style: dict[str, Any] = {"ha": "center", "va": "center_baseline", "fontsize": 7.5}
    if value is None or level is None:
        axes.text(x, y, "too few", color=INK, **{**style, "fontsize": 7})
    else:
        dark = sum(_colour(level)) < 1.5
        axes.text(x, y, figure(value), color="#ffffff" if dark else "#000000", **style)


def _draw_cell_labels(
    sheet: Sheet, axes: Axes, labels: Sequence[str], size: tuple[float, float]
) -> None:
    box = axes.get_position()
    left, top, bottom = box.x0 * sheet.width, box.y1 * sheet.height, box.y0 * sheet.height
    font = 8.0 if len(labels) <= _MOST_NUMBERED else 7.0
    for place, label in enumerate(labels):
        across, down = left + (place + 0.5) * size[0], top - (place + 0.5) * size[1]
        sheet.text(left - 0.07, down, label, 24, ha="right", va="center_baseline", fontsize=font)
        style = {"ha": "center", "va": "top", "rotation": 90, "fontsize": font}
        sheet.text(across, bottom - 0.07, label, 24, **style)


def _draw_colours(sheet: Sheet, left: float, scale: Scale) -> None:
    """The bar that says which colour stands for which rate."""
    height = 1.3
    axes = sheet.axes(left, sheet.height - 0.2 - height, 0.16, height)
    step = (scale.high - scale.low) / _LEVELS
    for level in range(_LEVELS):
        axes.axhspan(
            scale.low + level * step,
            scale.low + (level + 1) * step,
            facecolor=_colour(level),
            linewidth=0,
        )
    shown = [scale.low, (scale.low + scale.high) / 2, scale.high]
    axes.set_xticks([])
    axes.set_yticks(shown, [figure(10.0**power) for power in shown])
    axes.set_ylim(scale.low, scale.high)
    axes.yaxis.tick_right()
    axes.tick_params(labelsize=8)
    for spine in axes.spines.values():
        spine.set_visible(False)


def describe(block: HeatMap) -> str:
    """What it shows, in words."""
    return f"A matrix of the rates between {len(block.labels)} groups."
