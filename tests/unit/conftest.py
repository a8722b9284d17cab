from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from postgres_server import postgres_url
from reknown.storage.database import open_database
from schemas import Schemas
from unit.databases import empty_location

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


__all__ = ["empty_folder", "empty_location", "postgres_url", "schemas"]


@pytest.fixture(scope="session")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with tables and nothing in them: to copy it is quicker than to migrate."""
    folder = tmp_path_factory.mktemp("empty") / "data"
    open_database(folder).dispose()
    return folder


@pytest.fixture(scope="session")
def schemas(postgres_url: str) -> Iterator[Schemas]:
    """Those of the server of the run."""
    schemas = Schemas(postgres_url)
    yield schemas
    schemas.close()
