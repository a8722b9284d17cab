"""The tables of the gallery; `migrations/` creates them.

Keys ascend in the order of creation and are never given twice, so that paging can go by them.
`collections.revision` counts the changes of a collection, `faces.revision` is that of a
face's last one and `collections.pruned` that of the last one which deleted faces.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

KEY = BigInteger().with_variant(Integer(), "sqlite")
metadata = MetaData()


def _parent(name: str, table: str, on_delete: str = "CASCADE") -> Column[Any]:
    reference = ForeignKey(f"{table}.id", ondelete=on_delete)
    return Column(name, KEY, reference, nullable=on_delete == "SET NULL")


collections = Table(
    "collections",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("pack", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("pruned", BigInteger, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)

collection_tags = Table(
    "collection_tags",
    metadata,
    Column(
        "collection_id", KEY, ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

images = Table(
    "images",
    metadata,
    Column("id", KEY, primary_key=True),
    _parent("collection_id", "collections"),
    Column("sha256", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    UniqueConstraint("collection_id", "sha256"),
    sqlite_autoincrement=True,
)

users = Table(
    "users",
    metadata,
    Column("id", KEY, primary_key=True),
    _parent("collection_id", "collections"),
    Column("name", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    UniqueConstraint("collection_id", "name"),
    Index("ix_users_order", "collection_id", "id"),
    sqlite_autoincrement=True,
)

faces = Table(
    "faces",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("face_id", Text, nullable=False, unique=True),
    _parent("collection_id", "collections"),
    _parent("image_id", "images"),
    _parent("user_id", "users", "SET NULL"),
    Column("box_left", Double, nullable=False),
    Column("box_top", Double, nullable=False),
    Column("box_width", Double, nullable=False),
    Column("box_height", Double, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("quality", Integer, nullable=False),
    Column("magnitude", Double),
    Column("external_id", Text),
    Column("template", LargeBinary, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("revision", BigInteger, nullable=False, server_default="0"),
    Index("ix_faces_order", "collection_id", "id"),
    Index("ix_faces_revision", "collection_id", "revision"),
    Index("ix_faces_image", "image_id"),
    Index("ix_faces_user", "user_id"),
    sqlite_autoincrement=True,
)

# Tracks of videos that are kept to be searched later, by whoever may search the collection.
tracks = Table(
    "tracks",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("track_id", Text, nullable=False, unique=True),
    _parent("collection_id", "collections"),
    Column("video_sha256", Text, nullable=False),
    Column("video_name", Text, nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Column("best_ms", BigInteger, nullable=False),
    Column("box_left", Double, nullable=False),
    Column("box_top", Double, nullable=False),
    Column("box_width", Double, nullable=False),
    Column("box_height", Double, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("quality", Integer, nullable=False),
    Column("shots", Integer, nullable=False),
    Column("template", LargeBinary, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Index("ix_tracks_order", "collection_id", "id"),
    Index("ix_tracks_video", "collection_id", "video_sha256"),
    Index("ix_tracks_expiry", "expires_at"),
    sqlite_autoincrement=True,
)
