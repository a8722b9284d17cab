"""Requests as the clients of `contract/clients/vectors.toml` sign and send them.

Of its own, down to the signature: neither the server's verifier nor a client's signer is used.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import socket
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from raw import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import Server

_FILE = Path(__file__).parent / "contract" / "clients" / "vectors.toml"
_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Vector:
    """How one client sends a request; `expect_from` bytes on it asks for leave with `expect`."""

    name: str
    title: str
    headers: tuple[str, ...]
    signed: tuple[str, ...]
    clock: bool
    sources: tuple[str, ...]
    sdk: str | None
    expect_from: int
    expect: str


def vectors() -> list[Vector]:
    """All of the file, in its order."""
    return [_vector(name, row) for name, row in tomllib.loads(_FILE.read_text()).items()]


def _vector(name: str, row: dict[str, Any]) -> Vector:
    expect = row.get("expect", {"from": 0, "header": ""})
    return Vector(
        name,
        row["title"],
        tuple(row["headers"]),
        tuple(row["signed"]),
        row["clock"],
        tuple(row["sources"]),
        row.get("sdk"),
        expect["from"],
        expect["header"],
    )


class Connection:
    """Sends a client's requests over one connection, opened again where the client closes it.

    The clock of the client is ahead by `ahead` seconds.
    """

    def __init__(self, vector: Vector, server: Server, ahead: float = 0) -> None:
        self.vector, self.ahead = vector, ahead
        self._key = (server.key_id, server.secret)
        self._host = urlsplit(server.address).netloc
        self._socket: socket.socket | None = None

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def now(self) -> float:
        """Seconds since 1970 by the client's clock."""
        return datetime.now(UTC).timestamp() + self.ahead

    def call(
        self, operation: str, body: bytes, *, signed: bytes | None = None, chunked: bool = False
    ) -> Reply:
        """The answer to a request, whose body waits for 100 where the client waits.

        `signed` is the body that was signed, if it is another one.
        """
        lines = self._lines(operation, body if signed is None else signed)
        asks = self._asks(body)
        if asks:
            lines.append(self.vector.expect)
        if chunked:
            lines = [line for line in lines if not line.lower().startswith("content-length:")]
            lines.append("Transfer-Encoding: chunked")
        connection = self._opened()
        connection.sendall("\r\n".join(["POST / HTTP/1.1", *lines, "", ""]).encode())
        if asks:
            interim = b""
            while not interim.endswith(b"\r\n\r\n"):
                interim += connection.recv(1)
            assert interim.startswith(b"HTTP/1.1 100 "), interim
        connection.sendall(b"".join(_chunks(body)) if chunked else body)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        got = {name.lower(): value for name, value in answer.getheaders()}
        reply = Reply(answer.status, got, answer.read())
        if answer.will_close or "Connection: close" in self.vector.headers:
            self.close()
        return reply

    def ask(self, operation: str, parameters: dict[str, Any]) -> Reply:
        """With parameters as JSON."""
        return self.call(operation, json.dumps(parameters).encode())

    def _asks(self, body: bytes) -> bool:
        return bool(self.vector.expect) and len(body) >= self.vector.expect_from

    def _opened(self) -> socket.socket:
        if self._socket is None:
            host, port = self._host.rsplit(":", 1)
            self._socket = socket.create_connection((host, int(port)), timeout=60)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _lines(self, operation: str, body: bytes) -> list[str]:
        now = datetime.fromtimestamp(self.now(), UTC)
        known = {
            "host": self._host,
            "target": f"RekognitionService.{operation}",
            "date": f"{now:%Y%m%dT%H%M%SZ}",
            "sha256": hashlib.sha256(body).hexdigest(),
            "length": str(len(body)),
            "uuid": str(uuid4()),
            "authorization": "",
        }
        unsigned = [line.format_map(known) for line in self.vector.headers]
        known["authorization"] = self._authorization(unsigned, known)
        filled = dict(zip(self.vector.headers, unsigned, strict=True))
        return [
            line.format_map(known) if "{authorization}" in line else filled[line]
            for line in self.vector.headers
        ]

    def _authorization(self, lines: list[str], known: dict[str, str]) -> str:
        sent = {name.lower(): value for name, _, value in (line.partition(":") for line in lines)}
        names = ";".join(self.vector.signed)
        canonical = "\n".join(
            [
                "POST",
                "/",
                "",
                *(f"{name}:{' '.join(sent[name].split())}" for name in self.vector.signed),
                "",
                names,
                known["sha256"],
            ]
        )
        scope = f"{known['date'][:8]}/{_REGION}/rekognition/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        signature = b"AWS4" + self._key[1].encode()
        for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{known['date']}\n{scope}\n{digest}"):
            signature = hmac.digest(signature, part.encode(), "sha256")
        return (
            f"AWS4-HMAC-SHA256 Credential={self._key[0]}/{scope}, SignedHeaders={names}, "
            f"Signature={signature.hex()}"
        )


def _chunks(body: bytes, size: int = 1000) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        part = body[start : start + size]
        yield b"%x\r\n%b\r\n" % (len(part), part)
    yield b"0\r\n\r\n"
