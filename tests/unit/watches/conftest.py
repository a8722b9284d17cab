from __future__ import annotations

from unit.databases import connection, engine, location, own_engine

__all__ = ["connection", "engine", "location", "own_engine"]
