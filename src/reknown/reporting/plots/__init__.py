"""The images of a report as SVG: the same block gives the same bytes.

Drawn in inches on figures of their own, without pyplot; logarithmic axes are linear ones of
log10, so that values no logarithm has can be drawn at an edge that is marked for them.
"""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Any

from reknown.biometrics.errors import InputError
from reknown.reporting.blocks import Forest, HeatMap, Histogram, Lines, Plot
from reknown.reporting.plots.finish import GRID, INK, MUTED, finished

try:
    import matplotlib as mpl

    from reknown.reporting.plots import forest, heat_map, histogram, lines
except ImportError as error:
    raise InputError(
        "reports need jinja2 and matplotlib: pip install 'reknown[evaluation]'"
    ) from error

if TYPE_CHECKING:
    from types import ModuleType

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
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_KINDS: dict[type[Plot], ModuleType] = {
    Lines: lines,
    Histogram: histogram,
    HeatMap: heat_map,
    Forest: forest,
}


def svg(block: Plot, prefix: str = "plot") -> str:
    """`block` drawn; the ids in it begin with `prefix`, which is another for each in a page.

    Raises `InputError` for a block whose parts do not fit together.
    """
    kind = _KINDS[type(block)]
    # glyphs that the bundled font lacks are drawn by whatever shows the page
    with warnings.catch_warnings(), mpl.rc_context():
        warnings.simplefilter("ignore")
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        sheet = kind.draw(block)
        output = BytesIO()
        sheet.figure.savefig(output, format="svg", metadata=_NO_METADATA)
    return finished(output.getvalue(), prefix, block.caption, kind.describe(block), sheet.full)


def notes(block: Plot) -> tuple[str, ...]:
    """What must be said below the image: what could not be drawn as it is."""
    found: tuple[str, ...] = _KINDS[type(block)].notes(block)
    return found


def describe(block: Plot) -> str:
    """What the image shows, in words."""
    text: str = _KINDS[type(block)].describe(block)
    return text
