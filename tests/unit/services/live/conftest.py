from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reknown.storage.database import open_database
from unit.databases import seal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.storage.database import Database


@pytest.fixture
def database(empty_location: str) -> Iterator[Database]:
    """One of each kind."""
    database = open_database(empty_location)
    keyring = seal(database, empty_location)
    yield database
    keyring.close()
    database.dispose()
