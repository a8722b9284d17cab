"""People on lists, whose arrival somebody wants to be told of: not again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.live import LiveEventKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from reknown.biometrics.live import LiveEvent

_TOLD = frozenset({LiveEventKind.ARRIVED, LiveEventKind.SEEN})


class Alerts:
    """Says for which lists an event is."""

    def __init__(self, lists: Mapping[str, frozenset[str]], debounce: timedelta) -> None:
        """`lists` are the people of each by their opaque ids."""
        self._lists = lists
        self._debounce = debounce
        self._last: dict[tuple[str, str], datetime] = {}

    def lists_of(self, event: LiveEvent) -> tuple[str, ...]:
        """The lists with one of its candidates who was not told of within the debounce time."""
        if event.kind not in _TOLD:
            return ()
        subjects = {it.subject_id for it in event.candidates if it.subject_id is not None}
        return tuple(
            name
            for name, people in self._lists.items()
            if self._new(name, subjects & people, event)
        )

    def _new(self, name: str, subjects: set[str], event: LiveEvent) -> bool:
        """Whether any of them is new; whoever is told of again and again stays old."""
        new = False
        for subject in subjects:
            last = self._last.get((name, subject))
            new |= last is None or event.at - last >= self._debounce
            self._last[name, subject] = event.at
        return new
