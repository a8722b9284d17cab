"""Subjects numbered while their references come and go, and columns of what only grows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Iterator

Value = TypeVar("Value")


class SubjectRoll:
    """Numbers subjects in the order in which they come up; a face without user is one of its own.

    A number is never given twice, so that a subject that goes leaves a gap.
    """

    def __init__(self) -> None:
        # of each user its number, and how many faces it has
        self._users: dict[str, tuple[int, int]] = {}
        self._next = 0
        self._loose = 0
        self._owned = 0

    @property
    def count(self) -> int:
        """How many subjects there are."""
        return self._loose + len(self._users)

    @property
    def owned(self) -> tuple[int, int]:
        """How many users there are, and how many faces they have."""
        return len(self._users), self._owned

    def add(self, user: str | None) -> int:
        """One more face; the number of its subject."""
        if user is None:
            self._loose += 1
            return self._new()
        self._owned += 1
        number, faces = self._users.get(user) or (self._new(), 0)
        self._users[user] = (number, faces + 1)
        return number

    def remove(self, user: str | None) -> None:
        """One face less."""
        if user is None:
            self._loose -= 1
            return
        self._owned -= 1
        number, faces = self._users.pop(user)
        if faces > 1:
            self._users[user] = (number, faces - 1)

    def _new(self) -> int:
        self._next += 1
        return self._next - 1


class Column(Sequence[Value]):
    """The first `length` entries of a list that grows, as they are now and stay."""

    __slots__ = ("_entries", "_length")

    def __init__(self, entries: list[Value], length: int) -> None:
        self._entries = entries
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Value]:
        return islice(self._entries, self._length)

    @overload
    def __getitem__(self, index: int) -> Value: ...

    @overload
    def __getitem__(self, index: slice) -> list[Value]: ...

    def __getitem__(self, index: int | slice) -> Value | list[Value]:
        places = range(self._length)[index]
        if isinstance(places, range):
            return [self._entries[place] for place in places]
        return self._entries[places]
