"""Until when signatures are forgotten: a clock that goes back lets none of them be used again."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Makes a table with a row that is claimed and moved on; nothing has been forgotten so far."""
    table = op.create_table(
        "request_horizons",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("moment", sa.Text, nullable=False),
    )
    op.bulk_insert(table, [{"name": "nonces", "moment": ""}])
