"""A report laid out: what a page shows of each block, as plain values that can be kept."""

from __future__ import annotations

from dataclasses import dataclass

from reknown.reporting.templating import filled


@dataclass(frozen=True, slots=True)
class PageCell:
    """A cell as it is shown; `full` is the whole where that is longer.

    `style` is "number", "long" if it has words that must be broken, both or neither.
    """

    text: str
    full: str | None
    style: str


@dataclass(frozen=True, slots=True)
class PageGrid:
    """A table's cells; the first column names the rows if `headed`."""

    columns: tuple[PageCell, ...]
    rows: tuple[tuple[PageCell, ...], ...]
    headed: bool


@dataclass(frozen=True, slots=True)
class PageItem:
    """A block with what is shown of it, `number` within its kind.

    `drawing` is an SVG that stands in a page, `description` what it shows in words.
    """

    kind: str
    number: int = 0
    paragraphs: tuple[str, ...] = ()
    caption: str = ""
    notes: tuple[str, ...] = ()
    drawing: str = ""
    description: str = ""
    grid: PageGrid | None = None


@dataclass(frozen=True, slots=True)
class PageSection:
    """A section with the name of its anchor."""

    anchor: str
    title: str
    items: tuple[PageItem, ...]


@dataclass(frozen=True, slots=True)
class PageLayout:
    """A whole report; `figures` is all of them as JSON, None where they are too long for a page."""

    title: str
    parts: tuple[PageSection, ...]
    figures: str | None

    def drawing(self, number: int) -> str | None:
        """The figure of that number, None where there is none."""
        items = (item for part in self.parts for item in part.items)
        return next((i.drawing for i in items if i.kind == "figure" and i.number == number), None)


def as_html(layout: PageLayout, template: str = "report.html.j2") -> str:
    """The page as one file; the same layout gives the same text. `template` heads and ends it."""
    return filled(template, title=layout.title, parts=layout.parts, figures=layout.figures)
