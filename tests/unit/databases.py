"""Fixtures of the rooms with SQL, for their conftest: each test runs on both databases."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.event import listen

from postgres_server import own_database
from reknown.gallery.keys import attach_keyring
from reknown.sealing.opening import open_keyring, schema_name
from reknown.storage.database import open_database
from reknown.storage.server import ServerAddress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from reknown.sealing.keyring import Keyring
    from schemas import Schemas

MASTER = bytes(range(32))


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    location: str | Path
    if request.param == "sqlite":
        location = tmp_path_factory.mktemp("sqlite")
    else:
        # a database of its own: to move rows or keys, no other may be connected
        location = own_database(request.getfixturevalue("postgres_url"))
    engine = open_database(location)
    keyring = seal(engine, location)
    yield engine
    keyring.close()
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A transaction that is rolled back after the test."""
    with engine.connect() as connection:
        yield connection
        connection.rollback()


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where no database is yet."""
    return new_location(request, request.param, tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_location(
    request: pytest.FixtureRequest, tmp_path: Path, empty_folder: Path
) -> Iterator[str]:
    """Where a database is with nothing in it, the test's own."""
    if request.param == "sqlite":
        yield str(shutil.copytree(empty_folder, tmp_path / "data"))
        return
    schemas: Schemas = request.getfixturevalue("schemas")
    location = schemas.take()
    yield location
    schemas.give_back(location)


def turn_back(engine: Engine | Connection, days: int) -> None:
    """From now on the server's clock is so far behind this machine's."""
    present, past = "clock_timestamp()", f"(clock_timestamp() - interval '{days} days')"
    listen(
        engine,
        "before_cursor_execute",
        lambda _connection, _cursor, text, values, *_: (text.replace(present, past), values),
        retval=True,
    )


@pytest.fixture
def own_engine(empty_location: str) -> Iterator[Engine]:
    """A database of the test's own, for what has to be committed."""
    engine = open_database(empty_location)
    keyring = seal(engine, empty_location)
    yield engine
    keyring.close()
    engine.dispose()


def seal(engine: Engine, location: str | Path) -> Keyring:
    """A keyring for this database, as the platform opens it; to be closed."""
    place = ServerAddress(str(location)) if "://" in str(location) else Path(location)
    keyring = open_keyring(place, schema_name(engine))
    keyring.unlock(MASTER)
    attach_keyring(engine, keyring)
    return keyring


def new_location(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    """Where no database of this kind is yet."""
    if kind == "sqlite":
        return str(folder / "data")
    schemas: Schemas = request.getfixturevalue("schemas")
    return schemas.new()
