"""Servers and stores for the tests of this folder."""

from __future__ import annotations

import os
import socket
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

from moto_server import KEY_ID, SECRET
from reknown.objects.s3 import S3Objects, S3Timeouts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUCKET = "images"
HASTY = S3Timeouts(connect=0.2, read=0.2, body=0.5)


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def s3_objects(endpoint: str, timeouts: S3Timeouts = S3Timeouts()) -> S3Objects:
    return S3Objects(endpoint, "us-east-1", KEY_ID, SECRET, timeouts)


@dataclass
class Answering:
    """A server of one's own: says what it is told and remembers what it was asked."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Length": "0"})
    chunks: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    endpoint: str = ""

    def handler(answering) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answering.asked.append(f"{self.command} {self.path}")
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.close_connection = True
                self.send_response(answering.status)
                for name, value in answering.headers.items():
                    self.send_header(name, value)
                with suppress(OSError):
                    self.end_headers()
                    for chunk in answering.chunks:
                        self.wfile.write(chunk)

            do_HEAD = do_PUT = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


@contextmanager
def serving(answering: Answering) -> Iterator[Answering]:
    with ThreadingHTTPServer(("127.0.0.1", 0), answering.handler()) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        answering.endpoint = f"http://127.0.0.1:{server.server_port}"
        try:
            yield answering
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def listening(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that accepts and then does as it likes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    behave(connection)

        thread = Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def silent(connection: socket.socket) -> None:
    while connection.recv(1024):
        pass


def dripping(head: bytes) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(head)
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    return behave
