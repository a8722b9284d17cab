"""The first schema: the gallery and the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _parent(name: str, table: str, on_delete: str = "CASCADE") -> sa.Column[int]:
    reference = sa.ForeignKey(f"{table}.id", ondelete=on_delete)
    return sa.Column(name, _KEY, reference, nullable=on_delete == "SET NULL")


def upgrade() -> None:
    """Creates all tables."""
    _create_collections()
    _create_images_and_users()
    _create_faces()
    op.create_table(
        "events",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("collection", sa.Text),
        sa.Column("detail", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )


def _create_collections() -> None:
    op.create_table(
        "collections",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("pack", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("dimension", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "collection_tags",
        _parent("collection_id", "collections"),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("collection_id", "key"),
    )


def _create_images_and_users() -> None:
    op.create_table(
        "images",
        sa.Column("id", _KEY, primary_key=True),
        _parent("collection_id", "collections"),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.UniqueConstraint("collection_id", "sha256"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "users",
        sa.Column("id", _KEY, primary_key=True),
        _parent("collection_id", "collections"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.UniqueConstraint("collection_id", "name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_users_order", "users", ["collection_id", "id"])


def _create_faces() -> None:
    op.create_table(
        "faces",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("face_id", sa.Text, nullable=False, unique=True),
        _parent("collection_id", "collections"),
        _parent("image_id", "images"),
        _parent("user_id", "users", "SET NULL"),
        sa.Column("box_left", sa.Double, nullable=False),
        sa.Column("box_top", sa.Double, nullable=False),
        sa.Column("box_width", sa.Double, nullable=False),
        sa.Column("box_height", sa.Double, nullable=False),
        sa.Column("confidence", sa.Double, nullable=False),
        sa.Column("quality", sa.Integer, nullable=False),
        sa.Column("external_id", sa.Text),
        sa.Column("template", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_faces_order", "faces", ["collection_id", "id"])
    op.create_index("ix_faces_image", "faces", ["image_id"])
    op.create_index("ix_faces_user", "faces", ["user_id"])
