"""A small server that speaks like Kinesis Video Streams, asked by boto3."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from broadcasts import film, picture, steady

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from broadcasts import Visitor

ARN = "arn:aws:kinesisvideo:eu-west-1:123456789012:stream/gate/1700000000000"
TOKEN = "AWS_KINESISVIDEO_CONTINUATION_TOKEN"
# When the first picture was taken; Kinesis gets each fragment a little later.
FILMED, _LATE = 1_700_000_000.25, 0.184
_CLUSTER = b"\x1f\x43\xb6\x75"


def size(number: int) -> bytes:
    """In four bytes, as Amazon writes all of them."""
    return (number | 1 << 28).to_bytes(4, "big")


def element(name: bytes, body: bytes) -> bytes:
    """An element of Matroska."""
    return name + size(len(body)) + body


def tags(**values: str) -> bytes:
    """As Amazon puts them before and behind the pictures of a fragment."""
    simple = b"".join(
        element(
            b"\x67\xc8",
            element(b"\x45\xa3", name.encode()) + element(b"\x44\x87", value.encode()),
        )
        for name, value in values.items()
    )
    return element(b"\x12\x54\xc3\x67", element(b"\x73\x73", simple))


def naming(number: str, server: str, producer: str) -> bytes:
    """The tags before the pictures."""
    return tags(
        AWS_KINESISVIDEO_FRAGMENT_NUMBER=number,
        AWS_KINESISVIDEO_SERVER_TIMESTAMP=server,
        AWS_KINESISVIDEO_PRODUCER_TIMESTAMP=producer,
    )


@dataclass(frozen=True)
class Sent:
    """A fragment: pictures at these times, from `start` seconds of the stream on."""

    index: int
    start: float
    times_ms: Sequence[int]
    document: bytes

    @property
    def number(self) -> str:
        """As long as Amazon's."""
        return str(91343852333181432392682062607743920146159169640 + 17 * self.index)

    @property
    def producer(self) -> float:
        return round(FILMED + self.start, 3)

    @property
    def server(self) -> float:
        return round(self.producer + _LATE, 3)

    @property
    def data(self) -> bytes:
        """With all that Amazon says of it."""
        head, cluster, pictures = self.document.partition(_CLUSTER)
        token = {"AWS_KINESISVIDEO_MILLIS_BEHIND_NOW": "0", TOKEN: f"token-{self.index + 1}"}
        named = naming(self.number, f"{self.server:.3f}", f"{self.producer:.3f}")
        return head + named + cluster + pictures + tags(**token)


def fragments(
    times_ms: Sequence[Sequence[int]],
    lengths: Sequence[float],
    paint: Callable[[int, tuple[int, int]], NDArray[np.uint8]] = picture,
    clock: Callable[[float], float] = lambda start: FILMED + start,
    picture_size: tuple[int, int] = (320, 240),
) -> list[Sent]:
    """One for each list of times, so many seconds long; ten pictures at most, the first one at 0.

    Pictures are numbered from the first fragment to the last. Clusters are written by a `clock`.
    """
    made: list[Sent] = []
    start, first = 0.0, 0
    for times, length in zip(times_ms, lengths, strict=True):
        assert len(times) <= 10  # those that one whole picture is for: one cluster
        pieces = film(
            times,
            container="matroska",
            start=clock(start),
            size=picture_size,
            paint=lambda number, size, first=first: paint(first + number, size),  # type: ignore[misc]
        )
        document = b"".join(data for _, data in pieces)
        assert document.count(_CLUSTER) == 1
        made.append(Sent(len(made), start, times, document))
        start, first = start + length, first + len(times)
    return made


def _even() -> list[Sent]:
    return fragments([steady(1, 10.0)] * 30, [1.0] * 30)


def _own(visitor: Visitor) -> str:
    return f"http://{visitor.handler.headers['Host']}"


@dataclass
class Kinesis:
    """A stream of fragments, each sent when it is due; `whole` of them a connection."""

    whole: int = 100
    hangs: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    endpoint: Callable[[Visitor], str] = _own
    error: str = ""
    fragments: list[Sent] = field(default_factory=_even)
    arn: str = ARN

    def routes(self) -> dict[str, Callable[[Visitor], None]]:
        """For a station."""
        return {"/getDataEndpoint": self._say_where, "/getMedia": self._send}

    def _say_where(self, visitor: Visitor) -> None:
        self._read(visitor)
        if self.error:
            headers = {"x_amzn_ErrorType": self.error}
            visitor.begin("application/json", status=400, **headers)
            visitor.send(b'{"Message": "s3cret"}')
            return
        visitor.begin("application/json")
        visitor.send(json.dumps({"DataEndpoint": self.endpoint(visitor)}).encode())

    def _send(self, visitor: Visitor) -> None:
        order = self._read(visitor)
        self.asked.append(order)
        token = order["StartSelector"].get("ContinuationToken", "token-0")
        visitor.begin("video/x-matroska")
        since, first = time.monotonic(), int(token.removeprefix("token-"))
        sent = self.fragments[first : first + self.whole]
        visitor.play([(each.start - sent[0].start, each.data) for each in sent], since)
        if self.hangs:
            visitor.gone.wait(60)

    def _read(self, visitor: Visitor) -> dict[str, Any]:
        headers = visitor.handler.headers
        assert "Credential=AKIA" in headers["Authorization"]
        body = visitor.handler.rfile.read(int(headers["Content-Length"]))
        order: dict[str, Any] = json.loads(body)
        assert order["StreamARN"] == self.arn
        return order
