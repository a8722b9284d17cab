"""What every use case of a running server works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.gallery.collections import count_faces, get_space
from reknown.jobs import queue
from reknown.ledger.requests import rehearse
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.gallery.cache import TemplateCache
    from reknown.gallery.templates import GalleryTemplates
    from reknown.services.engines import Engines
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine


@dataclass(frozen=True, slots=True)
class Platform:
    """Model packs, the database, and the templates kept in memory; safe for many threads."""

    engines: Engines
    database: Database
    templates: TemplateCache

    def engine_of(self, collection: str) -> Engine:
        """The engine that the collection was made with; raises `NotFoundError`, `ModelError`."""
        with reading(self.database) as connection:
            return self.engines.of(get_space(connection, collection))

    def templates_of(self, collection: str) -> GalleryTemplates:
        """All that has been acknowledged until now; raises `NotFoundError`."""
        with reading(self.database) as connection:
            return self.templates.current(connection, collection)

    def count_faces(self) -> int:
        """The faces stored in all collections; raises `DatabaseError` when it cannot tell."""
        with reading(self.database) as connection:
            return count_faces(connection)

    def count_jobs(self) -> Mapping[str, int]:
        """The video jobs by state; raises `DatabaseError` when it cannot tell."""
        with reading(self.database) as connection:
            counted = queue.count_by_state(connection)
        return {state.value: count for state, count in counted.items()}

    def check(self) -> None:
        """Writes, and takes it back; raises `DatabaseError` when that is not possible."""
        rehearse(self.database)
