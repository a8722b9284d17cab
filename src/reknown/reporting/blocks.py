"""What reports are made of: texts, tables and images, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Text:
    """Paragraphs in plain language."""

    paragraphs: tuple[str, ...]

    @classmethod
    def of(cls, *paragraphs: str) -> Text:
        """The paragraphs one by one."""
        return cls(paragraphs)


@dataclass(frozen=True, slots=True)
class Caution:
    """Something that must be known before a figure beside it is used."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` of cells as they are shown; columns whose name ends in a blank hold numbers."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Series:
    """A named line through points with equal numbers of `xs` and `ys`."""

    name: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis shows; logarithmic or linear."""

    label: str
    log: bool = False


@dataclass(frozen=True, slots=True)
class Lines:
    """Curves such as a DET; `steps` draws them without interpolation between points."""

    caption: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    steps: bool = False


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts between `edges` (n + 1) for each named series (n); `marks` are named positions."""

    caption: str
    x: Axis
    edges: tuple[float, ...]
    counts: Mapping[str, tuple[int, ...]]
    marks: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """A matrix of rates, shown as log10 colours with the numbers in the cells; None is empty."""

    caption: str
    labels: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, slots=True)
class ForestRow:
    """A group's rate with its interval; None where too little data forbids a figure."""

    label: str
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Forest:
    """Rates with intervals below each other, `reference` being that of everybody."""

    caption: str
    x: Axis
    rows: tuple[ForestRow, ...]
    reference: float | None


Plot = Lines | Histogram | HeatMap | Forest
Block = Text | Caution | Table | Plot
