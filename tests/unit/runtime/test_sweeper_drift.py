from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import structlog

from contexts import make_context
from reknown.biometrics.templates import TemplateSpace
from reknown.gallery.collections import create_collection
from reknown.gallery.score_counts import count_strangers
from reknown.runtime.sweeper import Sweeper
from reknown.services.oversight.drift import BASELINE, WINDOW
from reknown.storage.database import close_database, open_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.storage.database import Database

SPACE = TemplateSpace("tiny", "ab" * 32, 4)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path)
    with database.begin() as connection:
        create_collection(connection, "people", SPACE)
    yield database
    close_database(database)


def search(database: Database, count: int, shift: float = 0.0) -> None:
    scores = np.random.default_rng(5).normal(0.3 + shift, 0.04, count)
    with database.begin() as connection:
        count_strangers(connection, "people", SPACE, scores.tolist())


def test_drift_is_in_the_log_once(database: Database) -> None:
    with structlog.testing.capture_logs() as lines:
        sweeper = Sweeper(make_context(database).platform, structlog.get_logger(), 30)
        search(database, BASELINE)
        sweeper.check()
        search(database, WINDOW)
        sweeper.check()
        assert lines == []
        search(database, WINDOW, 0.05)
        sweeper.check()
        sweeper.check()
    (line,) = lines
    assert (line["event"], line["collection"], line["log_level"]) == (
        "strangers score otherwise than before",
        "people",
        "warning",
    )
    assert line["distance"] > line["bound"]
    assert line["shift"] == pytest.approx(0.05, abs=0.02)


def test_what_cannot_be_compared_stops_nothing(database: Database, tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as lines:
        sweeper = Sweeper(make_context(database).platform, structlog.get_logger(), 30)
        close_database(database)
        for file in tmp_path.glob("reknown.db*"):
            file.unlink()
        tmp_path.rmdir()
        sweeper.check()
    assert [line["event"] for line in lines] == ["scores cannot be compared"]
