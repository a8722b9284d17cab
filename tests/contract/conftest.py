from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Iterator[Server]:
    """One server for all contract tests; each makes collections of its own."""
    with serving(tmp_path_factory.mktemp("server"), REKNOWN_CACHE=str(cache_folder)) as server:
        yield server


@pytest.fixture
def name() -> str:
    """The name of a collection that nobody else uses."""
    return f"test-{uuid4()}"
