"""Watches of cameras, what happens before them, and how far others have been told of it."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the tables; no event has happened yet."""
    _watches()
    _events()
    op.create_table(
        "event_deliveries",
        sa.Column("sink", sa.Text, primary_key=True),
        sa.Column("watch", sa.Text, primary_key=True),
        sa.Column("delivered", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("due_at", sa.Text, nullable=False),
        sa.Column("lease", sa.Text),
        sa.Column("error", sa.Text),
    )
    event = sa.ForeignKey("live_events.sequence", ondelete="CASCADE")
    op.create_table(
        "event_failures",
        sa.Column("sequence", _KEY, event, primary_key=True),
        sa.Column("sink", sa.Text, primary_key=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("given_up_at", sa.Text, nullable=False),
    )


def _watches() -> None:
    op.create_table(
        "watches",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("camera", sa.Text, nullable=False),
        sa.Column("collection", sa.Text, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("wanted", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("session", sa.Text),
        sa.Column("lease", sa.Text),
        sa.Column("leased_until", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("counts", sa.Text),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Text, nullable=False),
        sa.Column("started_at", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_watches_wanted", "watches", ["wanted", "leased_until"])
    watch = sa.ForeignKey("watches.id", ondelete="CASCADE")
    op.create_table(
        "watch_tags",
        sa.Column("watch_id", _KEY, watch, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def _events() -> None:
    parent = sa.ForeignKey("collections.id", ondelete="CASCADE")
    op.create_table(
        "live_events",
        sa.Column("sequence", _KEY, primary_key=True, autoincrement=False),
        sa.Column("collection_id", _KEY, parent, nullable=False),
        sa.Column("watch", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("visit", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_live_events_watch", "live_events", ["watch", "sequence"])
    op.create_index("ix_live_events_collection", "live_events", ["collection_id", "sequence"])
    op.create_index("ix_live_events_at", "live_events", ["at"])
    counter = op.create_table(
        "live_sequence",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(counter, [{"id": 1, "last": 0}])
