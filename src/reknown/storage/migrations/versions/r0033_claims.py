"""Names that somebody watches under who has no watch that is stored."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Makes the table; nobody has claimed a name yet."""
    op.create_table(
        "watch_claims",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("collection", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("claimed_until", sa.Text, nullable=False),
    )
