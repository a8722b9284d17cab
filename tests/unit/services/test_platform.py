from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from reknown.biometrics.errors import DatabaseError, NotFoundError
from reknown.gallery.cache import TemplateCache
from reknown.ledger.schema import nonces
from reknown.services.engines import Engines
from reknown.services.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine


@pytest.fixture
def platform(database: Database, engine: Engine) -> Platform:
    return Platform(Engines(lambda _: engine, engine.space.pack), database, TemplateCache(2**20))


def test_a_collection_has_the_engine_that_it_was_made_with(
    platform: Platform, collection: str, engine: Engine
) -> None:
    assert platform.engine_of(collection) is engine
    with pytest.raises(NotFoundError):
        platform.engine_of("nobody")


def test_templates_and_faces_are_those_stored_last(
    platform: Platform, collection: str, enrol: Callable[..., object], eileen: bytes
) -> None:
    assert (platform.count_faces(), len(platform.templates_of(collection).face_ids)) == (0, 0)
    enrol(eileen)
    assert (platform.count_faces(), len(platform.templates_of(collection).face_ids)) == (1, 1)
    with pytest.raises(NotFoundError):
        platform.templates_of("nobody")


def test_checking_leaves_nothing_behind(platform: Platform, database: Database) -> None:
    platform.check()
    platform.check()
    with database.connect() as connection:
        assert connection.execute(select(nonces)).all() == []


def test_checking_notices_that_nothing_can_be_written(
    platform: Platform, database: Database
) -> None:
    with database.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
    with pytest.raises(DatabaseError, match="readonly"):
        platform.check()
    assert platform.count_faces() == 0
