"""The pictures of a report as SVG: the same block gives the same bytes.

Drawn in inches on figures of their own, without pyplot; logarithmic axes are linear ones of
log10, so that values no logarithm has can be drawn at an edge that is marked for them.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.evaluation.labels import plain, shortened
from reknown.evaluation.report import Axis, Forest, HeatMap, Histogram, Lines
from reknown.evaluation.svgs import GRID, INK, MUTED, finished

try:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path
    from matplotlib.ticker import MaxNLocator
except ImportError as error:
    raise InputError(
        "reports need jinja2 and matplotlib: pip install 'reknown[evaluation]'"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from reknown.evaluation.report import ForestRow, Series

    Floats = NDArray[np.float64]

Plot = Lines | Histogram | HeatMap | Forest

# Okabe and Ito's, which colour-blind people tell apart; yellow is too pale on white
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", INK)
_DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (7, 2, 1.5, 2)), (0, (1, 1)))
_MARKERS = "os^DvPX"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "reknown",
    # a label is never a formula
    "text.parse_math": False,
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "hatch.color": GRID,
    "hatch.linewidth": 1.0,
}
_WIDTH = 7.2
_LEGEND_ROW = 0.21
_MOST_POINTS = 2000
_COLUMNS = 600
_MOST_NUMBERED = 16
_LEVELS = 32


def svg(block: Plot, prefix: str = "plot") -> str:
    """`block` drawn; the ids in it begin with `prefix`, which is another for each in a page.

    Raises `InputError` for a block whose parts do not fit together.
    """
    # glyphs that the bundled font lacks are drawn by whatever shows the page
    with warnings.catch_warnings(), mpl.rc_context():
        warnings.simplefilter("ignore")
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        sheet = _drawn(block)
        output = BytesIO()
        no_metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
        sheet.figure.savefig(output, format="svg", metadata=no_metadata)
    return finished(output.getvalue(), prefix, block.caption, _description(block), sheet.full)


def notes(block: Plot) -> tuple[str, ...]:
    """What must be said below the picture: what could not be drawn as it is."""
    if isinstance(block, Lines):
        return _lines_notes(block)
    if isinstance(block, Histogram):
        scale = ("Counts are on a logarithmic axis.",) if _log_counts(block) else ()
        lost = any(not math.isfinite(mark) for mark in block.marks.values())
        return (*scale, *(("A threshold without a finite value is not shown.",) * lost))
    if isinstance(block, HeatMap):
        return _heat_map_notes(block)
    return _forest_notes(block)


def figure(value: float) -> str:
    """A rate as it is written in pictures, such as 1.2e-3."""
    if value == 0 or not math.isfinite(value):
        return f"{abs(value):g}" if value == 0 else str(value)
    if 0.1 <= abs(value) < 1000:
        return f"{value:.3g}"
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


@dataclass(slots=True)
class _Sheet:
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
            x, y = 0.75 + 3.2 * (place % 2), top - _LEGEND_ROW * (place // 2)
            xs, ys = (x / self.width, (x + 0.2) / self.width, (x + 0.4) / self.width), y
            self.figure.add_artist(Line2D(xs, (ys / self.height,) * 3, **style))
            self.text(x + 0.5, y, name, 34, va="center_baseline", fontsize=8.5)


@dataclass(frozen=True, slots=True)
class _Scale:
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


def _scale(log: bool, values: Iterable[float]) -> _Scale:
    finite = [v for v in values if math.isfinite(v)]
    if not log:
        low, high = min(finite, default=0.0), max(finite, default=1.0)
        margin = 0.03 * (high - low) or 0.1 * abs(high) or 1.0
        return _Scale(False, 0.0 if 0 <= low < margin else low - margin, high + margin)
    powers = [math.log10(v) for v in finite if v > 0] or [-1.0, 0.0]
    low, high = math.floor(min(powers) + 1e-9), math.ceil(max(powers) - 1e-9)
    low -= low == high
    zero = low - 1.0 if finite and min(finite) <= 0 else None
    start = low if zero is None else zero - 0.1
    return _Scale(True, start, high + 0.02 * (high - start), zero)


def _drawn(block: Plot) -> _Sheet:
    if isinstance(block, Lines):
        return _lines(block)
    if isinstance(block, Histogram):
        return _histogram(block)
    if isinstance(block, HeatMap):
        return _heat_map(block)
    return _forest(block)


def _show_axis(axes: Axes, side: str, scale: _Scale, *, grid: bool = True) -> None:
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


def _name_axes(sheet: _Sheet, axes: Axes, x: str, y: str) -> None:
    """Labels of both axes, outside `axes`."""
    box = axes.get_position()
    middle, bottom = (box.x0 + box.x1) / 2 * sheet.width, box.y0 * sheet.height
    height = (box.y0 + box.y1) / 2 * sheet.height
    sheet.text(middle, bottom - 0.42, x, 60, ha="center", va="center")
    sheet.text(0.16, height, y, 45, ha="center", va="center", rotation=90)


def _say_empty(axes: Axes) -> None:
    axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", color=MUTED)


def _style(place: int) -> dict[str, Any]:
    """Colour, dashes and marker of the line at a `place`, which no other has before the 35th."""
    return {
        "color": _COLOURS[place % len(_COLOURS)],
        "linestyle": _DASHES[place % len(_DASHES)],
        "marker": _MARKERS[place % len(_MARKERS)],
        "markersize": 4,
        "linewidth": 1.6,
    }


def _lines(block: Lines) -> _Sheet:
    for series in block.series:
        if len(series.xs) != len(series.ys):
            raise InputError("a line needs as many x as y")
    rows = math.ceil(len(block.series) / 2)
    bottom = 0.8 + _LEGEND_ROW * rows
    sheet = _Sheet(_WIDTH, 3.8 + bottom)
    axes = sheet.axes(0.75, bottom, _WIDTH - 0.95, 3.65)
    shown = [_finite_points(series) for series in block.series]
    x = _scale(block.x.log, [v for xs, _ in shown for v in xs])
    y = _scale(block.y.log, [v for _, ys in shown for v in ys])
    for place, (xs, ys) in enumerate(shown):
        _line(axes, place, (x, y), (xs, ys), block.steps)
    if not any(len(xs) for xs, _ in shown):
        _say_empty(axes)
    _show_axis(axes, "x", x)
    _show_axis(axes, "y", y)
    _name_axes(sheet, axes, block.x.label, block.y.label)
    styles = [_style(place) for place in range(len(block.series))]
    sheet.legend([s.name for s in block.series], styles, bottom - 0.68)
    return sheet


def _finite_points(series: Series) -> tuple[Floats, Floats]:
    """The points of a line from left to right, so that steps hold up to the next one."""
    xs, ys = np.asarray(series.xs, np.float64), np.asarray(series.ys, np.float64)
    finite = np.isfinite(xs) & np.isfinite(ys)
    xs, ys = xs[finite], ys[finite]
    return (xs[::-1], ys[::-1]) if len(xs) and xs[0] > xs[-1] else (xs, ys)


def _line(
    axes: Axes,
    place: int,
    scales: tuple[_Scale, _Scale],
    points: tuple[Floats, Floats],
    steps: bool,
) -> None:
    xs, ys = (scale.places(values) for scale, values in zip(scales, points, strict=True))
    if not len(xs):
        return
    style = _style(place)
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


def _kept(xs: Floats, ys: Floats, scale: _Scale) -> NDArray[np.intp]:
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


def _lines_notes(block: Lines) -> tuple[str, ...]:
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


def _log_counts(block: Histogram) -> bool:
    """Whether one series' bars would be invisible beside another's."""
    tops = [max(counts, default=0) for counts in block.counts.values()]
    tops = [top for top in tops if top > 0]
    return bool(tops) and max(tops) > 100 * min(tops)


def _histogram(block: Histogram) -> _Sheet:
    for counts in block.counts.values():
        if len(counts) != len(block.edges) - 1:
            raise InputError("a histogram needs one count between each two edges")
    marks = {name: at for name, at in block.marks.items() if math.isfinite(at)}
    bottom, top = 0.8 + _LEGEND_ROW * math.ceil(len(block.counts) / 2), 0.2 + 0.2 * len(marks)
    sheet = _Sheet(_WIDTH, bottom + 2.9 + top)
    axes = sheet.axes(0.75, bottom, _WIDTH - 0.95, 2.9)
    tops = [count for counts in block.counts.values() for count in counts]
    log = _log_counts(block)
    # a single comparison must stand above the axis
    y = _Scale(True, -0.3, math.log10(max(tops)) + 0.1) if log else _scale(False, [0, *tops])
    x = _scale(block.x.log, [*block.edges, *marks.values()])
    for place, counts in enumerate(block.counts.values()):
        _bars(axes, _style(place), x.places(block.edges), y.places(counts))
    if not any(tops):
        _say_empty(axes)
    _show_axis(axes, "x", x)
    _show_axis(axes, "y", y)
    _name_axes(sheet, axes, block.x.label, "count (logarithmic)" if log else "count")
    _draw_marks(sheet, axes, x, marks)
    styles = [{**_style(place), "marker": ""} for place in range(len(block.counts))]
    sheet.legend(list(block.counts), styles, bottom - 0.68)
    return sheet


def _bars(axes: Axes, style: dict[str, Any], edges: Floats, counts: Floats) -> None:
    if not len(counts):
        return
    outline = {"linestyle": style["linestyle"], "linewidth": 1.4}
    base = min(-1.0, float(counts.min()))
    colour = style["color"]
    axes.stairs(counts, edges, baseline=base, fill=True, color=colour, alpha=0.18, linewidth=0)
    axes.stairs(counts, edges, baseline=base, color=colour, **outline)


def _draw_marks(sheet: _Sheet, axes: Axes, x: _Scale, marks: dict[str, float]) -> None:
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


def _check_square(block: HeatMap) -> None:
    n = len(block.labels)
    if len(block.values) != n or any(len(row) != n for row in block.values):
        raise InputError("a heat map needs one value for each two labels")


def _heat_map(block: HeatMap) -> _Sheet:
    _check_square(block)
    n = max(1, len(block.labels))
    wide, high = _cell_size(n)
    widest = max((len(shortened(label, 24)) for label in block.labels), default=1)
    left, bottom = 0.25 + 0.085 * widest, 0.15 + 0.085 * widest
    sheet = _Sheet(max(4.5, left + n * wide + 1.1), 0.15 + max(bottom + n * high, 1.6))
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
        _say_empty(axes)
    return sheet


def _cell_size(n: int) -> tuple[float, float]:
    """Inches across and down: room for a number, or for the names of many groups."""
    if n > _MOST_NUMBERED:
        return 0.15, 0.15
    return min(0.85, max(0.47, 4.6 / n)), min(0.45, max(0.3, 3.0 / n))


def _colour_scale(rates: Sequence[float]) -> _Scale:
    """Of log10, from the least to the greatest rate that is not 0."""
    powers = [math.log10(rate) for rate in rates if rate > 0] or [-1.0, 0.0]
    low, high = min(powers), max(powers)
    return _Scale(True, low - 0.5 * (low == high), high + 0.5 * (low == high))


def _level(rate: float, scale: _Scale) -> int:
    share = (float(scale.places([rate])[0]) - scale.low) / (scale.high - scale.low)
    return min(_LEVELS - 1, int(share * _LEVELS))


def _colour(level: int) -> tuple[float, ...]:
    """Dark for a high rate."""
    red, green, blue, _ = mpl.colormaps["cividis_r"]((level + 0.5) / _LEVELS)
    return (float(red), float(green), float(blue))


def _draw_cells(axes: Axes, block: HeatMap, scale: _Scale) -> None:
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
    sheet: _Sheet, axes: Axes, labels: Sequence[str], size: tuple[float, float]
) -> None:
    box = axes.get_position()
    left, top, bottom = box.x0 * sheet.width, box.y1 * sheet.height, box.y0 * sheet.height
    font = 8.0 if len(labels) <= _MOST_NUMBERED else 7.0
    for place, label in enumerate(labels):
        across, down = left + (place + 0.5) * size[0], top - (place + 0.5) * size[1]
        sheet.text(left - 0.07, down, label, 24, ha="right", va="center_baseline", fontsize=font)
        style = {"ha": "center", "va": "top", "rotation": 90, "fontsize": font}
        sheet.text(across, bottom - 0.07, label, 24, **style)


def _draw_colours(sheet: _Sheet, left: float, scale: _Scale) -> None:
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


def _heat_map_notes(block: HeatMap) -> tuple[str, ...]:
    values = [value for row in block.values for value in row]
    found = ["Colours follow the logarithm of the rate, darker for a higher one."] * bool(values)
    if any(value == 0 for value in values):
        found.append("A rate of 0 has the colour of the lowest rate that is not 0.")
    if any(value is None for value in values):
        found.append("Hatched: too few people or comparisons for a figure.")
    if len(block.labels) > _MOST_NUMBERED:
        found.append("The numbers are in the table below the picture.")
    return tuple(found)


def _forest(block: Forest) -> _Sheet:
    row_height, top, bottom = 0.235, 0.4, 0.65
    height = row_height * max(len(block.rows), 4)
    sheet = _Sheet(_WIDTH, top + height + bottom)
    axes = sheet.axes(2.35, bottom, 3.05, height)
    x = _scale(block.x.log, _forest_values(block))
    axes.set_ylim(len(block.rows) - 0.5 if len(block.rows) > 3 else 3.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    _show_axis(axes, "x", x)
    for place, row in enumerate(block.rows):
        _interval(axes, x, place, row)
        y = sheet.height - top - (place + 0.5) * row_height
        _row_text(sheet, y, row)
    if not block.rows:
        _say_empty(axes)
    sheet.text(3.875, bottom - 0.42, block.x.label, 60, ha="center", va="center")
    if block.reference is not None and math.isfinite(block.reference):
        _reference(sheet, axes, x, block.reference)
    return sheet


def _forest_values(block: Forest) -> list[float]:
    rows = [v for row in block.rows for v in (row.value, row.low, row.high) if v is not None]
    return rows if block.reference is None else [*rows, block.reference]


def _interval(axes: Axes, x: _Scale, place: int, row: ForestRow) -> None:
    if row.value is None:
        return
    ends = [v for v in (row.low, row.high) if v is not None]
    if len(ends) == 2:
        axes.plot(x.places(ends), (place, place), color=_COLOURS[0], linewidth=1.8)
        caps = [v for v in ends if not (x.log and v <= 0)]
        style: dict[str, Any] = {"linestyle": "none", "color": _COLOURS[0], "marker": "|"}
        axes.plot(x.places(caps), [place] * len(caps), markersize=6, **style)
    style = {"linestyle": "none", "color": _COLOURS[0], "marker": "o", "markersize": 5}
    empty = x.log and row.value <= 0
    style["markerfacecolor"] = "none" if empty else _COLOURS[0]
    axes.plot(x.places([row.value]), [place], clip_on=False, **style)


def _row_text(sheet: _Sheet, y: float, row: ForestRow) -> None:
    """The name on the left, the figures on the right."""
    colour = MUTED if row.value is None else INK
    style: dict[str, Any] = {"va": "center_baseline", "color": colour, "fontsize": 8}
    sheet.text(2.2, y, row.label, 32, ha="right", **style)
    sheet.text(5.55, y, row_figures(row), 30, **style)


def row_figures(row: ForestRow) -> str:
    """The rate and its interval in words, "too few" where there is none."""
    if row.value is None:
        return "too few"
    if row.low is None or row.high is None:
        return figure(row.value)
    return f"{figure(row.value)} ({figure(row.low)} to {figure(row.high)})"


def _reference(sheet: _Sheet, axes: Axes, x: _Scale, value: float) -> None:
    at = float(x.places([value])[0])
    axes.axvline(at, color=_COLOURS[1], linewidth=1.2, linestyle=(0, (4, 2)), zorder=1)
    box = axes.get_position()
    share = (at - x.low) / (x.high - x.low)
    left = (box.x0 + share * (box.x1 - box.x0)) * sheet.width
    label = f"everybody: {figure(value)}"
    sheet.text(left, sheet.height - 0.25, label, 40, ha="center", va="center", fontsize=8)


def _forest_notes(block: Forest) -> tuple[str, ...]:
    found = []
    if block.x.log and any(value <= 0 for value in _forest_values(block)):
        found.append(
            "A logarithmic axis has no 0: what reaches down to 0 is drawn up to the edge "
            "marked 0, and not to scale."
        )
    if any(row.value is None for row in block.rows):
        found.append("Grey: too few people or comparisons for a figure.")
    return tuple(found)


def _description(block: Plot) -> str:
    """What the picture shows, for those who do not see it."""
    if isinstance(block, Lines):
        names = ", ".join(shortened(s.name, 60) for s in block.series[:20]) or "none"
        return f"{_axis(block.y)} against {_axis(block.x)}. Lines: {names}."
    if isinstance(block, Histogram):
        names = ", ".join(shortened(name, 60) for name in list(block.counts)[:20]) or "none"
        marks = ", ".join(
            f"{shortened(name, 60)} at {value:.6g}" for name, value in block.marks.items()
        )
        return f"Counts over {_axis(block.x)}. Series: {names}. Marked: {marks or 'nothing'}."
    if isinstance(block, HeatMap):
        return f"A matrix of the rates between {len(block.labels)} groups."
    rows = "; ".join(f"{shortened(r.label, 60)}: {row_figures(r)}" for r in block.rows[:20])
    return f"{_axis(block.x)} with intervals. {rows or 'No rows'}."


def _axis(axis: Axis) -> str:
    return f"{shortened(axis.label, 60)}{' (logarithmic)' if axis.log else ''}"
