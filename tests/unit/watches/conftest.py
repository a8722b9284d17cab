from __future__ import annotations

from unit.databases import connection, engine, own_engine

__all__ = ["connection", "engine", "own_engine"]
