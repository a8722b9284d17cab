"""Receivers of notifications, well behaved and not."""

from __future__ import annotations

import ssl
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Request:
    """What came in."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers as it is told and remembers what it was asked.

    `chunks` are the answer's body, or, with `raw`, all of the answer. `stopped` is set when the
    test is over, so that a chunk can be waited for. `outlasted` is set when an answer that takes
    a minute was waited for.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Length": "0"})
    chunks: Iterable[bytes] = ()
    raw: bool = False
    asked: list[Request] = field(default_factory=list)
    written: int = 0
    address: str = ""
    stopped: Event = field(default_factory=Event)
    outlasted: bool = False

    def dripping(self, start: bytes) -> Iterator[bytes]:
        """`start`, then a byte every 50 ms for a minute or until the test is over."""
        yield start
        for _ in range(1200):
            if self.stopped.wait(0.05):
                return
            yield b"x"
        self.outlasted = True

    def silent(self) -> Iterator[bytes]:
        """Nothing, for a minute or as long as the test lasts."""
        self.outlasted = not self.stopped.wait(60)
        yield b""

    def handler(receiver) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = Request(f"{self.command} {self.path}", dict(self.headers), body)
                receiver.asked.append(asked)
                self.close_connection = True
                with suppress(OSError):
                    if not receiver.raw:
                        self.head()
                    for chunk in receiver.chunks:
                        self.wfile.write(chunk)
                        receiver.written += len(chunk)

            do_GET = do_POST  # noqa: N815

            def head(self) -> None:
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


class _Quiet(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, *_: Any) -> None:
        """A TLS handshake that a sender breaks off is no news."""


@contextmanager
def receiving(receiver: Receiver, certificate: Path | None = None) -> Iterator[Receiver]:
    """Starts it, with HTTPS where there is a file of a certificate and its key."""
    with _Quiet(("127.0.0.1", 0), receiver.handler()) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        scheme = "http" if certificate is None else "https"
        receiver.address = f"{scheme}://localhost:{server.server_port}"
        try:
            yield receiver
        finally:
            receiver.stopped.set()
            server.shutdown()
            thread.join()
    assert not receiver.outlasted, "the sender waited for all of the answer"
