"""One process that serves the API on a socket until stopped."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import threading
from functools import partial
from typing import TYPE_CHECKING, cast

import uvicorn

from reknown.api.connections import ConnectionLimits, LimitedProtocol
from reknown.api.gateway import Gateway
from reknown.api.http import Edge, make_app
from reknown.api.metrics import Metrics
from reknown.api.page_tokens import PageTokens
from reknown.api.pool import Pool
from reknown.api.readiness import Readiness
from reknown.api.wire_attributes import Unmeasured
from reknown.biometrics.errors import NotFoundError
from reknown.runtime.ending import last_words
from reknown.runtime.listener import Tls, listen
from reknown.runtime.log import json_log
from reknown.runtime.platform import open_platform
from reknown.runtime.stores import can_read_videos, open_objects, open_senders, open_vault
from reknown.runtime.supervisor import WorkerSupervisor
from reknown.services.access import check_vault, ensure_key
from reknown.services.context import Context
from reknown.settings import environment_of
from reknown.vision.batch import available_cores

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable
    from types import FrameType

    from structlog.typing import FilteringBoundLogger

    from reknown.access.keys import AccessKey
    from reknown.access.vault import Vault
    from reknown.configuration import Settings
    from reknown.services.context import Platform

# <malloc.h> of glibc
_M_ARENA_MAX = -8
_HEAPS = 2
# Reads and writes of the database, which wait for the disk more than they compute.
_STORAGE_THREADS = 8
# Open at once besides the connections: database, models, libraries.
_FILES = 512


def serve(
    settings: Settings, greet: Callable[[int, str, tuple[AccessKey, str] | None], None]
) -> None:
    """Answers until SIGTERM or SIGINT, and processes videos where it can.

    `greet` is called once all is loaded: with the port, the name of the default model pack, and
    the first access key with its secret if that was made just now. Raises `InputError` and what
    loading raises.
    """
    try:
        with last_words(json_log(), "server"):
            _serve(settings, greet)
    except SystemExit as end:
        if any(thread.name.startswith("reknown-") for thread in threading.enumerate()):
            os._exit(int(end.code or 0))  # all is closed, and Python would wait for them
        raise


def _serve(
    settings: Settings, greet: Callable[[int, str, tuple[AccessKey, str] | None], None]
) -> None:
    server = settings.server
    tls = Tls.of(server)
    objects = open_objects(settings.objects)
    open_senders(settings.notices)  # their faults show at once
    metrics = Metrics()
    with open_platform(settings, objects=objects, observe=metrics.observe) as platform:
        vault = open_vault(settings, platform)
        listener = listen(server.host, server.port)
        check_vault(platform.database, vault)
        edge = make_edge(platform, vault, metrics, settings)
        made = ensure_key(Context(platform, settings.actor), vault)
        greet(listener.getsockname()[1], platform.engines.default_pack, made)
        log = edge.gateway.log
        _check_celebrities(platform, edge.gateway)
        if edge.gateway.unmeasured is Unmeasured.NEUTRAL:
            log.warning("attributes that nothing measures are answered with confidence 0")
        # without a place to read from there is nothing to process
        count = server.video_workers if settings.objects.exist else 0
        if count and not can_read_videos():
            log.warning("no video worker: pip install 'reknown[video]', or run one elsewhere")
            count = 0
        with WorkerSupervisor(count, environment_of(settings), log):
            run(edge, listener, tls)


def _check_celebrities(platform: Platform, gateway: Gateway) -> None:
    """Says so where the gallery of celebrities is not there: it may still be made."""
    if gateway.celebrities is not None:
        try:
            platform.space_of(gateway.celebrities)
        except NotFoundError:
            collection = gateway.celebrities
            gateway.log.warning("the gallery of celebrities does not exist", collection=collection)


def make_edge(platform: Platform, vault: Vault, metrics: Metrics, settings: Settings) -> Edge:
    """Everything behind the socket; raises `ModelError` when the default pack cannot be loaded.

    Sets how memory is shared out among threads for the whole process.
    """
    _limit_heaps()
    # its faults show at once, and the first request does not wait for it
    _ = platform.engines.default
    workers = settings.server.workers or available_cores()
    gateway = Gateway(
        platform=platform,
        vault=vault,
        page_tokens=PageTokens(vault.derive("page tokens")),
        metrics=metrics,
        log=json_log(),
        topics=settings.notices.sns_endpoint is not None,
        celebrities=settings.server.celebrities,
        unmeasured=Unmeasured(settings.server.unmeasured_attributes),
    )
    return Edge(
        gateway,
        recognition=Pool("recognition", workers, settings.server.queue, metrics),
        storage=Pool("storage", _STORAGE_THREADS, settings.server.queue, metrics),
        count_faces=platform.count_faces,
        readiness=Readiness(platform.check),
        count_jobs=platform.count_jobs,
    )


def run(
    edge: Edge,
    listener: socket.socket,
    tls: Tls | None = None,
    limits: ConnectionLimits = ConnectionLimits(),
) -> None:
    """Answers on the bound socket until SIGTERM or SIGINT; requests in flight finish."""
    _allow_files(limits.connections)
    config = uvicorn.Config(
        make_app(edge),
        # uvicorn only ever calls it, as it would the class
        http=cast("type[asyncio.Protocol]", partial(LimitedProtocol, limits=limits)),
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=limits.idle_seconds,
        timeout_graceful_shutdown=limits.stop_seconds,
        ssl_certfile=None if tls is None else tls.certificate,
        ssl_keyfile=None if tls is None else tls.key,
    )
    _Server(config, edge.gateway.log).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Says when it begins to stop."""

    def __init__(self, config: uvicorn.Config, log: FilteringBoundLogger) -> None:
        super().__init__(config)
        self._log = log

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came: what is in flight has a few seconds."""
        self._log.info("the server stops", reason=signal.Signals(sig).name)
        super().handle_exit(sig, frame)


def _allow_files(connections: int) -> None:
    """As many open files as there may be connections and then some, where the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def _limit_heaps() -> None:
    """Few heaps for all threads: with one for each, glibc keeps what none of them needs now."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _HEAPS)
