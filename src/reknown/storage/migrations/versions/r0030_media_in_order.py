"""Images and videos of a collection are listed page by page."""

from alembic import op

revision = "0030"
down_revision = "0028"


def upgrade() -> None:
    """Adds the index that pages go by."""
    op.create_index("ix_media_order", "media", ["collection_id", "id"])
