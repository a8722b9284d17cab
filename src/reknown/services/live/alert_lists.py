"""Lists of people somebody waits for: names as people give them, opaque ids as they are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError, NotFoundError
from reknown.gallery.users import find_names, subject_ids_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reknown.storage.database import Connection

MOST_LISTS, MOST_WAITED_FOR = 20, 1000
_LIST = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class AlertList:
    """`people` by the names that they have now, None where they are not told.

    So many are on it: `size` that are there, and `gone` of whom it was told who they were before
    they were deleted or became one with somebody else.
    """

    name: str
    people: tuple[str, ...] | None
    size: int
    gone: int


def listed(
    connection: Connection, collection: str, names: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """The opaque ids of people by name, for each list; raises `NotFoundError`, `InputError`."""
    if len(names) > MOST_LISTS or sum(map(len, names.values())) > MOST_WAITED_FOR:
        raise InputError(
            f"a watch has {MOST_LISTS} alert lists at most, with {MOST_WAITED_FOR:,} people on them"
        )
    for name in names:
        if not _LIST.fullmatch(name):
            raise InputError(
                f"an alert list is named with 1 to 64 letters, digits, -, ., _: not {name[:70]!r}"
            )
    wanted = list(dict.fromkeys(chain.from_iterable(names.values())))
    try:
        subjects = subject_ids_of(connection, collection, wanted) if wanted else {}
    except NotFoundError as error:
        raise NotFoundError(
            f"who is waited for has to be enrolled first: {error}, with `reknown users list "
            f"--collection {collection}`"
        ) from None
    return {
        name: tuple(dict.fromkeys(subjects[who] for who in people))
        for name, people in names.items()
        if people
    }


def tell_lists(
    connection: Connection, alerts: Mapping[str, tuple[str, ...]], *, named: bool = True
) -> tuple[AlertList, ...]:
    """The lists as they are now; without the names of people unless `named`."""
    if not alerts:
        return ()
    told = find_names(connection, sorted({each for people in alerts.values() for each in people}))
    return tuple(_list(name, people, told, named=named) for name, people in alerts.items())


def _list(name: str, people: tuple[str, ...], told: Mapping[str, str], *, named: bool) -> AlertList:
    there = tuple(told[each] for each in people if each in told)
    return AlertList(name, there if named else None, len(there), len(people) - len(there))
