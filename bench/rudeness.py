"""A client that means no good: bombs, requests that are none, connections left in the middle."""

from __future__ import annotations

import contextlib
import http.client
import random
import socket
import struct
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bench import fairness, serving

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from hostile.catalogue import catalogue
from hostile.file import SIZES

if TYPE_CHECKING:
    import threading

    from bench.serving import Access

_PATIENCE = 30.0
_PAUSE = 0.05
_LARGEST = 1_000_000
_WORST = {name for names in fairness.BOMBS.values() for name in names}
_RESET = struct.pack("ii", 1, 0)
_NONSENSE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    b"POST /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    b"\0" * 1000,
)
_BODIES = (b"", b"{", b"null", b"[" * 10_000, b'{"Image": {"Bytes": "%%%"}}', b'{"Image": 1}')


class Rude:
    """What it is told is counted in `answers`; what no server should do is in `problems`."""

    def __init__(self, access: Access, number: int, *, bombs: bool) -> None:
        self.answers: Counter[str] = Counter()
        self.problems: list[str] = []
        self._access = access
        self._place = urlsplit(access.address)
        self._client = serving.RawClient(access, timeout=_PATIENCE)
        self._chance = random.Random(number)
        self._bombs = _bombs() if bombs else {}
        self._tricks = [self._nonsense, self._wrong_body, self._forge, self._leave]
        self._tricks += [self._any_bomb] * 4 if bombs else []

    def work(self, stop: threading.Event) -> None:
        """One after the other until it is told to stop; at first what costs the most memory.

        So what is kept for the next image is there early, and what grows later is a leak.
        """
        for name in sorted(_WORST & self._bombs.keys()):
            self._bomb(name)
        while not stop.wait(_PAUSE):
            self._chance.choice(self._tricks)()
        self._client.close()

    def _any_bomb(self) -> None:
        self._bomb(self._chance.choice(list(self._bombs)))

    def _bomb(self, name: str) -> None:
        body = b'{"Image": {"Bytes": "' + self._bombs[name] + b'"}}'
        self._send(f"bomb {name}", self._client.signed("DetectFaces", body), body)

    def _wrong_body(self) -> None:
        body = self._chance.choice(_BODIES)
        self._send("wrong body", self._client.signed("DetectFaces", body), body)

    def _forge(self) -> None:
        """The signature of another body, or none."""
        headers = self._client.signed("ListCollections", b"{}")
        if self._chance.random() < 0.5:
            headers.pop("Authorization")
        self._send("forgery", headers, b'{"MaxResults": 1}')

    def _send(self, what: str, headers: dict[str, str], body: bytes) -> None:
        try:
            reply = self._client.send(headers, body)
        except TimeoutError:
            self.problems.append(f"{what}: no answer in {_PATIENCE:g} s")
            return
        except (OSError, http.client.HTTPException) as error:
            self.problems.append(f"{what}: {error!r}")
            return
        self._note(what, reply.status, reply.code or "OK")

    def _note(self, what: str, status: int, code: str) -> None:
        self.answers[code] += 1
        if not 200 <= status < 500:
            self.problems.append(f"{what}: {status} {code}")

    def _leave(self) -> None:
        """In the middle of a body, or before the answer; in peace or with a reset."""
        bomb = self._chance.choice(list(self._bombs.values()) or [b""])
        body = b'{"Image": {"Bytes": "' + bomb + b'"}}'
        signed = self._client.signed("DetectFaces", body)
        lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
        head = f"POST / HTTP/1.1\r\nhost: {self._place.netloc}\r\n{lines}"
        sent = self._chance.choice((0, len(body) // 2, len(body)))
        with self._connected() as wire, contextlib.suppress(OSError):
            wire.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body[:sent])
            if self._chance.random() < 0.5:
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.answers["left"] += 1

    def _nonsense(self) -> None:
        with self._connected() as wire, contextlib.suppress(OSError):
            wire.sendall(self._chance.choice(_NONSENSE))
            wire.shutdown(socket.SHUT_WR)
            told = wire.recv(100)
            if told.startswith(b"HTTP/1.1 "):
                self._note("nonsense", int(told[9:12]), f"HTTP {told[9:12].decode()}")
            else:
                self.answers["closed"] += 1

    def _connected(self) -> socket.socket:
        return socket.create_connection((self._place.hostname, self._place.port), _PATIENCE)


def _bombs() -> dict[str, bytes]:
    """In base64: the small ones of all kinds, and those that cost most."""
    chosen = (file for file in catalogue() if file.size == SIZES[0] or file.name in _WORST)
    made = {file.name: file.make() for file in chosen}
    return {
        name: serving.in_base64(data).encode()
        for name, data in made.items()
        if len(data) <= _LARGEST
    }
