"""Records are sealed, each with a key of its own, which goes with it."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_SEALED = ("faces", "sightings", "index_snapshots")
# Whoever deletes, also as a row goes with another one.
_SQLITE = """
CREATE TRIGGER {table}_released AFTER DELETE ON {table} WHEN {condition} BEGIN
    INSERT OR IGNORE INTO released_keys (kind, number) VALUES ('{kind}', old.{column});
END
"""
_POSTGRESQL = """
CREATE FUNCTION {table}_released() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO released_keys (kind, number)
        SELECT ''{kind}'', gone.{column} FROM changed gone WHERE {condition}
        ON CONFLICT DO NOTHING; RETURN NULL; END';
CREATE TRIGGER {table}_released AFTER DELETE ON {table} REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_released()
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
        op.add_column(table, sa.Column("sealing_key", sa.BigInteger))
        op.create_index(f"ix_{table}_sealing_key", table, ["sealing_key"], unique=True)
    sqlite = op.get_bind().dialect.name == "sqlite"
    trigger, row = (_SQLITE, "old") if sqlite else (_POSTGRESQL, "gone")
    for table in _SEALED:
        names = {"condition": f"{row}.sealing_key IS NOT NULL", "column": "sealing_key"}
        op.execute(sa.text(trigger.format(table=table, kind="record", **names)))
    names = {"table": "collections", "kind": "collection", "column": "id", "condition": "true"}
    op.execute(sa.text(trigger.format(**names)))
