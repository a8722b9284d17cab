"""Evaluations that the console runs, with what came of them."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0025"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes one table; there is nothing to put into it yet."""
    parent = sa.ForeignKey("collections.id", ondelete="CASCADE")
    op.create_table(
        "evaluations",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("evaluation_id", sa.Text, nullable=False, unique=True),
        sa.Column("collection_id", _KEY, parent, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("pack", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("done", sa.Integer, nullable=False, server_default="0"),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("seen_at", sa.Text, nullable=False),
        sa.Column("finished_at", sa.Text),
        sa.Column("report", sa.LargeBinary),
        sa.Column("figures", sa.LargeBinary),
        sa.Column("calibration", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_evaluations_order", "evaluations", ["collection_id", "id"])
    op.create_index("ix_evaluations_running", "evaluations", ["state", "seen_at"])
