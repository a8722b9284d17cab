"""The tables of the video jobs; the gallery's migrations create them.

A job is open until `finished_at` is set; until then `info` is how far it is, and a `message` says
why it is to be stopped. Its worker holds a `lease` until `leased_until`; after that anyone may take
it over. Its results lie in `parts` of many entries
each, once for every order in which they can be read. What is to be told to others when it ends
is in `notices`, written in the same transaction as the results.
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
)

KEY = BigInteger().with_variant(Integer(), "sqlite")
metadata = MetaData()

# No foreign key to the collection: a job may outlive it, and then fails.
jobs = Table(
    "jobs",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("job_id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("collection", Text),
    Column("request", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("message", Text),
    Column("info", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("lease", Text),
    Column("leased_until", Text),
    Column("created_at", Text, nullable=False),
    Column("finished_at", Text),
    Column("expires_at", Text, nullable=False),
    Index("ix_jobs_open", "finished_at", "leased_until"),
    Index("ix_jobs_expiry", "expires_at"),
    sqlite_autoincrement=True,
)

parts = Table(
    "job_parts",
    metadata,
    Column("job", KEY, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("ordering", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("entries", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

notices = Table(
    "job_notices",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("job_id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    # None: given up, kept for the operator to see
    Column("due_at", Text),
    Column("created_at", Text, nullable=False),
    Column("error", Text),
    Index("ix_job_notices_due", "due_at"),
    sqlite_autoincrement=True,
)
