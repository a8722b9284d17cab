"""Where somebody was found, as one HTML file that loads nothing and runs nothing."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from reknown.reporting.templating import parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NO_DATE = "no date"


@dataclass(frozen=True, slots=True)
class SheetTile:
    """A place where a face was seen: `view` is a cut-out as JPEG, empty where there is none.

    `caption` says what there is to say of it. `taken` is a date and time as they are shown, such
    as "2019-03-14 15:30", or empty; `address` is where the file lies, for a link, or empty.
    """

    name: str
    where: str
    address: str
    taken: str
    caption: str
    view: bytes

    @property
    def image(self) -> str:
        """The cut-out in base64."""
        return base64.b64encode(self.view).decode("ascii")

    @property
    def month(self) -> str:
        """Where on the timeline it stands."""
        return self.taken[:7] or _NO_DATE


@dataclass(frozen=True, slots=True)
class ContactSheet:
    """What a page on one person, or on many, shows: `tiles` in this `order`, `more` left out.

    `facts` are pairs of what and how much.
    """

    title: str
    facts: Sequence[tuple[str, str]]
    caution: str | None
    tiles: Sequence[SheetTile]
    more: int = 0
    order: str = "best first"


@dataclass(frozen=True, slots=True)
class _Month:
    name: str
    count: int
    share: float


def render_sheet(sheet: ContactSheet) -> Iterator[str]:
    """The page piece by piece; the same values give the same text."""
    return parts("contact_sheet.html.j2", sheet=sheet, months=_months(sheet.tiles))


def _months(tiles: Sequence[SheetTile]) -> list[_Month]:
    counted = [
        (name, len(list(group))) for name, group in groupby(sorted(tile.month for tile in tiles))
    ]
    most = max((count for _, count in counted), default=1)
    return [_Month(name, count, round(100 * count / most, 1)) for name, count in counted]
