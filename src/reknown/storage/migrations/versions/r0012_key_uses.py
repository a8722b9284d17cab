"""What processes tell each other about the keys that they limit."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "key_uses",
        sa.Column("process", sa.Text, primary_key=True),
        sa.Column("beat", sa.BigInteger, nullable=False),
        sa.Column("uses", sa.Text, nullable=False),
    )
