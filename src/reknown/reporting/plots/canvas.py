"""What all plots are drawn on: sheets in inches, scales, axes, labels."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from reknown.reporting.labels import plain, shortened
from reknown.reporting.plots.finish import GRID, INK, MUTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from reknown.reporting.blocks import Axis

    Floats = NDArray[np.float64]

# Okabe and Ito's, which colour-blind people tell apart; yellow is too pale on white
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", INK)
_DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (7, 2, 1.5, 2)), (0, (1, 1)))
_MARKERS = "os^DvPX"
WIDTH = 7.2
LEGEND_ROW = 0.21


def figure(value: float) -> str:
    """A rate as it is written in images, such as 1.2e-3."""
    if value == 0 or not math.isfinite(value):
        return f"{abs(value):g}" if value == 0 else str(value)
    if 0.1 <= abs(value) < 1000:
        return f"{value:.3g}"
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


@dataclass(slots=True)
class Sheet:
    """A figure of so many inches; `full` has the whole of what was shortened, by id."""

    width: float
    height: float
    figure: Figure = field(init=False)
    full: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.figure = Figure(figsize=(self.width, self.height), facecolor="none")
        FigureCanvasSVG(self.figure)

    def axes(self, left: float, bottom: float, width: float, height: float) -> Axes:
        """A rectangle in inches from the lower left corner."""
        box = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        axes = self.figure.add_axes(box, facecolor="none")
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        return axes

    def text(self, x: float, y: float, label: str, columns: int, **style: Any) -> None:
        """`label` at a place in inches, in at most so many `columns`, else with a title."""
        short = shortened(label, columns)
        drawn = self.figure.text(x / self.width, y / self.height, short, **style)
        if "\N{HORIZONTAL ELLIPSIS}" in short and short != plain(label):
            gid = f"full-{len(self.full)}"
            drawn.set_gid(gid)
            self.full[gid] = label

    def legend(self, names: Sequence[str], lines: Sequence[dict[str, Any]], top: float) -> None:
        """The `names` in two columns below `top`, each after its line."""
        for place, (name, style) in enumerate(zip(names, lines, strict=True)):
            x, y = 0.75 + 3.2 * (place % 2), top - LEGEND_ROW * (place // 2)
            xs, ys = (x / self.width, (x + 0.2) / self.width, (x + 0.4) / self.width), y
            self.figure.add_artist(Line2D(xs, (ys / self.height,) * 3, **style))
            self.text(x + 0.5, y, name, 34, va="center_baseline", fontsize=8.5)


@dataclass(frozen=True, slots=True)
class Scale:
    """From `low` to `high` on paper; values that a log axis lacks are drawn at `zero`."""

    log: bool
    low: float
    high: float
    zero: float | None = None

    def places(self, values: Iterable[float]) -> Floats:
        """Where the values are drawn (n,)."""
        numbers = np.asarray(list(values), np.float64)
        if not self.log:
            return numbers
        edge = self.low if self.zero is None else self.zero
        return np.where(numbers > 0, np.log10(np.where(numbers > 0, numbers, 1)), edge)

    def ticks(self) -> tuple[list[float], list[str]]:
        """Where labels stand, and the labels."""
        if not self.log:
            values = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(self.low, self.high)
            inside = [float(v) + 0.0 for v in values if self.low <= v <= self.high]
            return inside, [f"{0.0 if abs(v) < 1e-12 else v:.6g}" for v in inside]
        first = math.ceil(self.low if self.zero is None else self.zero + 1)
        powers = range(first, math.floor(self.high) + 1)
        shown = [p for p in powers if (powers[-1] - p) % (1 + len(powers) // 10) == 0]
        zeros = [] if self.zero is None else [self.zero]
        return [*zeros, *map(float, shown)], ["0"] * len(zeros) + [_power(p) for p in shown]

    def minor_ticks(self) -> list[float]:
        """Twice to nine times each power of ten, unless there are many."""
        if not self.log or self.high - self.low > 9:
            return []
        first = math.ceil(self.low if self.zero is None else self.zero + 1)
        powers = range(first, math.ceil(self.high))
        return [p + math.log10(k) for p in powers for k in range(2, 10)]


def _power(exponent: int) -> str:
    return f"{10.0**exponent:g}" if -2 <= exponent <= 3 else f"1e{exponent}"


def scale_of(log: bool, values: Iterable[float]) -> Scale:
    """A scale that holds the finite `values`."""
    finite = [v for v in values if math.isfinite(v)]
    if not log:
        low, high = min(finite, default=0.0), max(finite, default=1.0)
        margin = 0.03 * (high - low) or 0.1 * abs(high) or 1.0
        return Scale(False, 0.0 if 0 <= low < margin else low - margin, high + margin)
    powers = [math.log10(v) for v in finite if v > 0] or [-1.0, 0.0]
    low, high = math.floor(min(powers) + 1e-9), math.ceil(max(powers) - 1e-9)
    low -= low == high
    zero = low - 1.0 if finite and min(finite) <= 0 else None
    start = low if zero is None else zero - 0.1
    return Scale(True, start, high + 0.02 * (high - start), zero)


def show_axis(axes: Axes, side: str, scale: Scale, *, grid: bool = True) -> None:
    """Limits, ticks and grid of the `side` "x" or "y"."""
    axis = axes.xaxis if side == "x" else axes.yaxis
    places, names = scale.ticks()
    axis.set_ticks(places, names)
    axis.set_ticks(scale.minor_ticks(), minor=True)
    axis.set_tick_params(labelsize=8)
    if grid:
        axis.grid(True, color=GRID, linewidth=0.7)
        axes.set_axisbelow(True)
    (axes.set_xlim if side == "x" else axes.set_ylim)(scale.low, scale.high)


def name_axes(sheet: Sheet, axes: Axes, x: str, y: str) -> None:
    """Labels of both axes, outside `axes`."""
    box = axes.get_position()
    middle, bottom = (box.x0 + box.x1) / 2 * sheet.width, box.y0 * sheet.height
    height = (box.y0 + box.y1) / 2 * sheet.height
    sheet.text(middle, bottom - 0.42, x, 60, ha="center", va="center")
    sheet.text(0.16, height, y, 45, ha="center", va="center", rotation=90)


def mark_empty(axes: Axes) -> None:
    """Says that there are no data."""
    axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", color=MUTED)


def line_style(place: int) -> dict[str, Any]:
    """Colour, dashes and marker of the line at a `place`, which no other has before the 35th."""
    return {
        "color": COLOURS[place % len(COLOURS)],
        "linestyle": _DASHES[place % len(_DASHES)],
        "marker": _MARKERS[place % len(_MARKERS)],
        "markersize": 4,
        "linewidth": 1.6,
    }


def axis_text(axis: Axis) -> str:
    """An axis in words."""
    return f"{shortened(axis.label, 60)}{' (logarithmic)' if axis.log else ''}"
