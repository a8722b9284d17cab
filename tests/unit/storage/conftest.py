from __future__ import annotations

from unit.databases import connection, engine, location, own_engine
from unit.gallery.conftest import collection, face, picture, space

__all__ = [
    "collection", "connection", "engine", "face", "location", "own_engine", "picture", "space",
]  # fmt: skip
