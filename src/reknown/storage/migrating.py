"""To the newest schema: step by step, or at once where there is nothing yet."""

from __future__ import annotations

import sqlite3
from importlib.resources import files
from typing import TYPE_CHECKING

from sqlalchemy import func, inspect, select, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine as Database

NEW_FILE = "new_file.sql"
"""In the folder of migrations: what they make of an empty file (`tools/generate_schema.py`)."""
_MIGRATIONS = "reknown.storage.migrations"
_LOCK = int.from_bytes(b"reknown", "big")


def begin(database: Database) -> None:
    """Gives a new file its schema at once: the migrations one by one take half a second."""
    if database.dialect.name != "sqlite":
        return
    script = files(_MIGRATIONS).joinpath(NEW_FILE).read_text()
    with database.begin() as connection:
        if not inspect(connection).has_table("alembic_version"):  # nobody else was faster
            for statement in _statements(script):
                connection.exec_driver_sql(statement)


def _statements(script: str) -> Iterator[str]:
    held = ""
    for line in script.splitlines(keepends=True):
        held += line
        if sqlite3.complete_statement(held):
            yield held
            held = ""


def migrate(database: Database) -> None:
    """Takes the steps that it has not taken yet; raises `LookupError` for an unknown schema."""
    # Imported here because it takes long and is needed once per new version.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "reknown.storage:migrations")
    with database.begin() as connection:
        if database.dialect.name == "postgresql":
            # another process may take long with a large gallery
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise LookupError(str(error)) from error
