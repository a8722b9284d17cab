"""The platform that use cases work with, put together from the settings."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from reknown.gallery.cache import TemplateCache
from reknown.objects.allow import NoObjects
from reknown.services.context import Platform
from reknown.services.executor import LocalExecutor
from reknown.services.master_key import require_database
from reknown.storage.database import close_database, open_database
from reknown.vision.decoding.pool import DecoderPool
from reknown.vision.engines import EngineLimits, Engines, StoredPacks
from reknown.vision.handling import ARCHIVE, Handling
from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from reknown.configuration import Settings
    from reknown.objects.base import ObjectReader


@contextmanager
def open_platform(
    settings: Settings,
    *,
    pack: str | None = None,
    objects: ObjectReader | None = None,
    observe: Callable[[Mapping[str, float]], None] = lambda _: None,
    handling: Handling = ARCHIVE,
) -> Iterator[Platform]:
    """The platform of the data folder, closed afterwards; no model is loaded yet.

    `pack` is the default one in place of the settings'. `observe` gets the seconds of each stage
    of an extraction. `handling` says which files are taken: people's own, unless told otherwise.

    Raises `DatabaseError`, also where a database is lost that was there.
    """
    store = PackStore(settings.cache, [settings.packs])
    limits = EngineLimits(settings.server.model_idle_seconds, settings.server.model_memory * 2**20)
    engines = Engines(StoredPacks(store), pack or settings.pack, limits)
    require_database(settings.data)
    database, decoders = open_database(settings.data), DecoderPool()
    try:
        yield Platform(
            database=database,
            engines=engines,
            executor=LocalExecutor(
                engines, decoders, settings.cache, settings.packs, observe, handling=handling
            ),
            templates=TemplateCache(settings.server.template_memory * 2**20),
            objects=objects or NoObjects(),
        )
    finally:
        decoders.close()
        close_database(database)
