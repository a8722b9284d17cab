"""Looks through cameras: who looks now, with the last picture sealed to them."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the table; nobody looks yet."""
    watch = sa.ForeignKey("watches.id", ondelete="CASCADE")
    op.create_table(
        "live_looks",
        sa.Column("public_key", sa.Text, primary_key=True),
        sa.Column("watch_id", _KEY, watch, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("asked_at", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.Text, nullable=False),
        sa.Column("taken_at", sa.Text),
        sa.Column("sealed", sa.LargeBinary),
    )
    op.create_index("ix_live_looks_watch", "live_looks", ["watch_id"])
