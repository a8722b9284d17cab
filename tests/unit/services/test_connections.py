from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from postgres_server import as_owner, own_database
from reknown.biometrics.errors import DatabaseUnavailableError
from reknown.services.connections import over_a_lost_connection
from reknown.storage.database import connect_to, reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


@pytest.fixture
def database(postgres_url: str) -> Iterator[Engine]:
    database = connect_to(own_database(postgres_url))
    yield database
    database.dispose()


def _asked(postgres_url: str, database: Engine, losses: list[str]) -> int:
    """An answer, after as many losses of the connection as are left."""
    with reading(database) as connection:
        own = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        if losses:
            losses.pop()
            as_owner(postgres_url, f"SELECT pg_terminate_backend({own}, 5000)")
        return int(connection.execute(text("SELECT 42")).scalar_one())


def test_a_question_is_asked_again_where_its_connection_was_lost(
    postgres_url: str, database: Engine
) -> None:
    losses = ["once"]
    assert over_a_lost_connection(lambda: _asked(postgres_url, database, losses)) == 42
    losses = ["once"]
    with pytest.raises(DatabaseUnavailableError):
        _asked(postgres_url, database, losses)


def test_it_is_asked_twice_at_most(postgres_url: str, database: Engine) -> None:
    losses = ["once", "twice"]
    with pytest.raises(DatabaseUnavailableError) as raised:
        over_a_lost_connection(lambda: _asked(postgres_url, database, losses))
    assert raised.value.lost


def test_other_trouble_is_not_asked_about_again() -> None:
    asked: list[int] = []

    def work() -> None:
        asked.append(1)
        raise DatabaseUnavailableError("too many connections")

    with pytest.raises(DatabaseUnavailableError, match="too many"):
        over_a_lost_connection(work)
    assert asked == [1]
