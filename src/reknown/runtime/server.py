"""One process that serves the API on a socket until stopped."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, cast

import uvicorn

from reknown.api.bodies import Bodies
from reknown.api.call import RecordOutputs
from reknown.api.connections import ConnectionLimits, LimitedProtocol
from reknown.api.events import EventStreams
from reknown.api.fairness import Shares
from reknown.api.gateway import Gateway
from reknown.api.http import Edge, make_app
from reknown.api.metrics import Metrics
from reknown.api.page_tokens import PageTokens
from reknown.api.pool import Pool
from reknown.api.proxies import TrustedProxies
from reknown.api.readiness import Readiness
from reknown.api.wire_attributes import Unmeasured
from reknown.biometrics.errors import NotFoundError
from reknown.console.language import Languages, read_languages
from reknown.console.routes import console_routes
from reknown.runtime.backups import check_backups
from reknown.runtime.descriptors import allow_files
from reknown.runtime.last_words import end_at_once, last_words, status_of
from reknown.runtime.listener import Tls, listen
from reknown.runtime.local.listener import CommandListener
from reknown.runtime.log import json_log
from reknown.runtime.platform import open_platform
from reknown.runtime.sharing import SharedLimits
from reknown.runtime.siblings import environment, kind_of, slots_of
from reknown.runtime.stop import Stop, StoppableServer
from reknown.runtime.stores import (
    can_read_videos,
    open_objects,
    open_senders,
    open_sinks,
    open_vault,
)
from reknown.runtime.supervisor import WORKER, Supervisor
from reknown.runtime.sweeper import Sweeper
from reknown.runtime.warming import Warming
from reknown.services.access import check_vault, ensure_key
from reknown.services.context import Context
from reknown.services.executor import LocalExecutor
from reknown.services.live.delivery import delivering
from reknown.services.live.presence import measure_watches
from reknown.services.oversight.drift import count_drifted
from reknown.services.quotas import list_quotas
from reknown.settings import environment_of
from reknown.storage.modes import DATABASE
from reknown.vision.handling import ARCHIVE, REQUESTS

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable

    from reknown.access.keys import AccessKey
    from reknown.access.vault import Vault
    from reknown.configuration import Server, Settings
    from reknown.runtime.siblings import Sibling
    from reknown.services.context import Platform

    Greet = Callable[[int, str, tuple[AccessKey, str] | None], None]

# <malloc.h> of glibc
_M_ARENA_MAX = -8
_HEAPS = 2
# Reads and writes of the database, which wait for the disk more than they compute.
_STORAGE_THREADS = 8
# Signatures are quick to verify, and each connection has one request at most to be verified.
_AUTHENTICATIONS = 2
_STRANGERS = 1000
# A password takes a core for some time: the others are for those who have signed in.
_PASSWORDS = 1
_GUESSES = 100
# Of a database in metrics: the same at all its servers, and nothing can be learned from it.
_NAME_BYTES = 4
# Percent.
_WHOLE = 100
# Connections in one turn of the event loop: none is counted before its turn ends.
_ACCEPTED = 64


def serve(settings: Settings, greet: Greet, sibling: Sibling | None = None) -> None:
    """Answers until SIGTERM or SIGINT, and processes videos where it can.

    A `sibling` only answers, on the socket of the process that started it, and greets nobody.

    `greet` is called once all is loaded: with the port, the name of the default model pack, and
    the first access key with its secret if that was made just now. Raises `InputError` and what
    loading raises, and `SystemExit` after SIGINT. Whatever else ends it is in the log.
    """
    log = json_log()
    with last_words(log):
        ended = _serve(settings, greet, sibling)
    log.info("stopped", requests=ended.at_work)
    if ended.at_work or ended.opening:  # threads cannot be ended otherwise, and all else is closed
        end_at_once(ended.status)
    if ended.status:
        raise SystemExit(ended.status)


def _serve(settings: Settings, greet: Greet, sibling: Sibling | None) -> Ended:
    server = settings.server
    tls = Tls.of(server)
    objects = open_objects(settings.objects)
    open_senders(settings.notices)  # their faults show at once
    check_backups(settings)
    metrics = Metrics()
    with open_platform(
        settings, objects=objects, observe=metrics.observe, handling=REQUESTS
    ) as platform:
        # their faults show before a first key is made, and before anybody is told that it listens
        sinks = [] if sibling is not None else open_sinks(settings, platform.database)
        vault = open_vault(settings, platform)
        listener = listen(server.host, server.port) if sibling is None else sibling.listener()
        if listener is None:
            return Ended(0, 0)
        check_vault(platform.database, vault)
        edge = make_edge(platform, vault, metrics, settings)
        languages = read_languages(server.languages, edge.gateway.log)
        warming = Warming(platform, edge.gateway.log, wanted=settings.server.warm != "never")
        readiness = Readiness(platform.check, warming.left, patient=settings.server.warm == "first")
        edge = replace(edge, readiness=readiness)
        limits = SharedLimits(platform.database, _limited(settings, edge), edge.gateway.log)
        if sibling is not None:
            with limits, warming:
                ended = run(edge, listener, tls, languages=languages)
            return replace(ended, opening=warming.at_work)
        made = ensure_key(Context(platform, settings.actor), vault)
        greet(listener.getsockname()[1], platform.engines.default_pack, made)
        log = edge.gateway.log
        _check_celebrities(platform, edge.gateway)
        if settings.database is not None and (settings.data / DATABASE).exists():
            log.warning("the gallery in the data folder is not used", folder=str(settings.data))
        if edge.gateway.unmeasured is Unmeasured.NEUTRAL:
            log.warning("attributes that nothing measures are answered with confidence 0")
        # without a place to read from there is nothing to process
        count = server.video_workers if settings.objects.have_videos else 0
        if count and not can_read_videos():
            log.warning("no video worker: pip install 'reknown[video]', or run one elsewhere")
            count = 0
        common = environment_of(settings)
        others = kind_of(listener), server.processes - 1, environment(server, common), log
        with (
            Supervisor(WORKER, count, common, log) as workers,
            Supervisor(*others) as siblings,
            _commands(settings, platform, edge) as commands,
            limits,
            warming,
            Sweeper(platform, log, settings.events.events_days) as sweeper,
            delivering(platform.database, sinks, log),
        ):

            def stop() -> None:
                workers.stop()
                siblings.stop()
                commands.stop()
                sweeper.stop()

            ended = run(edge, listener, tls, on_stop=stop, languages=languages)
        return replace(ended, at_work=ended.at_work + commands.at_work, opening=warming.at_work)


def _limited(settings: Settings, edge: Edge) -> tuple[Pool, ...]:
    """The pools whose keys have limits that other processes may have to know of."""
    server = settings.server
    alone = settings.database is None and server.processes == 1
    if alone or (server.key_requests is None and server.key_share == _WHOLE):
        return ()
    return edge.recognition, edge.storage


def _commands(settings: Settings, platform: Platform, edge: Edge) -> CommandListener:
    """What commands on the same folder ask; they take turns with the API's recognition."""
    executor = platform.executor
    if isinstance(executor, LocalExecutor):
        # commands bring people's own files, of which more is taken than of requests
        executor = replace(executor, handling=ARCHIVE)
    return CommandListener(settings, executor, edge.recognition, edge.gateway.log)


def _check_celebrities(platform: Platform, gateway: Gateway) -> None:
    """Says so where the gallery of celebrities is not there: it may still be made."""
    if gateway.celebrities is not None:
        try:
            platform.space_of(gateway.celebrities)
        except NotFoundError:
            collection = gateway.celebrities
            gateway.log.warning("the gallery of celebrities does not exist", collection=collection)


def _outputs(settings: Settings) -> RecordOutputs:
    return RecordOutputs(
        data_streams=settings.notices.kinesis_endpoint is not None,
        buckets=frozenset(settings.objects.record_bucket),
        encrypting=settings.objects.s3_endpoint is not None,
    )


def make_edge(platform: Platform, vault: Vault, metrics: Metrics, settings: Settings) -> Edge:
    """Everything behind the socket; raises `ModelError` when the default pack cannot be loaded.

    Sets how memory is shared out among threads for the whole process.
    """
    _limit_heaps()
    # its faults show at once, and the first request does not wait for it
    _ = platform.engines.default
    workers = slots_of(settings.server)
    gateway = Gateway(
        platform=platform,
        vault=vault,
        page_tokens=PageTokens(vault.derive("page tokens")),
        metrics=metrics,
        log=json_log(),
        outputs=_outputs(settings),
        topics=settings.notices.sns_endpoint is not None,
        celebrities=settings.server.celebrities,
        unmeasured=Unmeasured(settings.server.unmeasured_attributes),
    )
    return Edge(
        gateway,
        EventStreams(gateway),
        # one in each has a slot beyond those
        arrival=Pool(
            "arrival",
            Shares(_AUTHENTICATIONS + workers + 1 + _STORAGE_THREADS + 1, _STRANGERS),
            metrics,
        ),
        sign_in=Pool("sign-in", Shares(_PASSWORDS, _GUESSES), metrics),
        recognition=Pool("recognition", _shares(settings.server, workers), metrics),
        storage=Pool("storage", _shares(settings.server, _STORAGE_THREADS), metrics),
        count_faces=platform.count_faces,
        readiness=Readiness(platform.check),
        count_jobs=platform.count_jobs,
        read_quotas=partial(list_quotas, platform.database),
        count_drifted=partial(count_drifted, platform.database),
        measure_watches=partial(measure_watches, platform.database),
        proxies=TrustedProxies.of(settings.server.trusted_proxy),
        database=vault.derive("database in metrics")[:_NAME_BYTES].hex(),
    )


def _shares(server: Server, slots: int) -> Shares:
    return Shares(slots, server.queue, server.key_requests, server.key_share / 100)


@dataclass(frozen=True, slots=True)
class Ended:
    """The status to end the process with, and how many requests could not be stopped.

    `opening` says whether an index was about to be opened.
    """

    status: int
    at_work: int
    opening: bool = False


def run(
    edge: Edge,
    listener: socket.socket,
    tls: Tls | None = None,
    limits: ConnectionLimits = ConnectionLimits(),
    on_stop: Callable[[], None] = lambda: None,
    languages: Languages = Languages(),
) -> Ended:
    """Answers on the bound socket until SIGTERM or SIGINT; requests in flight finish if they can.

    `on_stop` is called when the signal has come; `languages` are those of the console.
    """
    log = edge.gateway.log
    connections = allow_files(limits.connections)
    if connections < limits.connections:
        log.warning("fewer connections: raise the limit of open files", connections=connections)
        limits = replace(limits, connections=connections)
    bodies = Bodies(edge.limits)
    config = uvicorn.Config(
        make_app(edge, bodies, console_routes(edge, bodies, languages)),
        # uvicorn only ever calls it, as it would the class
        http=cast("type[asyncio.Protocol]", partial(LimitedProtocol, limits=limits)),
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # it would believe them from this machine
        backlog=_ACCEPTED,
        ws="none",
        timeout_keep_alive=limits.idle_seconds,
        ssl_certfile=None if tls is None else tls.certificate,
        ssl_keyfile=None if tls is None else tls.key,
    )
    server = StoppableServer(config, Stop(edge, bodies, limits, on_stop))
    server.run(sockets=[listener])
    status = 0 if server.stopped_by is None else status_of(server.stopped_by)
    return Ended(status, sum(pool.at_work for pool in edge.pools))


def _limit_heaps() -> None:
    """Few heaps for all threads: with one for each, glibc keeps what none of them needs now."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _HEAPS)
