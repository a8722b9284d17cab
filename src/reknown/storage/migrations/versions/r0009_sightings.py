"""Sightings: faces of images as of videos, in place of the tracks of videos alone."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MEDIA = """
    INSERT INTO media (collection_id, sha256, kind, name, fingerprint, seen_at)
    SELECT collection_id, video_sha256, 'video', max(video_name), max(fingerprint), min(created_at)
    FROM tracks GROUP BY collection_id, video_sha256 ORDER BY min(id)
"""
_SIGHTINGS = """
    INSERT INTO sightings (sighting_id, collection_id, medium_id, start_ms, end_ms, best_ms,
        box_left, box_top, box_width, box_height, confidence, quality, fit, shots, template,
        created_at, expires_at, pack, fingerprint, dimension)
    SELECT t.track_id, t.collection_id, m.id, t.start_ms, t.end_ms, t.best_ms,
        t.box_left, t.box_top, t.box_width, t.box_height, t.confidence, t.quality, true, t.shots,
        t.template, t.created_at, t.expires_at, t.pack, t.fingerprint, t.dimension
    FROM tracks AS t
    JOIN media AS m ON m.collection_id = t.collection_id AND m.sha256 = t.video_sha256
    ORDER BY t.id
"""


def upgrade() -> None:
    """Makes the three tables and moves the kept tracks into them, under the ids that they have."""
    op.create_table(
        "media",
        sa.Column("id", _KEY, primary_key=True),
        _parent("collection_id", "collections"),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("taken_at", sa.Text),
        sa.Column("taken_from", sa.Text),
        sa.Column("width", sa.Integer, nullable=False, server_default="0"),
        sa.Column("height", sa.Integer, nullable=False, server_default="0"),
        sa.Column("problem", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("seen_at", sa.Text, nullable=False),
        sa.UniqueConstraint("collection_id", "sha256"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "media_files",
        sa.Column("id", _KEY, primary_key=True),
        _parent("collection_id", "collections"),
        _parent("medium_id", "media"),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("modified_ns", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("collection_id", "folder", "name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_media_files_medium", "media_files", ["medium_id"])
    _make_groups()
    _make_sightings()
    op.execute(_MEDIA)
    op.execute(_SIGHTINGS)
    op.drop_table("tracks")


def _make_sightings() -> None:
    op.create_table(
        "sightings",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("sighting_id", sa.Text, nullable=False, unique=True),
        _parent("collection_id", "collections"),
        _parent("medium_id", "media"),
        *(sa.Column(f"{name}_ms", sa.BigInteger, nullable=False) for name in ("start", "end")),
        sa.Column("best_ms", sa.BigInteger, nullable=False),
        *(
            sa.Column(f"box_{side}", sa.Double, nullable=False)
            for side in ("left", "top", "width", "height")
        ),
        sa.Column("confidence", sa.Double, nullable=False),
        sa.Column("quality", sa.Integer, nullable=False),
        sa.Column("fit", sa.Boolean, nullable=False),
        sa.Column("shots", sa.Integer, nullable=False),
        sa.Column("template", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Text),
        sa.Column("pack", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("dimension", sa.Integer, nullable=False),
        _parent("group_id", "sighting_groups", "SET NULL"),
        sa.Column("compared", sa.Boolean, nullable=False, server_default=sa.false()),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sightings_group", "sightings", ["group_id"])
    op.create_index("ix_sightings_order", "sightings", ["collection_id", "id"])
    op.create_index("ix_sightings_medium", "sightings", ["medium_id"])
    op.create_index("ix_sightings_expiry", "sightings", ["expires_at"])


def _make_groups() -> None:
    op.create_table(
        "sighting_groups",
        sa.Column("id", _KEY, primary_key=True),
        _parent("collection_id", "collections"),
        _parent("user_id", "users", "SET NULL"),
        sa.Column("ignored", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sighting_groups_order", "sighting_groups", ["collection_id", "id"])
    op.create_index("ix_sighting_groups_user", "sighting_groups", ["user_id"])
    op.create_table(
        "groups_apart",
        _parent("first", "sighting_groups", primary_key=True),
        _parent("second", "sighting_groups", primary_key=True),
    )
    op.create_index("ix_groups_apart_second", "groups_apart", ["second"])


def _parent(
    name: str, table: str, on_delete: str = "CASCADE", *, primary_key: bool = False
) -> sa.Column[int]:
    reference = sa.ForeignKey(f"{table}.id", ondelete=on_delete)
    nullable = on_delete == "SET NULL"
    return sa.Column(name, _KEY, reference, nullable=nullable, primary_key=primary_key)
