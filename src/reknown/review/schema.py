"""The tables of the review cases; the gallery's migrations create them.

A case is of one probe of a search, which is the event `search` of the ledger. Its candidates have
numbers that were drawn, so that they say nothing of their ranks. `face` or `sighting` is the link
to the gallery and all that says who a candidate is: it is gone with what it leads to, and so is a
note on it.
A review is what one reviewer does with a case; `seed` gives the order in which it is shown to
them, `salt` goes into the digests that the ledger has of what they say.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

KEY = BigInteger().with_variant(Integer(), "sqlite")
metadata = MetaData()

review_cases = Table(
    "review_cases",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("case_id", Text, nullable=False, unique=True),
    Column("collection_id", KEY, ForeignKey("collections.id", ondelete="CASCADE"), nullable=False),
    Column("search", BigInteger, nullable=False),
    Column("searcher", Text, nullable=False),
    Column("probe_kind", Text, nullable=False),
    Column("probe_sha256", Text),
    Column("probe_number", Integer, nullable=False),
    Column("probe_quality", Integer),
    Column("bound", Double),
    Column("reviewers", Integer, nullable=False),
    Column("salt", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("outcome", Text),
    Column("opened_at", Text, nullable=False),
    Column("decided_at", Text),
    Column("expires_at", Text),
    Index("ix_review_cases_order", "collection_id", "id"),
    Index("ix_review_cases_expiry", "expires_at"),
    sqlite_autoincrement=True,
)

review_candidates = Table(
    "review_candidates",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("case_key", KEY, ForeignKey("review_cases.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("face", KEY, ForeignKey("faces.id", ondelete="SET NULL")),
    Column("sighting", KEY, ForeignKey("sightings.id", ondelete="SET NULL")),
    Column("rank", Integer),
    Column("score", Double, nullable=False),
    Column("similarity", Double),
    Column("opinion", Text),
    UniqueConstraint("case_key", "number"),
    Index("ix_review_candidates_face", "face"),
    Index("ix_review_candidates_sighting", "sighting"),
    sqlite_autoincrement=True,
)

reviews = Table(
    "reviews",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("case_key", KEY, ForeignKey("review_cases.id", ondelete="CASCADE"), nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("adjudicating", Boolean, nullable=False),
    Column("seed", Text, nullable=False),
    Column("salt", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text),
    UniqueConstraint("case_key", "reviewer"),
    sqlite_autoincrement=True,
)

review_judgements = Table(
    "review_judgements",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("review", KEY, ForeignKey("reviews.id", ondelete="CASCADE"), nullable=False),
    Column(
        "candidate", KEY, ForeignKey("review_candidates.id", ondelete="CASCADE"), nullable=False
    ),
    Column("opinion", Text, nullable=False),
    Column("grounds", Text, nullable=False),
    Column("note_sha256", Text),
    Column("made_at", Text, nullable=False),
    UniqueConstraint("review", "candidate"),
    Index("ix_review_judgements_candidate", "candidate"),
    sqlite_autoincrement=True,
)

review_notes = Table(
    "review_notes",
    metadata,
    Column(
        "judgement",
        KEY,
        ForeignKey("review_judgements.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("face", KEY, ForeignKey("faces.id", ondelete="CASCADE")),
    Column("sighting", KEY, ForeignKey("sightings.id", ondelete="CASCADE")),
    Column("text", Text, nullable=False),
    Index("ix_review_notes_face", "face"),
    Index("ix_review_notes_sighting", "sighting"),
)

reviewers = Table(
    "reviewers",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("trained_until", Text, nullable=False),
    Column("collections", Text, nullable=False),
    Column("added_at", Text, nullable=False),
)
