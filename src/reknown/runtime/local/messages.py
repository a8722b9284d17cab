"""What a command and a server on the same data folder tell each other.

Each message is four bytes of length (little-endian) and MessagePack, checked against its type
when it is read. The server speaks first; then each `Extract` is answered with `Busy`, or with
`Accepted` and one of the others.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec

import reknown
from reknown.biometrics.faces import DetectedFace  # noqa: TC001 - msgspec reads them
from reknown.biometrics.quality_filter import Objection  # noqa: TC001
from reknown.biometrics.templates import TemplateSpace  # noqa: TC001
from reknown.structs import resolved
from reknown.vision.extraction import ExtractionPolicy, ImageInfo  # noqa: TC001
from reknown.vision.images import ImageLimits

if TYPE_CHECKING:
    import socket

    from reknown.configuration import Settings

_LENGTH = 4
_MIB = 2**20
LONGEST_REQUEST = ImageLimits().max_bytes + _MIB
# Ten thousand faces with the largest templates that there are.
LONGEST_ANSWER = 64 * _MIB

Message = TypeVar("Message")


class Hello(msgspec.Struct, frozen=True, tag=True):
    """All that an extraction depends on besides image and policy.

    Who differs in any of it may come to another result: another version or installation, another
    folder of models, or other manifests of the operator's own than when the server began.
    """

    version: str
    package: str
    cache: str
    manifests: str


class Extract(msgspec.Struct, frozen=True, tag=True):
    """Extract from this image, if there is a turn for it within so many milliseconds."""

    data: bytes
    policy: ExtractionPolicy
    patience_ms: int


class Busy(msgspec.Struct, frozen=True, tag=True):
    """Others have all turns: do it yourself."""


class Accepted(msgspec.Struct, frozen=True, tag=True):
    """It is being done."""


class SentFace(msgspec.Struct, frozen=True):
    """An `ExtractedFace`; `template` is its vector, float32, little-endian."""

    face: DetectedFace
    objections: tuple[Objection, ...]
    template: bytes | None
    magnitude: float | None


class Extracted(msgspec.Struct, frozen=True, tag=True):
    """An `Extraction`, field by field."""

    image: ImageInfo
    space: TemplateSpace
    found: tuple[SentFace, ...]
    seconds: dict[str, float]
    stretched: bool
    turned: int
    margin: bool


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The image cannot be used: the error by the name of its class, and its message."""

    kind: str
    text: str


class Unable(msgspec.Struct, frozen=True, tag=True):
    """It could not be done here, which says nothing of the image."""


Answer: TypeAlias = Busy | Accepted | Extracted | Refused | Unable

_encoder = msgspec.msgpack.Encoder()


def hello(settings: Settings) -> Hello:
    """What holds in this process."""
    return Hello(
        version=reknown.__version__,
        package=str(Path(reknown.__file__).resolve().parent),
        cache=str(settings.cache.absolute()),
        manifests=_state_of(settings.packs),
    )


def send(connection: socket.socket, message: object, seconds: float) -> None:
    """Raises `OSError`, also when it takes longer."""
    body = _encoder.encode(message)
    connection.settimeout(seconds)
    connection.sendall(len(body).to_bytes(_LENGTH, "little"))
    connection.sendall(body)


def receive(
    connection: socket.socket, kind: type[Message] | Any, longest: int, wait: float, seconds: float
) -> Message:
    """The next message, which begins within `wait` seconds and then takes `seconds` at most.

    Raises `EOFError` where none comes, `OSError` when it takes longer, and `ValueError` for one
    that is too long or not of that kind.
    """
    connection.settimeout(wait)
    first = connection.recv(1)
    deadline = time.monotonic() + seconds
    head = first + _exactly(connection, _LENGTH - 1, deadline) if first else b""
    if not head:
        raise EOFError
    length = int.from_bytes(head, "little")
    if length > longest:
        raise ValueError("a message is longer than any may be")
    try:
        message: Message = msgspec.msgpack.decode(
            _exactly(connection, length, deadline), type=resolved(kind)
        )
    except msgspec.MsgspecError as error:
        raise ValueError(f"not a message: {error}") from error
    return message


def _exactly(connection: socket.socket, size: int, deadline: float) -> bytes:
    """As it comes, so that a length alone takes no memory."""
    held = bytearray()
    while len(held) < size:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        part = connection.recv(min(size - len(held), _MIB))
        if not part:
            raise EOFError
        held += part
    return bytes(held)


def _state_of(packs: Path) -> str:
    """Changes whenever a manifest or a calibration does that an operator has put there."""
    digest = hashlib.sha256()
    for path in sorted(packs.absolute().glob("*")):
        try:
            found = path.stat()
        except OSError:  # a link to nowhere
            continue
        digest.update(repr((str(path), found.st_size, found.st_mtime_ns)).encode())
    return digest.hexdigest()
