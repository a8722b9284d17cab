"""Clients of `GET /events`, and events for them to get."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from reknown.storage.database import open_database
from reknown.watches import claims, events
from unit.watches.live_events import arrival, loss

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from servers import Server


def append(data: Path, count: int, watch: str = "door", collection: str = "people") -> list[int]:
    """So many events, each in a transaction of its own, as a worker makes them; their numbers."""
    database = open_database(data)
    try:
        numbers = []
        for number in range(count):
            with database.begin() as connection:
                one = arrival(number, watch=watch, collection=collection)
                numbers.append(events.append(connection, one))
        return numbers
    finally:
        database.dispose()


def append_camera(data: Path, state: str, watch: str = "door") -> int:
    """The camera is like that from now on; the number of the event."""
    database = open_database(data)
    try:
        with database.begin() as connection:
            return events.append(connection, replace(loss(watch), state=state, reason=None))
    finally:
        database.dispose()


def abandon(data: Path, watch: str = "door", collection: str = "people") -> None:
    """Somebody watched under this name, was killed, and is not waited for any more."""
    database = open_database(data)
    try:
        with database.begin() as connection:
            claims.claim(connection, watch, collection, timedelta(0))
    finally:
        database.dispose()


def append_bulky(data: Path, count: int) -> list[int]:
    """So many of some 20 kB each, in one transaction."""
    database = open_database(data)
    one = arrival()
    one = replace(one, candidates=one.candidates * 120)
    try:
        with database.begin() as connection:
            return [events.append(connection, one) for _ in range(count)]
    finally:
        database.dispose()


def signed(server: Server, path: str, key: tuple[str, str] | None = None) -> Mapping[str, str]:
    """The headers of a signed request."""
    request = AWSRequest("GET", server.address + path)
    credentials = Credentials(*(key or (server.key_id, server.secret)))
    SigV4Auth(credentials, "rekognition", "eu-west-1").add_auth(request)
    return dict(request.headers.items())


@dataclass
class Stream:
    """An answer as it comes, line by line."""

    line: socket.socket
    status: int
    rest: bytes

    def lines(self) -> Iterator[str]:
        """Lines of all chunks, without those that say how long chunks are."""
        while True:
            while b"\n" not in self.rest:
                came = self.line.recv(65536)
                if not came:
                    yield self.rest.decode()
                    return
                self.rest += came
            found, _, self.rest = self.rest.partition(b"\n")
            yield found.decode().rstrip("\r")

    def take(self, count: int) -> list[dict[str, Any]]:
        """The next so many events, whose ids are their numbers."""
        found: list[dict[str, Any]] = []
        identity = ""
        for line in self.lines():
            name, _, value = line.partition(": ")
            if name == "id":
                identity = value
            if name == "data":
                event = json.loads(value)
                assert str(event["sequence"]) == identity
                found.append(event)
                if len(found) == count:
                    return found
        return found

    def numbers(self, count: int) -> list[int]:
        return [each["sequence"] for each in self.take(count)]


@contextmanager
def opened(
    server: Server,
    path: str = "/events",
    key: tuple[str, str] | None = None,
    **headers: str,
) -> Iterator[Stream]:
    """A stream from a plain socket, which reads nothing beyond the head by itself."""
    parts = urlsplit(server.address)
    assert parts.hostname
    assert parts.port
    with socket.create_connection((parts.hostname, parts.port), 30) as line:
        given = {"Host": parts.netloc, "Connection": "close"} | dict(signed(server, path, key))
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        line.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        rest = b""
        while b"\r\n\r\n" not in rest:
            came = line.recv(1024)
            assert came, rest
            rest += came
        head_bytes, _, rest = rest.partition(b"\r\n\r\n")
        yield Stream(line, int(head_bytes.split()[1]), rest)
