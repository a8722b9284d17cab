"""What every use case takes first: who asks, and what there is to answer with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reknown.gallery.collections import count_faces, get_space
from reknown.jobs import queue
from reknown.ledger.actor import Actor, Nonce
from reknown.ledger.requests import RequestToken, check_writable
from reknown.objects.allow import NoObjects
from reknown.services.backups.place import BackupPlace
from reknown.services.evaluations.runner import EvaluationRunner
from reknown.services.live.look_keys import LookKeys
from reknown.services.live.recent_looks import RecentLooks
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.biometrics.templates import TemplateSpace
    from reknown.gallery.cache import IndexCache
    from reknown.objects.base import ObjectReader
    from reknown.objects.uploads import Uploads
    from reknown.services.executor import Executor
    from reknown.storage.database import Database
    from reknown.vision.engines import Engines

__all__ = ["Actor", "Context", "Nonce", "Platform", "RequestToken"]


@dataclass(frozen=True, slots=True)
class Platform:
    """Everything that use cases work with; safe for many threads.

    `objects` reads stored images and videos, `indexes` keeps galleries in memory, `evaluations`
    has those under way, `look_keys` the keys of looks through cameras, `recent_looks` those at
    watches that were recorded just now. Where `governed`, collections are made and searched under
    complete policies alone. `uploads` takes what people bring and `backups` says where some are
    made, where an operator allows that.
    """

    database: Database
    engines: Engines
    executor: Executor
    indexes: IndexCache
    objects: ObjectReader
    evaluations: EvaluationRunner = field(default_factory=EvaluationRunner)
    governed: bool = False
    uploads: Uploads | None = None
    backups: BackupPlace = field(default_factory=BackupPlace)
    look_keys: LookKeys = field(default_factory=LookKeys)
    recent_looks: RecentLooks = field(default_factory=RecentLooks)

    @property
    def has_objects(self) -> bool:
        """Whether there is any place to read stored images and videos from."""
        return not isinstance(self.objects, NoObjects)

    def space_of(self, collection: str) -> TemplateSpace:
        """The template space of a collection; raises `NotFoundError`."""
        with reading(self.database) as connection:
            return get_space(connection, collection)

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
        check_writable(self.database)


@dataclass(frozen=True, slots=True)
class Context:
    """On whose behalf a use case runs, and with what."""

    platform: Platform
    actor: Actor

    @property
    def database(self) -> Database:
        """The platform's."""
        return self.platform.database

    def by(self, actor: Actor) -> Context:
        """The same on behalf of another."""
        return replace(self, actor=actor)
