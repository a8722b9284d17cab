"""Fixtures of the rooms with SQL, for their conftest: each test runs on both databases."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from reknown.gallery.keys import attach_keyring
from reknown.sealing.opening import open_keyring, schema_name
from reknown.storage.database import open_database
from reknown.storage.server import ServerAddress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from reknown.sealing.keyring import Keyring

MASTER = bytes(range(32))


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    location: str | Path
    if request.param == "sqlite":
        location = tmp_path_factory.mktemp("sqlite")
    else:
        location = request.getfixturevalue("postgres_url")
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


@pytest.fixture
def own_engine(location: str, empty_folder: Path) -> Iterator[Engine]:
    """A database of the test's own, for what has to be committed."""
    if "://" not in location:
        shutil.copytree(empty_folder, location)
    engine = open_database(location)
    keyring = seal(engine, location)
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
    url = make_url(request.getfixturevalue("postgres_url"))
    name = f"test_{uuid4().hex}"
    engine = create_engine(url)
    with engine.begin() as connection:  # a database of its own would be a copy of 300 files
        connection.execute(text(f"CREATE SCHEMA {name}"))
    engine.dispose()
    own = url.update_query_dict({"options": f"-csearch_path={name}"})
    return own.render_as_string(hide_password=False)
