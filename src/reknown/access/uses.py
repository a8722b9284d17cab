"""What keys use of each process, told to the others on the same database.

Every function takes the connection whose transaction it becomes part of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, text, update

from reknown.access.schema import key_uses

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class ToldUses:
    """What a process told last; while it lives, `beat` counts up."""

    process: str
    beat: int
    uses: str


def tell_uses(connection: Connection, told: ToldUses) -> None:
    """Puts this in the place of what the process told before."""
    if connection.dialect.name == "postgresql":
        # the next one is due in a moment: nobody waits for the disk
        connection.execute(text("SET LOCAL synchronous_commit TO off"))
    values = {"beat": told.beat, "uses": told.uses}
    own = key_uses.c.process == told.process
    if connection.execute(update(key_uses).where(own).values(values)).rowcount == 0:
        connection.execute(insert(key_uses).values(process=told.process, **values))


def read_uses(connection: Connection) -> list[ToldUses]:
    """What all processes told last, also those that have died since."""
    return [ToldUses(*row) for row in connection.execute(select(key_uses))]


def forget_uses(connection: Connection, process: str, beat: int) -> None:
    """Deletes what the process told at that beat, unless it has told something since."""
    own = key_uses.c.process == process, key_uses.c.beat == beat
    connection.execute(delete(key_uses).where(*own))
