"""The Merkle log over the ledger: a leaf for every record that is there, in the order of ids."""

import secrets
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from reknown.proofs.leaves import leaf_of
from reknown.proofs.merkle import Frontier, leaf_hash, packed
from reknown.storage.rows import Columns, insert_rows

revision = "0014"
down_revision = "0012"

_PORTION = 5000
_NAMES = (
    "id", "at", "actor", "operation", "collection", "detail", "request_id", "kind", "version",
)  # fmt: skip


def upgrade() -> None:
    """Adds the tables; makes leaves in portions, as a ledger may have millions of records."""
    leaves, nodes, heads = _add_tables()
    connection, tree = op.get_bind(), Frontier()
    events = sa.table("events", *map(sa.column, _NAMES))
    page = sa.select(*events.c).where(events.c.id > sa.bindparam("after")).order_by(events.c.id)
    after = 0
    while rows := connection.execute(page.limit(_PORTION), {"after": after}).all():
        _add_leaves(connection, tree, (leaves, nodes), rows)
        after = rows[-1].id
    head = {
        "name": "ledger",
        "origin": f"reknown.local/{secrets.token_hex(16)}",
        "size": tree.size,
        "root": tree.root(),
        "frontier": packed(tree),
    }
    connection.execute(sa.insert(heads), head)


def _add_leaves(
    connection: sa.Connection,
    tree: Frontier,
    tables: tuple[sa.Table, sa.Table],
    rows: Sequence[sa.Row[Any]],
) -> None:
    leaves, nodes = tables
    first = tree.size
    hashes = [leaf_hash(leaf_of(row._asdict())) for row in rows]
    kept = [node for each in hashes for node in tree.append(each)]
    own = {"event_id": [row.id for row in rows], "hash": hashes}
    positions = {"position": list(range(first, tree.size))}
    insert_rows(connection, leaves, Columns({}, positions | own))
    if kept:
        names = ("level", "position", "hash")
        own = {name: [node[at] for node in kept] for at, name in enumerate(names)}
        insert_rows(connection, nodes, Columns({}, own))


def _add_tables() -> tuple[sa.Table, sa.Table, sa.Table]:
    leaves = op.create_table(
        "ledger_leaves",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_ledger_leaves_event", "ledger_leaves", ["event_id"], unique=True)
    nodes = op.create_table(
        "ledger_nodes",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    heads = op.create_table(
        "ledger_heads",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("frontier", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("kept_size", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("kept_at", sa.Text),
    )
    op.create_table(
        "ledger_checkpoints",
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    return leaves, nodes, heads
