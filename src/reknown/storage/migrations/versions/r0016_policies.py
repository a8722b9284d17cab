"""What may be done with a collection: policies, consents, stops, purposes."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds tables and columns; nothing is forbidden that was allowed."""
    op.add_column("events", sa.Column("purpose", sa.Text))
    op.add_column("access_keys", sa.Column("purpose", sa.Text))
    op.create_table(
        "policies",
        sa.Column("collection", _KEY, _owner(), primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("set_at", sa.Text, nullable=False),
    )
    op.create_table(
        "search_stops",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("stopped_at", sa.Text, nullable=False),
    )
    op.create_table(
        "consents",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("collection_id", _KEY, _owner(), nullable=False),
        sa.Column("user_id", _KEY, sa.ForeignKey("users.id", ondelete="SET NULL")),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("given_at", sa.Text, nullable=False),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.Column("text_sha256", sa.Text, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Text),
        sa.Column("withdrawn_at", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_consents_order", "consents", ["collection_id", "id"])
    op.create_index("ix_consents_user", "consents", ["user_id"])


def _owner() -> sa.ForeignKey:
    return sa.ForeignKey("collections.id", ondelete="CASCADE")
