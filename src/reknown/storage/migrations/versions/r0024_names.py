"""Names are sealed: a key for each user, and one for each collection to look names up with."""

import sqlalchemy as sa
from alembic import op

from reknown.storage.migrations.versions.r0015_sealing import add_sealing_key

revision = "0024"
down_revision = "0023"

_PLAIN = {
    "users": "sealed_names IS NULL",
    "faces": "sealed_names IS NULL",
    "images": "name <> '' OR origin IS NOT NULL",
}


def upgrade() -> None:
    """Adds columns for what is sealed and what it is found by, and finds what is not sealed yet."""
    op.execute(sa.text("ALTER TABLE users RENAME COLUMN name TO name_key"))
    add_sealing_key("users", "users_released")
    add_sealing_key("collections", "collections_key_released")
    op.add_column("users", sa.Column("sealed_names", sa.LargeBinary))
    op.add_column("faces", sa.Column("sealed_names", sa.LargeBinary))
    op.add_column("images", sa.Column("origin_key", sa.Text))
    for table, condition in _PLAIN.items():
        where = sa.text(condition)
        name = f"ix_{table}_plain"
        op.create_index(name, table, ["id"], sqlite_where=where, postgresql_where=where)
