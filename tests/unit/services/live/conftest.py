from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from reknown.storage.database import open_database
from unit.databases import location, seal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.storage.database import Database

__all__ = ["location"]


@pytest.fixture
def database(location: str, empty_folder: Path) -> Iterator[Database]:
    """One of each kind."""
    if "://" not in location:
        shutil.copytree(empty_folder, location)
    database = open_database(location)
    keyring = seal(database, location)
    yield database
    keyring.close()
    database.dispose()
