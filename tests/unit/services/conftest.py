from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reknown.ledger.actor import Actor
from reknown.services import galleries
from reknown.services.enrolment import EnrolmentPolicy, enrol_all
from reknown.services.enrolment_plan import Enrolee
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reknown.services.enrolment import EnrolmentResult
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "data")
    yield database
    database.dispose()


@pytest.fixture
def collection(database: Database, engine: Engine) -> str:
    return galleries.create_collection(database, "people", engine.space, {}, Actor("tester")).name


@pytest.fixture
def enrol(
    engine: Engine, database: Database, collection: str, tmp_path: Path
) -> Callable[..., EnrolmentResult]:
    """Enrols one picture, given as the bytes of its file."""

    def enrol_one(
        data: bytes,
        subject: str = "Eileen Collins",
        name: str = "1.jpg",
        policy: EnrolmentPolicy = EnrolmentPolicy(),
    ) -> EnrolmentResult:
        path = tmp_path / name
        path.write_bytes(data)
        plan = [Enrolee(path, subject)]
        (result,) = enrol_all(
            engine, database, collection, plan, policy=policy, actor=Actor("tester")
        )
        return result

    return enrol_one
