from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reknown.jobs import queue
from unit.databases import connection, engine, own_engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

__all__ = ["connection", "engine", "own_engine"]


@pytest.fixture
def add(connection: Connection) -> Callable[..., str]:
    """Adds a job and returns its id."""

    def make(actor: str = "ada", request: str = "{}") -> str:
        return queue.add(connection, queue.NewJob("search", actor, "friends", request))

    return make
