from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.templates import TemplateSpace
from reknown.gallery import score_counts
from reknown.gallery.collections import create_collection
from reknown.gallery.score_counts import ScoreDrift, count_strangers, read_counts

if TYPE_CHECKING:
    from sqlalchemy import Engine

SPACE = TemplateSpace(pack="tiny", fingerprint="ab" * 32, dimension=4)
OTHER = TemplateSpace(pack="tiny", fingerprint="cd" * 32, dimension=4)


@pytest.fixture
def database(own_engine: Engine) -> Engine:
    with own_engine.begin() as connection:
        create_collection(connection, "people", SPACE)
        create_collection(connection, "others", SPACE)
    return own_engine


def count(database: Engine, *scores: float, collection: str = "people") -> None:
    with database.begin() as connection:
        count_strangers(connection, collection, SPACE, scores)


def test_scores_are_added_up_by_hundredths(database: Engine) -> None:
    count(database, 0.25, 0.25, -1)
    count(database, 0.25, 1)
    count(database, 0.5, collection="others")
    with database.connect() as connection:
        others, people = read_counts(connection)
    assert others.window == {0.5: 1}
    assert people.window == {-1: 1, 0.25: 3, 1: 1}
    assert people.baseline == {}


def test_what_is_rolled_back_is_not_counted(database: Engine) -> None:
    with database.connect() as connection, connection.begin() as transaction:
        count_strangers(connection, "people", SPACE, [0.25])
        transaction.rollback()
    with database.connect() as connection:
        assert read_counts(connection) == []


def test_a_window_becomes_the_baseline_and_another_one_begins(database: Engine) -> None:
    count(database, 0.25, 0.5)
    with database.begin() as connection:
        score_counts.make_baseline(connection, read_counts(connection)[0])
    count(database, 0.75)
    with database.begin() as connection:
        (counts,) = read_counts(connection)
        assert (counts.baseline, counts.window) == ({0.25: 1, 0.5: 1}, {0.75: 1})
        found = ScoreDrift(datetime(2026, 11, 29, tzinfo=UTC), 0.5, 0.25, -0.125)
        score_counts.put_drift(connection, counts, found)
        (counts,) = read_counts(connection)
        assert (counts.baseline, counts.window) == ({0.25: 1, 0.5: 1}, {})
        assert score_counts.read_drifts(connection) == {"people": found}
        score_counts.forget_counts(connection, "people")
        assert read_counts(connection) == []
        assert score_counts.read_drifts(connection) == {}


def test_scores_of_another_space_do_not_count(database: Engine) -> None:
    with database.begin() as connection:
        count_strangers(connection, "people", OTHER, [0.25])
    count(database, 0.5)
    with database.begin() as connection:
        (counts,) = read_counts(connection)
        assert counts.window == {0.5: 1}
        score_counts.make_baseline(connection, counts)
        (counts,) = read_counts(connection)
        assert counts.baseline == {0.5: 1}
