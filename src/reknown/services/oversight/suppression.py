"""Counts that tell of many people, and of few only that they are few.

A count from 1 to 9 is withheld, and another one with it where the total would give it away: primary
and complementary cell suppression, as offices of statistics do it. A withheld count does not say
which of the two it is. A list has one total and no others: of a table with totals of its rows and
columns, several equations together may give away what each alone does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEAST = 10
"""The smallest count that is shown; 0 is shown too."""


@dataclass(frozen=True, slots=True)
class ShownCounts:
    """Counts as they may be shown, with their total; None is withheld."""

    counts: tuple[int | None, ...]
    total: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """A number for each name, and their total; None is withheld."""

    counts: Mapping[str, int | None]
    total: int | None


def counts_of(counts: Mapping[str, int]) -> Counts:
    """The counts with what has to be withheld left out, by their names."""
    shown = suppressed(tuple(counts.values()))
    return Counts(dict(zip(counts, shown.counts, strict=True)), shown.total)


def suppressed(counts: Sequence[int]) -> ShownCounts:
    """The counts with what has to be withheld left out.

    Whoever knows the total, and that a withheld count is 1 or more, cannot exclude of any of
    them that it is 1, nor that it is 10.
    """
    withheld = {place for place, count in enumerate(counts) if 0 < count < LEAST}
    total = sum(counts)
    # the smallest first, and of equal ones the first, so that the same counts give the same list
    rest = sorted((count, place) for place, count in enumerate(counts) if count >= LEAST)
    if total >= LEAST:
        for _, place in rest:
            if _safe([counts[each] for each in withheld]):
                break
            withheld.add(place)
    hides_total = 0 < total < LEAST or not _safe([counts[each] for each in withheld])
    return ShownCounts(
        tuple(None if place in withheld else count for place, count in enumerate(counts)),
        None if hides_total else total,
    )


def all_or_none(counts: Sequence[int]) -> tuple[int | None, ...]:
    """Counts of which each tells something of the others: if one is withheld, all are."""
    if any(0 < count < LEAST for count in counts):
        return (None,) * len(counts)
    return tuple(counts)


def _safe(withheld: Sequence[int]) -> bool:
    """Whether who knows their sum still cannot tell whether any of them is a small one."""
    return not withheld or (len(withheld) > 1 and sum(withheld) - len(withheld) + 1 >= LEAST)
