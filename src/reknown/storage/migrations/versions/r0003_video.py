"""What videos need: kept tracks, jobs with their results, notices of their end."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds tables; what is stored stays as it is."""
    _create_tracks()
    _create_jobs()
    op.create_table(
        "job_notices",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("due_at", sa.Text),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_notices_due", "job_notices", ["due_at"])


def _create_tracks() -> None:
    op.create_table(
        "tracks",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("track_id", sa.Text, nullable=False, unique=True),
        sa.Column(
            "collection_id",
            _KEY,
            sa.ForeignKey("collections.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("video_sha256", sa.Text, nullable=False),
        sa.Column("video_name", sa.Text, nullable=False),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("start_ms", "end_ms", "best_ms")
        ),
        *(
            sa.Column(name, sa.Double, nullable=False)
            for name in ("box_left", "box_top", "box_width", "box_height", "confidence")
        ),
        sa.Column("quality", sa.Integer, nullable=False),
        sa.Column("shots", sa.Integer, nullable=False),
        sa.Column("template", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tracks_order", "tracks", ["collection_id", "id"])
    op.create_index("ix_tracks_video", "tracks", ["collection_id", "video_sha256"])
    op.create_index("ix_tracks_expiry", "tracks", ["expires_at"])


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("job_id", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("collection", sa.Text),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("info", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("lease", sa.Text),
        sa.Column("leased_until", sa.Text),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("finished_at", sa.Text),
        sa.Column("expires_at", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_jobs_open", "jobs", ["finished_at", "leased_until"])
    op.create_index("ix_jobs_expiry", "jobs", ["expires_at"])
    op.create_table(
        "job_parts",
        sa.Column("job", _KEY, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("ordering", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
