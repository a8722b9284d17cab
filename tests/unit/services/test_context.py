from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from reknown.biometrics.errors import DatabaseError, NotFoundError
from reknown.ledger.schema import nonces
from reknown.services.context import Actor

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.services.context import Context
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine


def test_a_collection_has_the_space_that_it_was_made_with(
    context: Context, collection: str, engine: Engine
) -> None:
    assert context.platform.space_of(collection) == engine.space
    with pytest.raises(NotFoundError):
        context.platform.space_of("nobody")


def test_faces_are_those_stored_last(
    context: Context, collection: str, enrol: Callable[..., object], eileen: bytes
) -> None:
    platform = context.platform
    assert platform.count_faces() == 0
    enrol(eileen)
    assert platform.count_faces() == 1


def test_a_context_may_be_anothers(context: Context) -> None:
    other = context.by(Actor("ann"))
    assert (other.actor.name, other.platform) == ("ann", context.platform)
    assert context.actor.name == "tester"


def test_checking_leaves_nothing_behind(context: Context, database: Database) -> None:
    context.platform.check()
    context.platform.check()
    with database.connect() as connection:
        assert connection.execute(select(nonces)).all() == []


def test_checking_notices_that_nothing_can_be_written(context: Context, database: Database) -> None:
    with database.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
    with pytest.raises(DatabaseError, match="readonly"):
        context.platform.check()
    assert context.platform.count_faces() == 0
