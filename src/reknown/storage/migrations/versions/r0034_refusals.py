"""How often a sink has refused the next event, apart from how often it could not be reached."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Adds the count; of what waits now, nobody knows any more which it was."""
    refusals = sa.Column("refusals", sa.Integer, nullable=False, server_default="0")
    op.add_column("event_deliveries", refusals)
