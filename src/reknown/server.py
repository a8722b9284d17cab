"""One process: the API on a socket until it is told to stop."""

from __future__ import annotations

import logging
import ssl
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from reknown.api.gateway import Gateway
from reknown.api.http import Edge, make_app
from reknown.api.metrics import Metrics, timed
from reknown.api.page_tokens import PageTokens
from reknown.api.pool import Pool
from reknown.biometrics.errors import InputError
from reknown.gallery.cache import TemplateCache
from reknown.services.engines import Engines
from reknown.services.platform import Platform

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from structlog.typing import FilteringBoundLogger

    from reknown.access.vault import Vault
    from reknown.gallery.database import Engine as Database
    from reknown.objects.base import ObjectReader
    from reknown.vision.analyze import Engine

# Reads and writes of the database, which wait for the disk more than they compute.
_STORAGE_THREADS = 8
_HEAD_SECONDS = 20.0
_HEAD_BYTES = 64 * 1024
_KEEP_ALIVE_SECONDS = 60
_STOP_SECONDS = 60
_CONNECTIONS = 1000


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
    """The default model pack, pictures in work at once, requests that may wait, MiB."""

    pack: str
    workers: int
    waiting: int
    template_mib: int


def make_edge(
    database: Database,
    vault: Vault,
    objects: ObjectReader,
    load: Callable[[str], Engine],
    options: Options,
) -> Edge:
    """Everything behind the socket; raises what `load` raises for the default pack."""
    metrics = Metrics()
    engines = Engines(lambda pack: timed(load(pack), metrics), options.pack)
    platform = Platform(engines, database, TemplateCache(options.template_mib * 2**20))
    gateway = Gateway(
        platform=platform,
        objects=objects,
        vault=vault,
        page_tokens=PageTokens(vault.derive("page tokens")),
        metrics=metrics,
        log=json_log(),
    )
    return Edge(
        gateway,
        recognition=Pool("recognition", options.workers, options.waiting, metrics),
        storage=Pool("storage", _STORAGE_THREADS, options.waiting, metrics),
        count_faces=platform.count_faces,
    )


def run(edge: Edge, listener: socket.socket, tls: Tls | None = None) -> None:
    """Answers on the bound socket until SIGTERM or SIGINT; requests in flight finish."""
    config = uvicorn.Config(
        make_app(edge),
        http=PatientProtocol,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_STOP_SECONDS,
        ssl_certfile=None if tls is None else tls.certificate,
        ssl_keyfile=None if tls is None else tls.key,
    )
    uvicorn.Server(config).run(sockets=[listener])


class PatientProtocol(HttpToolsProtocol):
    """HTTP that neither waits for ever for the head of a request nor reads one without end."""

    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The clock starts with the connection."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """The clock starts again with the first byte of the next request."""
        if self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._expect_head()
        super().data_received(data)
        if self._deadline is not None:
            self._head_bytes += len(data)
            if self._head_bytes > _HEAD_BYTES:
                self.transport.close()

    def on_headers_complete(self) -> None:
        """The clock stops."""
        self._stop_clock()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected any more."""
        self._stop_clock()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._head_bytes = 0
        self._deadline = self.loop.call_later(_HEAD_SECONDS, self.transport.close)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def json_log() -> FilteringBoundLogger:
    """One line of JSON an event on standard error, for people as for machines."""
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    return log
