"""What a change of template space needs: both templates of a face, and tracks that know theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds columns and tables; kept tracks are of their collection's space."""
    op.add_column(
        "collections",
        sa.Column("replaced", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    )
    _tell_tracks_their_space()
    op.create_table(
        "upgrades",
        _parent("collection", "collections"),
        *(
            sa.Column(f"{which}_{name}", kind, nullable=False)
            for which in ("former", "target")
            for name, kind in (
                ("pack", sa.Text),
                ("fingerprint", sa.Text),
                ("dimension", sa.Integer),
            )
        ),
        sa.Column("switched", sa.Boolean, nullable=False),
        sa.Column("ending", sa.Boolean, nullable=False),
        sa.Column("started_at", sa.Text, nullable=False),
    )
    op.create_table(
        "upgrade_templates",
        _parent("face", "faces"),
        *(
            sa.Column(f"{which}_{name}", kind, nullable=name == "magnitude")
            for which in ("former", "target")
            for name, kind in (
                ("box_left", sa.Double),
                ("box_top", sa.Double),
                ("box_width", sa.Double),
                ("box_height", sa.Double),
                ("confidence", sa.Double),
                ("quality", sa.Integer),
                ("magnitude", sa.Double),
                ("template", sa.LargeBinary),
            )
        ),
    )
    op.create_table(
        "upgrade_losses",
        _parent("face", "faces"),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )


def _parent(name: str, table: str) -> sa.Column[int]:
    reference = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(name, _KEY, reference, primary_key=True)


def _tell_tracks_their_space() -> None:
    nothing = sa.text("''")
    op.add_column("tracks", sa.Column("pack", sa.Text, nullable=False, server_default=nothing))
    op.add_column(
        "tracks", sa.Column("fingerprint", sa.Text, nullable=False, server_default=nothing)
    )
    op.add_column(
        "tracks",
        sa.Column("dimension", sa.Integer, nullable=False, server_default=sa.text("0")),
    )
    op.execute(
        "UPDATE tracks SET pack = c.pack, fingerprint = c.fingerprint, dimension = c.dimension"
        " FROM collections AS c WHERE c.id = tracks.collection_id"
    )
