"""Records are sealed, each with a key of its own, which goes with it."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_SEALED = ("faces", "sightings", "index_snapshots")
# Whoever deletes, also as a row goes with another one.
_SQLITE = """
CREATE TRIGGER {name} AFTER DELETE ON {table} WHEN {condition} BEGIN
    INSERT OR IGNORE INTO released_keys (kind, number) VALUES ('{kind}', old.{column});
END
"""
_POSTGRESQL = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO released_keys (kind, number)
        SELECT ''{kind}'', gone.{column} FROM changed gone WHERE {condition}
        ON CONFLICT DO NOTHING; RETURN NULL; END';
CREATE TRIGGER {name} AFTER DELETE ON {table} REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION {name}()
"""


def upgrade() -> None:
    """Adds a column for each record's key, and a table of the keys that are to be destroyed."""
    op.create_table(
        "released_keys",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sqlite_with_rowid=False,
    )
    for table in _SEALED:
        add_sealing_key(table, f"{table}_released")
    _release("collections", "collections_released", "collection", "id")


def add_sealing_key(table: str, trigger: str) -> None:
    """Rows get a column for the number of their key, which is released as they are deleted."""
    op.add_column(table, sa.Column("sealing_key", sa.BigInteger))
    op.create_index(f"ix_{table}_sealing_key", table, ["sealing_key"], unique=True)
    _release(table, trigger, "record", "sealing_key")


def _release(table: str, trigger: str, kind: str, column: str) -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    statement, row = (_SQLITE, "old") if sqlite else (_POSTGRESQL, "gone")
    names = {"table": table, "name": trigger, "kind": kind, "column": column}
    op.execute(sa.text(statement.format(condition=f"{row}.{column} IS NOT NULL", **names)))
