"""Every row against its leaf, in the order of the log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from reknown.biometrics.errors import DatabaseError
from reknown.ledger.codec import DONE, Encoded, decode
from reknown.ledger.schema import events, leaves, nodes
from reknown.proofs.leaves import leaf_of
from reknown.proofs.merkle import STRIDE, leaf_hash
from reknown.storage.database import is_shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    # level, index and hash
    _Node = tuple[int, int, bytes]

    from reknown.ledger.verification.faults import Faults
    from reknown.proofs.merkle import Frontier

SPAN = 1 << STRIDE
PORTION = 16 * SPAN
_MOST_CHANGED = 1000
_NAMES = tuple(events.c.keys())
_ROWS = (
    select(leaves.c.position, leaves.c.event_id, leaves.c.hash, *events.c)
    .outerjoin(events, events.c.id == leaves.c.event_id)
    .where(leaves.c.position >= bindparam("first"), leaves.c.position < bindparam("end"))
    .order_by(leaves.c.position)
)
_NODES = select(nodes.c.position, nodes.c.hash).where(nodes.c.level == bindparam("level"))
_NODES = _NODES.where(nodes.c.position >= bindparam("first"), nodes.c.position < bindparam("end"))
_LEAF = select(leaves).where(leaves.c.position == bindparam("index"))
_OWN_COLUMNS = 3


@dataclass(slots=True)
class Rows:
    """Goes through the log once; `tree` is what the leaves so far make.

    `expired_until` is the end of what may have expired, as the log itself says; `passed` is called
    after each leaf.
    """

    tree: Frontier
    faults: Faults
    expired_until: int
    passed: Callable[[], object]
    expired: int = 0
    last_record: int = 0
    _changed: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    _wanted: dict[bytes, int] = field(default_factory=dict)

    def read(self, connection: Connection, end: int) -> None:
        """The portion from where the tree ends to `end`."""
        first = self.tree.size
        made: list[_Node] = []
        place = first
        for position, record, kept, row in _portion(connection, first, end):
            for missing in range(place, position):
                self._lack(missing, made)
            place = position + 1
            self._compare(position, record, kept, row)
            made += self.tree.append(kept)
            self.passed()
        for missing in range(place, end):
            self._lack(missing, made)
        self._compare_nodes(connection, made)

    def moved(self) -> None:
        """Says of the rows that were changed which of them stand where others stood."""
        for digest, (index, record) in self._changed.items():
            other = self._wanted.get(digest)
            if other is not None and other != index:
                message = f"record {record} at index {index} was at index {other}: re-ordered"
                self.faults.add("moved", message, index, record)

    def _lack(self, index: int, made: list[_Node]) -> None:
        self.faults.add("no leaf", f"the leaf at index {index} was removed", index)
        made += self.tree.append(bytes(32))
        self.passed()

    def _compare(self, index: int, record: int, kept: bytes, row: Mapping[str, Any] | None) -> None:
        self.last_record = max(self.last_record, record)
        if row is None:
            self._gone(index, record)
            return
        try:
            found = leaf_hash(leaf_of(row))
            if found == kept:
                _require_readable(row)
                return
        except (ValueError, TypeError, AttributeError, KeyError):
            found = b""
        except DatabaseError as error:
            message = f"record {record} at index {index}: {error}"
            self.faults.add("unreadable", message, index, record)
            return
        self.faults.add(
            "changed", f"record {record} at index {index} is not what was written", index, record
        )
        if len(self._changed) < _MOST_CHANGED:
            self._changed[found] = index, record
            self._wanted[kept] = index

    def _gone(self, index: int, record: int) -> None:
        if index < self.expired_until:
            self.expired += 1
            return
        self.faults.add("removed", f"record {record} at index {index} was removed", index, record)

    def _compare_nodes(self, connection: Connection, made: Sequence[_Node]) -> None:
        by_level: dict[int, dict[int, bytes]] = {}
        for level, position, digest in made:
            by_level.setdefault(level, {})[position] = digest
        for level, wanted in by_level.items():
            values = {"level": level, "first": min(wanted), "end": max(wanted) + 1}
            found = {row.position: row.hash for row in connection.execute(_NODES, values)}
            for position, digest in wanted.items():
                if found.get(position) != digest:
                    self._other_node(level, position)

    def _other_node(self, level: int, position: int) -> None:
        first, end = position << level, (position + 1) << level
        message = (
            f"the tree over indexes {first} to {end - 1} is not that of their leaves: a leaf or "
            "its node was changed"
        )
        self.faults.add("node", message, first)


def _portion(
    connection: Connection, first: int, end: int
) -> Iterator[tuple[int, int, bytes, Mapping[str, Any] | None]]:
    """Index, record's id and hash of each leaf, and its row where there is one."""
    try:
        found = connection.execute(_ROWS, {"first": first, "end": end}).all()
    except DatabaseError:
        if end - first == 1 or is_shared(connection):
            raise
        for index in range(first, end):
            yield from _one(connection, index)
        return
    for row in found:
        values = dict(zip(_NAMES, row[_OWN_COLUMNS:], strict=True))
        yield row.position, row.event_id, row.hash, None if row.id is None else values


def _one(
    connection: Connection, index: int
) -> Iterator[tuple[int, int, bytes, Mapping[str, Any] | None]]:
    """The same of one; of a row that is no text SQLite tells nothing."""
    try:
        yield from _portion(connection, index, index + 1)
    except DatabaseError:
        row = connection.execute(_LEAF, {"index": index}).one()
        yield row.position, row.event_id, row.hash, {}


def _require_readable(row: Mapping[str, Any]) -> None:
    """Raises `DatabaseError` for a record that is not as its type is written."""
    decode(Encoded(row["kind"] or DONE, row["operation"], row["version"], row["detail"]))
