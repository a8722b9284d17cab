from __future__ import annotations

from unit.databases import connection, engine, location, own_engine
from unit.gallery.conftest import collection, face, image, space

__all__ = [
    "collection",
    "connection",
    "engine",
    "face",
    "image",
    "location",
    "own_engine",
    "space",
]  # fmt: skip
