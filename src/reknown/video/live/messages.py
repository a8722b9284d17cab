"""Messages between a watch and the process that reads its camera, one a packet of their socket.

What comes from the process is checked when it is read, as a stranger's stream may have taken it
over: words for people are chosen here, by a code.
"""

from __future__ import annotations

from enum import Enum
from math import isfinite
from typing import TypeAlias

import msgspec

from reknown.structs import resolved
from reknown.video.live.srt import SrtSettings  # noqa: TC001 - msgspec looks it up

LONGEST = 65_536
_MOST = 2**53


class Trouble(Enum):
    """Why a camera gives nothing, in words for people."""

    UNREACHABLE = "it cannot be reached: check its address, its power and the network"
    NO_ANSWER = "it does not answer"
    MISSING = "it has no such stream: check the path in its address"
    REFUSED = "it refuses this user and password: correct them in the cameras file"
    REFUSED_CALL = "it refuses this passphrase or stream id: correct it in the cameras file"
    UNTRUSTED = "its certificate is not trusted: name who signed it as authorities"
    ELSEWHERE = "it sends viewers to another place, which is not followed"
    NOT_CALLED = "it has not called yet: check the address and the passphrase that it calls with"
    NOT_OURS = "this machine cannot be called there: check the address, and who else has the port"
    NO_SRT = "SRT needs libsrt, which is not on this machine: apt install libsrt1.5-openssl"
    BROKE_OFF = "the connection broke off"
    NO_VIDEO = "what it sends is no video that can be read"
    FORMAT = "its video is in a format that is not decoded: set it to H.264 or H.265"
    TOO_LARGE = "its frames are too large: set it to fewer pixels"
    NOT_THERE = "it is not there, or may not be read: check the path, and whose it is"
    CRASHED = "reading it crashed, or took too much memory or time"
    ENDED = "the file is at its end"


class Open(msgspec.Struct, frozen=True):
    """Read this camera: the first word to the process.

    `kind` is the value of a `CameraKind`; `room` a descriptor of shared memory of `size` bytes,
    `source` one to read from instead of `place`. The last four are of `LiveLimits`.
    """

    kind: str
    place: str
    room: int
    size: int
    max_side: int
    source: int | None
    user: str | None
    password: str | None
    udp: bool
    turn: int
    authorities: str | None
    hosts: tuple[str, ...]
    srt: SrtSettings | None
    silent: float
    ahead: float
    behind: float
    packets_a_second: int


class Want(msgspec.Struct, frozen=True):
    """Hand out the newest frame, or the next one that comes within `seconds`."""

    number: int
    seconds: float


class Beat(msgspec.Struct, frozen=True, tag=True):
    """Packets come: frames decoded and bytes read so far, whether some are left out for want of
    time, and for how many seconds the picture has been the same."""

    frames: int
    bytes: int
    saving: bool
    still: float

    def __post_init__(self) -> None:
        _check(self.frames, self.bytes, self.still)


class FrameShown(msgspec.Struct, frozen=True, tag=True):
    """The frame that `want` asked for is in the shared memory.

    It is the `number`-th decoded, has its place at `stamp` seconds of the stream's clock, if that
    says so, and was decoded when the monotonic clock said `arrived`.
    """

    want: int
    number: int
    stamp: float | None
    arrived: float
    width: int
    height: int

    def __post_init__(self) -> None:
        _check(self.want, self.number, self.arrived, self.width, self.height)
        if self.stamp is not None and not (isfinite(self.stamp) and abs(self.stamp) < _MOST):
            raise ValueError("no such time")


class Over(msgspec.Struct, frozen=True, tag=True):
    """Nothing more will come; by the name of a `Trouble`."""

    trouble: str

    def __post_init__(self) -> None:
        if self.trouble not in Trouble.__members__:
            raise ValueError("no such trouble")


Message: TypeAlias = Beat | FrameShown | Over
Order: TypeAlias = Open | Want

_encoder = msgspec.msgpack.Encoder()
_opens = msgspec.msgpack.Decoder(resolved(Open))
_wants = msgspec.msgpack.Decoder(resolved(Want))
_messages: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(resolved(Message))


def encode(message: Order | Message) -> bytes:
    """The packet for it."""
    return _encoder.encode(message)


def read_open(packet: bytes) -> Open:
    """The first word to the process."""
    return _opens.decode(packet)


def read_want(packet: bytes) -> Want:
    """All further ones."""
    return _wants.decode(packet)


def read_message(packet: bytes) -> Message:
    """A word of the process; raises `ValueError` for what makes no sense."""
    return _messages.decode(packet)


def _check(*numbers: float) -> None:
    if not all(isfinite(number) and 0 <= number < _MOST for number in numbers):
        raise ValueError("no such number")


class TroubleError(Exception):
    """A camera gives nothing, for this reason."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble
