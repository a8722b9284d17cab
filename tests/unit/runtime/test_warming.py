from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import structlog
from structlog.testing import LogCapture

from contexts import make_context
from processes import wait_for
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.records import ImageRecord, NewFace
from reknown.biometrics.templates import Template, TemplateSpace
from reknown.gallery.cache import IndexCache
from reknown.gallery.collections import create_collection, delete_collection
from reknown.gallery.faces import add_faces
from reknown.runtime.warming import Warming
from reknown.services.galleries import opening
from reknown.services.galleries.opening import indexes_to_open
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from reknown.services.context import Platform

_SPACE = TemplateSpace("tiny", "ab" * 32, 4)
_SIZES = {"small": 1, "middle": 3, "large": 5}
_BYTES = 28


@pytest.fixture
def database(tmp_path: Path, empty_folder: Path) -> Iterator[Engine]:
    """With three collections."""
    database = open_database(shutil.copytree(empty_folder, tmp_path / "data"))
    vector = np.array([1, 0, 0, 0], np.float32)
    face = NewFace(Template(vector, _SPACE), BoundingBox(0, 0, 1, 1), 0.9, 50)
    for name, size in _SIZES.items():
        with database.begin() as connection:
            create_collection(connection, name, _SPACE)
            add_faces(connection, name, ImageRecord("ab" * 32, "1.jpg", 9, 9), [face] * size)
    yield database
    database.dispose()


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_LEAST", 2)


@pytest.fixture
def platform(database: Engine) -> Platform:
    return make_context(database).platform


@pytest.fixture
def capture() -> LogCapture:
    return LogCapture()


@pytest.fixture
def log(capture: LogCapture) -> Any:
    return structlog.wrap_logger(None, processors=[capture])


def test_the_largest_are_opened_as_far_as_they_fit(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chosen(room: int) -> list[str]:
        monkeypatch.setattr(platform.indexes, "_max_bytes", room)
        return indexes_to_open(platform)

    assert chosen(8 * _BYTES) == ["large", "middle"]
    assert chosen(8 * _BYTES - 1) == ["large"]
    assert chosen(5 * _BYTES - 1) == ["middle"]
    assert chosen(0) == []


def test_each_is_told_of_and_in_memory_then(
    platform: Platform, log: Any, capture: LogCapture
) -> None:
    warming = Warming(platform, log, wanted=True)
    assert warming.left() == 2
    with warming:
        wait_for(lambda: not warming.left())
    told = [(entry["event"], entry["collection"], entry["references"]) for entry in capture.entries]
    assert told == [("an index is open", "large", 5), ("an index is open", "middle", 3)]
    assert list(platform.indexes._held) == ["large", "middle"]


def test_none_is_opened_that_is_not_wanted(platform: Platform, log: Any) -> None:
    with Warming(platform, log, wanted=False) as warming:
        assert not warming.left()
        assert not warming.at_work
    assert not platform.indexes._held


def test_one_that_is_gone_does_not_keep_the_others(
    platform: Platform, log: Any, capture: LogCapture
) -> None:
    warming = Warming(platform, log, wanted=True)
    with platform.database.begin() as connection:
        delete_collection(connection, "large")
    with warming:
        wait_for(lambda: not warming.left())
    assert [entry["event"] for entry in capture.entries] == [
        "an index cannot be opened",
        "an index is open",
    ]


def test_after_the_end_no_other_is_begun(
    platform: Platform, log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    warming = Warming(platform, log, wanted=True)
    current, begun = IndexCache.current, list[str]()

    def stopped_meanwhile(indexes: IndexCache, connection: Any, collection: str) -> Any:
        begun.append(collection)
        warming.__exit__(None, None, None)
        return current(indexes, connection, collection)

    monkeypatch.setattr(IndexCache, "current", stopped_meanwhile)
    with warming:
        wait_for(lambda: not warming.at_work)
    assert begun == ["large"]
