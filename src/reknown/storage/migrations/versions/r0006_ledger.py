"""What a typed ledger needs: the type of each record, indexes, and subjects without names."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_BATCH = 1000
# A random UUID: of version 4 and variant 1, as those of Python are.
_SQLITE_TRIGGER = """
CREATE TRIGGER users_subject AFTER INSERT ON users WHEN new.subject_id = '' BEGIN
    UPDATE users SET subject_id = lower(
        hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
        || '-' || substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-'
        || hex(randomblob(6))
    ) WHERE id = new.id;
END
"""
_POSTGRESQL_TRIGGER = """
CREATE FUNCTION users_subject() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN new.subject_id = gen_random_uuid(); RETURN new; END';
CREATE TRIGGER users_subject BEFORE INSERT ON users FOR EACH ROW WHEN (new.subject_id = '')
    EXECUTE FUNCTION users_subject()
"""
_LEDGER_INDEXES = {
    "ix_events_time": ["at", "id"],
    "ix_events_actor": ["actor", "id"],
    "ix_events_operation": ["operation", "id"],
    "ix_events_collection": ["collection", "id"],
    "ix_events_request": ["request_id", "id"],
}


def upgrade() -> None:
    """Adds columns and indexes; what the ledger says already is of version 0 and stays."""
    op.add_column("events", sa.Column("kind", sa.Text))
    op.add_column(
        "events", sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("0"))
    )
    for name, columns in _LEDGER_INDEXES.items():
        op.create_index(name, "events", columns)
    # SQLite adds no column that is unique, or without a default that is constant
    op.add_column(
        "users", sa.Column("subject_id", sa.Text, nullable=False, server_default=sa.text("''"))
    )
    _name_subjects(op.get_bind())
    op.create_index("ix_users_subject", "users", ["subject_id"], unique=True)
    _name_new_subjects()


def _name_subjects(connection: sa.Connection) -> None:
    """Gives every user an opaque id, batch by batch: galleries may have millions."""
    users = sa.table("users", sa.column("id"), sa.column("subject_id"))
    page = sa.select(users.c.id).where(users.c.id > sa.bindparam("after")).order_by(users.c.id)
    named = sa.update(users).where(users.c.id == sa.bindparam("key"))
    named = named.values(subject_id=sa.bindparam("subject"))
    after = 0
    while keys := connection.execute(page.limit(_BATCH), {"after": after}).scalars().all():
        connection.execute(named, [{"key": key, "subject": str(uuid4())} for key in keys])
        after = keys[-1]


def _name_new_subjects() -> None:
    """Names what a server of the previous release still makes until it is restarted."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(sa.text(_SQLITE_TRIGGER if sqlite else _POSTGRESQL_TRIGGER))
