"""Figures and times as people read and write them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from reknown.console.own_words import FormError

if TYPE_CHECKING:
    from reknown.console.language import Language


def moment(when: datetime) -> str:
    """In UTC to the second."""
    return when.strftime("%Y-%m-%d %H:%M:%S UTC")


def percent(language: Language, similarity: float | None) -> str:
    """A similarity of 0 to 100; a score that has none is not shown as one."""
    return language.gettext("not calibrated") if similarity is None else f"{similarity:.1f}"


def rate(language: Language, share: float | None) -> str:
    """A rate as `1 in 10,000`."""
    if share is None:
        return language.gettext("unknown")
    if share <= 0:
        return language.gettext("none")
    return language.gettext("1 in %(many)s", many=language.number(round(1 / share)))


def few(number: float) -> str:
    """A number to two digits, and never as `2e-05`."""
    return format(Decimal(f"{number:.2g}"), "f")


def rough(language: Language, left: timedelta) -> str:
    """`about 3 minutes left`, as nobody knows it better."""
    seconds = left.total_seconds()
    if seconds < 90:
        number = max(round(seconds), 1)
        return language.ngettext(
            "about %(count)s second left", "about %(count)s seconds left", number
        )
    if seconds < 5400:
        return language.ngettext(
            "about %(count)s minute left", "about %(count)s minutes left", round(seconds / 60)
        )
    return language.ngettext(
        "about %(count)s hour left", "about %(count)s hours left", round(seconds / 3600)
    )


def whole(text: str) -> int:
    """The number that was written; raises `FormError`."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise FormError("%(text)s is not a whole number", text=repr(text))
    return int(text)


def similarity(text: str) -> float | None:
    """The number that was written, None for none; raises `FormError`."""
    try:
        return float(text) if text.strip() else None
    except ValueError as error:
        raise FormError(
            "%(text)s is not a similarity: give a number from 0 to 100", text=repr(text)
        ) from error


def local_moment(text: str) -> datetime | None:
    """The moment that was chosen, without a zone, None for none; raises `FormError`."""
    if not text.strip():
        return None
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError as error:
        raise FormError("%(text)s is no time such as 2026-11-29T18:00", text=repr(text)) from error
