"""Records become leaves of the log as the last thing that their transaction does.

Whoever commits holds the head's lock from there to the end of the commit, so that there is one
order and nobody waits for another who waits for them. PostgreSQL gives ids out earlier: the order
of the log is that of commits, not of ids.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, insert, select, update

from reknown.ledger.schema import checkpoints, events, heads, leaves, nodes
from reknown.ledger.signing import signing_of
from reknown.ledger.tree import OWN, lock_head
from reknown.proofs.leaves import leaf_of
from reknown.proofs.merkle import leaf_hash, packed
from reknown.storage.clock import as_text
from reknown.storage.commits import before_commit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from reknown.ledger.tree import Head

KEPT_RECORDS, _KEPT_TIME = 1000, timedelta(minutes=1)
# Made once: to build a statement takes longer than to run it.
_ONE = select(events).where(events.c.id == bindparam("wanted"))
_LEAF, _NODE, _KEEP = insert(leaves), insert(nodes), insert(checkpoints)
_MOVE = update(heads).where(OWN)


def chain(connection: Connection, record: int) -> None:
    """Makes the record with this id a leaf when the transaction is committed."""
    before_commit(connection, _extend, record)


def keep(connection: Connection, size: int, note: str) -> None:
    """Keeps a checkpoint of the log, whose head is locked."""
    now = as_text(datetime.now(UTC))
    known = select(checkpoints.c.size).where(checkpoints.c.size == size)
    if connection.execute(known).one_or_none() is None:
        connection.execute(_KEEP, {"size": size, "at": now, "note": note})
    connection.execute(_MOVE, {"kept_size": size, "kept_at": now})


def sign_head(connection: Connection, note: str) -> None:
    """Puts a checkpoint of all that is there into the head, which is locked."""
    connection.execute(_MOVE, {"note": note})


def _extend(connection: Connection, records: Sequence[int]) -> None:
    rows = _rows(connection, records)
    if not rows:  # all of them went with a savepoint
        return
    head = lock_head(connection)
    tree = head.tree()
    trusted = signing_of(connection).trusts(connection, head, tree)
    added, kept = [], []
    for record, leaf in rows:
        added.append({"position": tree.size, "event_id": record, "hash": leaf})
        kept += tree.append(leaf)
    connection.execute(_LEAF, added)
    if kept:
        names = ("level", "position", "hash")
        connection.execute(_NODE, [dict(zip(names, node, strict=True)) for node in kept])
    root = tree.root()
    signing = signing_of(connection)
    note = signing.sign(head.origin, tree.size, root) if trusted else None
    values = {"size": tree.size, "root": root, "frontier": packed(tree)}
    connection.execute(_MOVE, values | {"note": note or head.note})
    if note is not None and _is_due(head, tree.size):
        keep(connection, tree.size, note)


def _rows(connection: Connection, records: Sequence[int]) -> list[tuple[int, bytes]]:
    """Ids and leaves of those that are there, as the database has them."""
    # an id of what was rolled back to a savepoint may have been given again
    keys = sorted(set(records))
    found = (connection.execute(_ONE, {"wanted": each}).one_or_none() for each in keys)
    return [(row.id, leaf_hash(leaf_of(row._asdict()))) for row in found if row is not None]


def _is_due(head: Head, size: int) -> bool:
    """Whether the last checkpoint that was kept is a minute or a thousand records old."""
    if head.kept_at is None or size - head.kept_size >= KEPT_RECORDS:
        return True
    # a clock that was set back must not stop it
    return abs(datetime.now(UTC) - datetime.fromisoformat(head.kept_at)) >= _KEPT_TIME
