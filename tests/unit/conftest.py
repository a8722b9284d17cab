from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from postgres_server import postgres_url
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from pathlib import Path


__all__ = ["empty_folder", "postgres_url"]


@pytest.fixture(scope="session")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with tables and nothing in them: to copy it is quicker than to migrate."""
    folder = tmp_path_factory.mktemp("empty") / "data"
    open_database(folder).dispose()
    return folder
