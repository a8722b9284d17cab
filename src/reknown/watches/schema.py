"""The tables of the watches and of what they tell; the gallery's migrations create them.

A watch says that a camera, which the operator has configured by name, is watched against a
collection. What happens before it is a row of `live_events`, whose sequence comes from the one row
of `live_sequence`: given out and committed in the same order, without gaps, so that who has read up
to a number has missed nothing. `event_deliveries` says how far each sink has been told of each
watch, and in its row without a watch from which event on there was anything to tell. What a sink
would not take is in `event_failures`. Whoever watches without a row of `watches` has one of
`watch_claims`, so that nobody else watches under this name. Who looks through a camera
now has a row of `live_looks`, where the worker puts the newest picture: sealed to a key that is in
the memory of one process.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    table,
)
from sqlalchemy import column as named

KEY = BigInteger().with_variant(Integer(), "sqlite")
metadata = MetaData()

# Of another room: events belong to collections.
collections = table("collections", named("id", KEY), named("name", Text))

# No foreign key to the collection: a watch may outlive it, and then fails.
watches = Table(
    "watches",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("camera", Text, nullable=False),
    Column("collection", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("wanted", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("message", Text),
    Column("session", Text),
    Column("lease", Text),
    Column("leased_until", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("counts", Text),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("started_at", Text),
    Index("ix_watches_wanted", "wanted", "leased_until"),
    sqlite_autoincrement=True,
)

watch_tags = Table(
    "watch_tags",
    metadata,
    Column("watch_id", KEY, ForeignKey("watches.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

watch_claims = Table(
    "watch_claims",
    metadata,
    Column("name", Text, primary_key=True),
    Column("collection", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("claimed_until", Text, nullable=False),
)

live_looks = Table(
    "live_looks",
    metadata,
    Column("public_key", Text, primary_key=True),
    Column("watch_id", KEY, ForeignKey("watches.id", ondelete="CASCADE"), nullable=False),
    Column("actor", Text, nullable=False),
    Column("asked_at", Text, nullable=False),
    Column("recorded_at", Text, nullable=False),
    Column("taken_at", Text),
    Column("sealed", LargeBinary),
    Index("ix_live_looks_watch", "watch_id"),
)

live_events = Table(
    "live_events",
    metadata,
    Column("sequence", KEY, primary_key=True, autoincrement=False),
    Column("collection_id", KEY, ForeignKey("collections.id", ondelete="CASCADE"), nullable=False),
    Column("watch", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("visit", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_live_events_watch", "watch", "sequence"),
    Index("ix_live_events_collection", "collection_id", "sequence"),
    Index("ix_live_events_at", "at"),
)

live_sequence = Table(
    "live_sequence",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)

event_deliveries = Table(
    "event_deliveries",
    metadata,
    Column("sink", Text, primary_key=True),
    Column("watch", Text, primary_key=True),
    Column("delivered", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", Text, nullable=False),
    Column("lease", Text),
    Column("error", Text),
    Column("refusals", Integer, nullable=False, server_default="0"),
)

event_failures = Table(
    "event_failures",
    metadata,
    Column(
        "sequence", KEY, ForeignKey("live_events.sequence", ondelete="CASCADE"), primary_key=True
    ),
    Column("sink", Text, primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("given_up_at", Text, nullable=False),
)
