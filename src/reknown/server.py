"""One process: the API on a socket until it is told to stop."""

from __future__ import annotations

import ctypes
import logging
import resource
import ssl
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

import uvicorn

from reknown.api.connections import Patience, PatientProtocol
from reknown.api.gateway import Gateway
from reknown.api.http import Edge, make_app
from reknown.api.page_tokens import PageTokens
from reknown.api.pool import Pool
from reknown.api.readiness import Readiness
from reknown.biometrics.errors import InputError
from reknown.jsonlog import json_log

if TYPE_CHECKING:
    import asyncio
    import socket
    from pathlib import Path

    from structlog.typing import FilteringBoundLogger

    from reknown.access.vault import Vault
    from reknown.api.metrics import Metrics
    from reknown.services.context import Platform

# <malloc.h> of glibc
_M_ARENA_MAX = -8
_HEAPS = 2
# Reads and writes of the database, which wait for the disk more than they compute.
_STORAGE_THREADS = 8
# Open at once besides the connections: database, models, libraries.
_FILES = 512


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM form; raises `InputError` when they cannot be used together."""

    certificate: Path
    key: Path

    def __post_init__(self) -> None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key)
        except OSError as error:
            raise InputError(
                f"cannot serve HTTPS with {self.certificate} and {self.key}: {error}"
            ) from error


@dataclass(frozen=True, slots=True)
class Options:
    """The default model pack, pictures in work at once, requests that may wait, MiB.

    `topics` says whether whoever works on videos can tell topics that a job has ended.
    """

    pack: str
    workers: int
    waiting: int
    template_mib: int
    topics: bool = False


def make_edge(platform: Platform, vault: Vault, metrics: Metrics, options: Options) -> Edge:
    """Everything behind the socket; raises `ModelError` for the default pack.

    Sets how memory is shared out among threads for the whole process.
    """
    _limit_heaps()
    _ = platform.engines.default
    gateway = Gateway(
        platform=platform,
        vault=vault,
        page_tokens=PageTokens(vault.derive("page tokens")),
        metrics=metrics,
        log=json_log(),
        topics=options.topics,
    )
    return Edge(
        gateway,
        recognition=Pool("recognition", options.workers, options.waiting, metrics),
        storage=Pool("storage", _STORAGE_THREADS, options.waiting, metrics),
        count_faces=platform.count_faces,
        readiness=Readiness(platform.check),
        count_jobs=platform.count_jobs,
    )


def run(
    edge: Edge,
    listener: socket.socket,
    tls: Tls | None = None,
    patience: Patience = Patience(),
) -> None:
    """Answers on the bound socket until SIGTERM or SIGINT; requests in flight finish."""
    logging.getLogger().addHandler(_JsonHandler(edge.gateway.log))
    _allow_files(patience.connections)
    config = uvicorn.Config(
        make_app(edge),
        # uvicorn only ever calls it, as it would the class
        http=cast("type[asyncio.Protocol]", partial(PatientProtocol, patience=patience)),
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=patience.idle_seconds,
        timeout_graceful_shutdown=patience.stop_seconds,
        ssl_certfile=None if tls is None else tls.certificate,
        ssl_keyfile=None if tls is None else tls.key,
    )
    uvicorn.Server(config).run(sockets=[listener])


class _JsonHandler(logging.Handler):
    """What libraries log goes where our own lines go, in the same form."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        text = record.getMessage()
        self._log.log(record.levelno, text, logger=record.name, exc_info=record.exc_info)


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
