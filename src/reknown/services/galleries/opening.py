"""Indexes of large collections, opened before somebody searches them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.gallery.collections import largest
from reknown.storage.database import reading

if TYPE_CHECKING:
    from reknown.services.context import Platform

# Smaller ones open in some milliseconds.
_LEAST = 5000
_MOST = 1000
# A code a value, and what goes with a row; see `gallery.vectors.slabs`.
_BYTES_A_ROW = 24


def indexes_to_open(platform: Platform) -> list[str]:
    """The largest collections that fit into memory together; raises `DatabaseError`."""
    room, chosen = platform.indexes.room, []
    with reading(platform.database) as connection:
        for row in largest(connection, _LEAST, _MOST):
            size = row.face_count * (row.dimension + _BYTES_A_ROW)
            if size <= room:
                room -= size
                chosen.append(row.name)
    return chosen


def open_index(platform: Platform, collection: str) -> int:
    """Has the collection's index in memory; how many references it has.

    Raises `NotFoundError`, `DatabaseError`.
    """
    with reading(platform.database) as connection:
        return platform.indexes.current(connection, collection).references
