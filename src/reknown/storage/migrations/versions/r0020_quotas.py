"""How much keys may use in a month or a day, and how strangers score in searches."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0017"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds the tables; nobody is limited, and nothing is compared yet."""
    op.create_table(
        "ledger_quotas",
        sa.Column("holders", sa.Text, primary_key=True),
        sa.Column("period", sa.Text, primary_key=True),
        sa.Column("measure", sa.Text, primary_key=True),
        sa.Column("most", sa.BigInteger, nullable=False),
        sa.Column("since", sa.Text, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "ledger_quota_holders",
        sa.Column("actor", sa.Text, primary_key=True),
        sa.Column("holders", sa.Text, nullable=False),
    )
    op.create_index("ix_ledger_quota_holders", "ledger_quota_holders", ["holders"])
    op.create_table(
        "score_counts",
        sa.Column("collection", _KEY, _owner(), primary_key=True, autoincrement=False),
        sa.Column("space", sa.Text, primary_key=True),
        sa.Column("part", sa.Text, primary_key=True),
        sa.Column("bin", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seen", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "score_drifts",
        sa.Column("collection", _KEY, _owner(), primary_key=True, autoincrement=False),
        sa.Column("space", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("distance", sa.Double, nullable=False),
        sa.Column("bound", sa.Double, nullable=False),
        sa.Column("shift", sa.Double, nullable=False),
    )


def _owner() -> sa.ForeignKey:
    return sa.ForeignKey("collections.id", ondelete="CASCADE")
