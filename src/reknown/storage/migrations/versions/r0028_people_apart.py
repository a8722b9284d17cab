"""Who is never one person with whom: users with users, and groups of sightings with users."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# The key is all there is.
_KEYED = {"sqlite_with_rowid": False}


def _side(name: str, table: str) -> sa.Column[int]:
    reference = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(name, _KEY, reference, primary_key=True)


def upgrade() -> None:
    """Adds both tables."""
    op.create_table("users_apart", _side("first", "users"), _side("second", "users"), **_KEYED)
    op.create_index("ix_users_apart_second", "users_apart", ["second"])
    sides = _side("group_id", "sighting_groups"), _side("user_id", "users")
    op.create_table("groups_not_users", *sides, **_KEYED)
    op.create_index("ix_groups_not_users_user", "groups_not_users", ["user_id"])
