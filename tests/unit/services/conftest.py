from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from contexts import make_context
from other_engine import other_engine
from reknown.services.galleries.collections import create_collection
from reknown.services.galleries.enrolees import Enrolee
from reknown.services.galleries.enrolment import EnrolmentPolicy, enrol_subjects
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine


@pytest.fixture
def database(tmp_path: Path, empty_folder: Path) -> Iterator[Database]:
    database = open_database(shutil.copytree(empty_folder, tmp_path / "data"))
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def other(engine: Engine) -> Engine:
    """The engine of a second pack, "other"."""
    return other_engine(engine)


@pytest.fixture
def context(database: Database, engine: Engine, other: Engine) -> Context:
    """The default pack is the real one."""
    return make_context(database, engine, other)


@pytest.fixture
def collection(context: Context) -> str:
    return create_collection(context, "people").name


@pytest.fixture
def enrol(context: Context, collection: str, tmp_path: Path) -> Callable[..., EnrolmentResult]:
    """Enrols one image, given as the bytes of its file."""

    def enrol_one(
        data: bytes,
        subject: str = "Eileen Collins",
        name: str = "1.jpg",
        policy: EnrolmentPolicy = EnrolmentPolicy(),
    ) -> EnrolmentResult:
        path = tmp_path / name
        path.write_bytes(data)
        (result,) = enrol_subjects(context, collection, [Enrolee(path, subject)], policy=policy)
        return result

    return enrol_one
