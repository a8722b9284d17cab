"""Searches of the same are counted, and approvals allow more of them."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes two tables; nothing is limited that was not."""
    op.create_table(
        "search_targets",
        sa.Column("id", _KEY, primary_key=True),
        _owner(),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("searched_at", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    counted = ["collection_id", "target", "searched_at"]
    op.create_index("ix_search_targets_counted", "search_targets", counted)
    op.create_index("ix_search_targets_expiry", "search_targets", ["expires_at"])
    op.create_table(
        "search_approvals",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("approval_id", sa.Text, nullable=False, unique=True),
        _owner(),
        sa.Column("searcher", sa.Text, nullable=False),
        sa.Column("granted_by", sa.Text, nullable=False),
        sa.Column("granted_at", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Text, nullable=False),
        sa.Column("searches_left", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_search_approvals_order", "search_approvals", ["collection_id", "id"])


def _owner() -> sa.Column[int]:
    parent = sa.ForeignKey("collections.id", ondelete="CASCADE")
    return sa.Column("collection_id", _KEY, parent, nullable=False)
