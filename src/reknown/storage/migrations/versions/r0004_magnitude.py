"""The magnitude of a face's template, where its pack measures one."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds a column; faces enrolled before have none."""
    op.add_column("faces", sa.Column("magnitude", sa.Double))
