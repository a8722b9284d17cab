"""Which folder an image was enrolled from, so that the gallery can follow it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Adds a column; of images enrolled before, and by the previous release, nothing is known."""
    op.add_column("images", sa.Column("origin", sa.Text))
