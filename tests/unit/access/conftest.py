from __future__ import annotations

import pytest

from reknown.access.vault import Vault
from unit.databases import connection, engine, location, own_engine

__all__ = ["connection", "engine", "location", "own_engine"]


@pytest.fixture
def vault() -> Vault:
    return Vault(bytes(range(32)))
