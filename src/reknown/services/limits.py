"""What one access key may take of all processes together: each tells the others what it gives.

Nothing here is on the way of a request, and none waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from reknown.access.uses import ToldUses, forget_uses, read_uses, tell_uses
from reknown.structs import resolved

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reknown.storage.database import Database

__all__ = ["KeyUse", "PoolUse", "ToldUses", "exchange_uses", "pools_of", "withdraw_uses"]

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**31)]
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=2**31)]


class KeyUse(msgspec.Struct, frozen=True, array_like=True):
    """What a key has running and waiting, and the slot seconds that it has used lately."""

    inside: _Count
    used: _Seconds


class PoolUse(msgspec.Struct, frozen=True):
    """A pool of so many slots, and what keys use of it."""

    slots: _Count
    keys: dict[str, KeyUse]


_Pools = dict[str, PoolUse]


def exchange_uses(
    database: Database,
    process: str,
    beat: int,
    pools: Mapping[str, PoolUse],
    dead: Iterable[ToldUses] = (),
) -> list[ToldUses]:
    """Tells the others what keys use of these pools of this process; what they told last.

    What the `dead` told is deleted. Raises `DatabaseError`.
    """
    told = ToldUses(process, beat, msgspec.json.encode(pools).decode())
    with database.begin() as connection:
        tell_uses(connection, told)
        for each in dead:
            forget_uses(connection, each.process, each.beat)
        return [each for each in read_uses(connection) if each.process != process]


def withdraw_uses(database: Database, process: str, beat: int) -> None:
    """Takes back what the process told at its last beat; raises `DatabaseError`."""
    with database.begin() as connection:
        forget_uses(connection, process, beat)


def pools_of(told: ToldUses) -> Mapping[str, PoolUse]:
    """The pools that a process told of; none where it is of another release."""
    try:
        return msgspec.json.decode(told.uses, type=resolved(_Pools))
    except msgspec.DecodeError:
        return {}
