from __future__ import annotations

from unit.databases import connection, engine

__all__ = ["connection", "engine"]
