"""What keeps an index of a million faces current: counts, deletions, and snapshots of it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_COUNTED = {"faces": "face_count", "users": "user_count"}

# Also for what a server of the previous release does until it is restarted.
_SQLITE_COUNT = """
CREATE TRIGGER {table}_{event}_counted AFTER {event} ON {table} BEGIN
    UPDATE collections SET {column} = {column} {sign} 1 WHERE id = {row}.collection_id;
END
"""
_SQLITE_NOTE = """
CREATE TRIGGER faces_noted AFTER DELETE ON faces BEGIN
    INSERT INTO deleted_faces (collection_id, revision, face)
        SELECT id, revision, old.id FROM collections WHERE id = old.collection_id;
END
"""
# Once a statement: each update of a row leaves a dead one behind.
_POSTGRESQL_COUNT = """
CREATE FUNCTION {table}_{event}_counted() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN UPDATE collections SET {column} = {column} {sign} changed.count
        FROM (SELECT collection_id, count(*) FROM changed GROUP BY collection_id) changed
        WHERE collections.id = changed.collection_id; RETURN NULL; END';
CREATE TRIGGER {table}_{event}_counted AFTER {event} ON {table}
    REFERENCING {row} TABLE AS changed FOR EACH STATEMENT
    EXECUTE FUNCTION {table}_{event}_counted()
"""
_POSTGRESQL_NOTE = """
CREATE FUNCTION faces_noted() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO deleted_faces (collection_id, revision, face)
        SELECT collections.id, collections.revision, changed.id
        FROM changed JOIN collections ON collections.id = changed.collection_id;
        RETURN NULL; END';
CREATE TRIGGER faces_noted AFTER DELETE ON faces REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION faces_noted()
"""


def upgrade() -> None:
    """Adds tables and columns; counts once what there is."""
    _add_tables()
    for table, column in _COUNTED.items():
        op.add_column(
            "collections", sa.Column(column, sa.BigInteger, nullable=False, server_default="0")
        )
        op.execute(
            sa.text(
                f"UPDATE collections SET {column} = "  # noqa: S608 - ours
                f"(SELECT count(*) FROM {table} WHERE {table}.collection_id = collections.id)"
            )
        )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table, column in _COUNTED.items():
        for event, sign, row in (("insert", "+", "new"), ("delete", "-", "old")):
            count = _SQLITE_COUNT if sqlite else _POSTGRESQL_COUNT
            names = {"table": table, "event": event, "column": column, "sign": sign, "row": row}
            op.execute(sa.text(count.format(**names)))
    op.execute(sa.text(_SQLITE_NOTE if sqlite else _POSTGRESQL_NOTE))


def _add_tables() -> None:
    owner = sa.ForeignKey("collections.id", ondelete="CASCADE")
    op.create_table(
        "deleted_faces",
        sa.Column("collection_id", _KEY, owner, primary_key=True),
        sa.Column("revision", sa.BigInteger, primary_key=True),
        sa.Column("face", _KEY, primary_key=True),
        sqlite_with_rowid=False,
    )
    owner = sa.ForeignKey("collections.id", ondelete="CASCADE")
    op.create_table(
        "index_snapshots",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("collection_id", _KEY, owner, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("pruned", sa.BigInteger, nullable=False),
        sa.Column("written_at", sa.Text, nullable=False),
    )
    op.create_index("ix_index_snapshots_collection", "index_snapshots", ["collection_id"])
