"""What an operator says of a user: addresses to read more at, and a known gender."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Adds columns; users made before, and by servers of the previous release, have neither."""
    op.add_column("users", sa.Column("urls", sa.Text))
    op.add_column("users", sa.Column("known_gender", sa.Text))
