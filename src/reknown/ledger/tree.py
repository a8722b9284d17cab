"""The tree of the log as the tables have it: its head, and any root or proof in O(log n) reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from reknown.biometrics.errors import DatabaseError, InputError
from reknown.ledger.schema import heads, leaves, nodes
from reknown.proofs.merkle import (
    STRIDE,
    Frontier,
    consistency_proof,
    fold,
    inclusion_proof,
    root_of,
    unpacked,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import BindParameter, Connection, Select

OWN = heads.c.name == "ledger"
# Made once: to build a statement takes longer than to run it.
_HEAD = select(heads).where(OWN)
_LOCKED_HEAD = _HEAD.with_for_update()
_FIRST: BindParameter[int] = bindparam("first")
_LAST: BindParameter[int] = bindparam("last")
_LEAVES = select(leaves.c.hash).where(leaves.c.position.between(_FIRST, _LAST))
_LEAVES = _LEAVES.order_by(leaves.c.position)
_NODES = select(nodes.c.hash).where(nodes.c.level == bindparam("level"))
_NODES = _NODES.where(nodes.c.position.between(_FIRST, _LAST)).order_by(nodes.c.position)
_DAMAGED = "the ledger's tree is damaged: run reknown ledger verify, and restore a backup"


@dataclass(frozen=True, slots=True)
class Head:
    """What the log is: records, root, and the checkpoint signed last, of this size or less.

    `kept_size` and `kept_at` say which checkpoint was kept last.
    """

    origin: str
    size: int
    root: bytes
    frontier: bytes
    note: str | None
    kept_size: int
    kept_at: str | None

    def tree(self) -> Frontier:
        """To add to; raises `DatabaseError` where it is none."""
        try:
            return unpacked(self.size, self.frontier)
        except ValueError as error:
            raise DatabaseError(_DAMAGED) from error


def read_head(connection: Connection) -> Head:
    """The head of the log; raises `DatabaseError` where there is none."""
    return _head(connection, _HEAD)


def lock_head(connection: Connection) -> Head:
    """The same, and nobody else adds to the log until this transaction ends."""
    return _head(connection, _LOCKED_HEAD)


def root_at(connection: Connection, size: int) -> bytes:
    """The root over the first `size` records; raises `DatabaseError` where the tree lacks some."""
    return root_of(size, _nodes(connection))


def prove_inclusion(connection: Connection, index: int, size: int) -> Sequence[bytes]:
    """That the record at `index` is among the first `size`; raises `DatabaseError`."""
    return inclusion_proof(index, size, _nodes(connection))


def prove_consistency(connection: Connection, old: int, new: int) -> Sequence[bytes]:
    """That the first `new` records begin with the first `old`; raises `DatabaseError`."""
    return consistency_proof(old, new, _nodes(connection))


def find_index(connection: Connection, record: int) -> int:
    """Where in the log the record with this id is; raises `InputError` where it is not."""
    query = select(leaves.c.position).where(leaves.c.event_id == record)
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise InputError(
            f"the ledger has no record {record}: see their ids in reknown ledger --json"
        )
    return int(found)


def _head(connection: Connection, query: Select[Any]) -> Head:
    row = connection.execute(query).one_or_none()
    if row is None:
        raise DatabaseError("the ledger has lost its head: restore a backup")
    return Head(row.origin, row.size, row.root, row.frontier, row.note, row.kept_size, row.kept_at)


def _nodes(connection: Connection) -> Callable[[int, int], bytes]:
    def node(level: int, index: int) -> bytes:
        kept = level - level % STRIDE
        span = 1 << level - kept
        first = index * span
        values = {"first": first, "last": first + span - 1}
        if kept:
            found = connection.execute(_NODES, values | {"level": kept}).scalars().all()
        else:
            found = connection.execute(_LEAVES, values).scalars().all()
        if len(found) != span:
            raise DatabaseError(_DAMAGED)
        return fold(found)

    return node
