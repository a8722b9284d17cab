"""Review cases: what people make of candidates, and who may."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the six tables."""
    _make_cases()
    _make_reviews()
    op.create_table(
        "reviewers",
        sa.Column("actor", sa.Text, primary_key=True),
        sa.Column("trained_until", sa.Text, nullable=False),
        sa.Column("collections", sa.Text, nullable=False),
        sa.Column("added_at", sa.Text, nullable=False),
    )


def _make_cases() -> None:
    op.create_table(
        "review_cases",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("case_id", sa.Text, nullable=False, unique=True),
        _parent("collection_id", "collections"),
        sa.Column("search", sa.BigInteger, nullable=False),
        sa.Column("searcher", sa.Text, nullable=False),
        sa.Column("probe_kind", sa.Text, nullable=False),
        sa.Column("probe_sha256", sa.Text),
        sa.Column("probe_number", sa.Integer, nullable=False),
        sa.Column("probe_quality", sa.Integer),
        sa.Column("bound", sa.Double),
        sa.Column("reviewers", sa.Integer, nullable=False),
        sa.Column("salt", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("opened_at", sa.Text, nullable=False),
        sa.Column("decided_at", sa.Text),
        sa.Column("expires_at", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_review_cases_order", "review_cases", ["collection_id", "id"])
    op.create_index("ix_review_cases_expiry", "review_cases", ["expires_at"])
    op.create_table(
        "review_candidates",
        sa.Column("id", _KEY, primary_key=True),
        _parent("case_key", "review_cases"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("face", _KEY, sa.ForeignKey("faces.id", ondelete="SET NULL")),
        sa.Column("rank", sa.Integer),
        sa.Column("score", sa.Double, nullable=False),
        sa.Column("similarity", sa.Double),
        sa.Column("opinion", sa.Text),
        sa.UniqueConstraint("case_key", "number"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_review_candidates_face", "review_candidates", ["face"])


def _make_reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", _KEY, primary_key=True),
        _parent("case_key", "review_cases"),
        sa.Column("reviewer", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("adjudicating", sa.Boolean, nullable=False),
        sa.Column("seed", sa.Text, nullable=False),
        sa.Column("salt", sa.Text, nullable=False),
        sa.Column("started_at", sa.Text, nullable=False),
        sa.Column("finished_at", sa.Text),
        sa.UniqueConstraint("case_key", "reviewer"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "review_judgements",
        sa.Column("id", _KEY, primary_key=True),
        _parent("review", "reviews"),
        _parent("candidate", "review_candidates"),
        sa.Column("opinion", sa.Text, nullable=False),
        sa.Column("grounds", sa.Text, nullable=False),
        sa.Column("note_sha256", sa.Text),
        sa.Column("made_at", sa.Text, nullable=False),
        sa.UniqueConstraint("review", "candidate"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_review_judgements_candidate", "review_judgements", ["candidate"])
    op.create_table(
        "review_notes",
        sa.Column(
            "judgement",
            _KEY,
            sa.ForeignKey("review_judgements.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        _parent("face", "faces"),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("ix_review_notes_face", "review_notes", ["face"])


def _parent(name: str, table: str) -> sa.Column[int]:
    return sa.Column(name, _KEY, sa.ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=False)
