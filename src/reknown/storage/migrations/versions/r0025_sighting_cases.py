"""Candidates of a review case may be sightings, too."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds the link to candidates and to notes, which hang on a face or on a sighting now."""
    with op.batch_alter_table("review_notes") as notes:
        notes.alter_column("face", existing_type=_KEY, nullable=True)
    _link("review_candidates", "SET NULL")
    _link("review_notes", "CASCADE")


def _link(table: str, on_delete: str) -> None:
    """Adds a column in place: with a table made anew, what hangs on the former one would go."""
    kind = _KEY.compile(op.get_bind().dialect)
    reference = f"REFERENCES sightings (id) ON DELETE {on_delete}"
    op.execute(sa.text(f"ALTER TABLE {table} ADD COLUMN sighting {kind} {reference}"))
    op.create_index(f"ix_{table}_sighting", table, ["sighting"])
