"""The platform that use cases work with, put together from the settings."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.gallery.cache import IndexCache
from reknown.gallery.snapshots import open_snapshots
from reknown.objects.allow import NoObjects
from reknown.runtime.backups import backup_place
from reknown.runtime.local.place import NAME
from reknown.runtime.location import given_key, keyring_of, location_of
from reknown.runtime.uploads import open_uploads
from reknown.services.context import Context, Platform
from reknown.services.evaluations.runner import EvaluationPlace, EvaluationRunner
from reknown.services.executor import LocalExecutor
from reknown.services.master_key import require_database
from reknown.services.proofs.signing import sign_with, signing_for
from reknown.services.sealing import opened_keyring, unlock
from reknown.storage.database import close_database, open_database
from reknown.storage.modes import make_folder
from reknown.storage.server import ServerAddress
from reknown.vision.decoding.pool import DecoderPool
from reknown.vision.engines import EngineLimits, Engines, StoredPacks
from reknown.vision.handling import ARCHIVE, Handling
from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from reknown.configuration import Settings
    from reknown.objects.base import ObjectReader
    from reknown.services.executor import Executor


@contextmanager
def open_platform(
    settings: Settings,
    *,
    pack: str | None = None,
    helped: bool = False,
    objects: ObjectReader | None = None,
    observe: Callable[[Mapping[str, float]], None] = lambda _: None,
    handling: Handling = ARCHIVE,
    cluster: str | None = None,
) -> Iterator[Platform]:
    """The platform of data folder and database, closed afterwards; no model is loaded yet.

    `pack` is the default one in place of the settings'. With `helped` a server of the same folder
    does what needs networks, where one runs that will. `observe` gets the seconds of each stage
    of an extraction. `handling` says which files are taken: people's own, unless told otherwise.
    The workers of a `cluster` extract from images, which are people's own, where one is named.

    Raises `DatabaseError`, also where a database is lost that was there; `ClusterError`.
    """
    store = PackStore(settings.cache, [settings.packs])
    limits = EngineLimits(settings.server.model_idle_seconds, settings.server.model_memory * 2**20)
    engines = Engines(StoredPacks(store), pack or settings.pack, limits)
    location = location_of(settings)
    if isinstance(location, ServerAddress):
        make_folder(settings.data)  # for what is of this machine: socket, master key
    else:
        require_database(location)
    database, decoders = open_database(location), DecoderPool()
    opened = ExitStack()
    opened.callback(close_database, database)
    signing = signing_for(settings.data, lambda: given_key(settings))
    sign_with(database, signing)
    opened.callback(signing.close, database)
    opened.callback(decoders.close)
    own = LocalExecutor(
        engines, decoders, settings.cache, settings.packs, observe, handling=handling
    )
    with opened:
        keyring = opened.enter_context(opened_keyring(database, keyring_of(settings)))
        opened.callback(open_snapshots(database, settings.data).close)
        if cluster is not None:
            executing = _workers(cluster, store, own)
        else:
            executing = _executor(settings, own, helped=helped)
        place = EvaluationPlace(
            tuple(map(Path, settings.server.evaluation_folder)), settings.cache, settings.packs
        )
        evaluations = EvaluationRunner(place)
        opened.callback(evaluations.close)
        backups = backup_place(settings)
        opened.callback(backups.work.close)
        with executing as executor:
            platform = Platform(
                database=database,
                engines=engines,
                executor=executor,
                indexes=IndexCache(settings.server.template_memory * 2**20),
                objects=objects or NoObjects(),
                evaluations=evaluations,
                governed=settings.policy.governed,
                uploads=open_uploads(settings.objects),
                backups=backups,
            )
            context = Context(platform, settings.actor)
            unlock(context, keyring, settings.data, given_key(settings))
            yield platform


@contextmanager
def _executor(settings: Settings, own: Executor, *, helped: bool) -> Iterator[Executor]:
    """`own`, behind the server of the folder where there is the socket of one."""
    if not helped or not settings.server.local_commands or not (settings.data / NAME).exists():
        yield own
        return
    from reknown.runtime.local.executor import LocalServer, RemoteExecutor  # noqa: PLC0415

    with closing(LocalServer(settings)) as server:
        yield RemoteExecutor(server, own)


@contextmanager
def _workers(cluster: str, store: PackStore, own: Executor) -> Iterator[Executor]:
    from reknown.runtime.cluster.executor import ClusterExecutor  # noqa: PLC0415
    from reknown.runtime.cluster.opening import open_link  # noqa: PLC0415

    with open_link(cluster, store) as link:
        yield ClusterExecutor(link, own)
