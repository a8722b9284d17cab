"""What passes between the pool and its processes, in fixed layouts: nothing is unpickled."""

from __future__ import annotations

import socket
import struct
from dataclasses import astuple, dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from reknown.biometrics.errors import (
    ImageError,
    ImageTooLargeError,
    ImageTooSmallError,
    InvalidImageError,
)
from reknown.vision.decoding.scan import Header
from reknown.vision.images import STRICT, ImageFormat, ImageLimits, Intake, taken_at

if TYPE_CHECKING:
    from collections.abc import Sequence

# To the spawner: 0 and the socket of a decoder to be, or the process to be ended. From it: the new
# process, or minus the signal of which the old one died.
ORDER = struct.Struct("<i")
# Bytes of the file that follows, its width and height, the number of the memory for its pixels,
# which comes along when it is new (0 for what is used once), format and flags.
_REQUEST = struct.Struct("<QIIBBB")
_FORGIVING, _WHOLE = 1, 2
# An index into `_REFUSALS`, or 0; width and height of the file, and of the pixels; EXIF's date and
# its offset; whether the end is missing, and how many rows with it; a text's bytes.
_ANSWER = struct.Struct("<BIIII19s6sBIH")
_REFUSALS: tuple[type[ImageError], ...] = (
    ImageError,
    ImageTooLargeError,
    ImageTooSmallError,
    InvalidImageError,
)
_LONGEST_TEXT = 500
_SECONDS_A_MEGAPIXEL = 0.1
_FORMATS = tuple(ImageFormat)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an image may be, and what its decoder may take for it: processor seconds, bytes."""

    image: ImageLimits = field(default_factory=ImageLimits)
    cpu_seconds: float = 2.0
    address_space: int = 2**30

    def seconds_for(self, request: Request) -> float:
        """Processor seconds for one file: codecs of newer formats take more for a large one."""
        if request.header.form in STRICT.formats and not request.intake.whole:
            return self.cpu_seconds
        pixels = min(request.header.pixels, self.image.max_pixels)
        return self.cpu_seconds + _SECONDS_A_MEGAPIXEL * pixels / 1e6

    def arguments(self) -> list[str]:
        """As `read` takes them."""
        return [
            str(value) for value in (*astuple(self.image), self.cpu_seconds, self.address_space)
        ]

    @classmethod
    def read(cls, arguments: Sequence[str]) -> Limits:
        """Of the arguments of a command."""
        *image, cpu_seconds, address_space = arguments
        return cls(ImageLimits(*map(int, image)), float(cpu_seconds), int(address_space))


@dataclass(frozen=True, slots=True)
class Request:
    """A file to decode: its bytes, what it states, how it is taken, the number of the memory."""

    size: int
    header: Header
    intake: Intake
    room: int

    def pack(self) -> bytes:
        """As `read` takes it."""
        header, intake = self.header, self.intake
        flags = _FORGIVING * intake.forgiving | _WHOLE * intake.whole
        place = (header.width, header.height, self.room, _FORMATS.index(header.form), flags)
        return _REQUEST.pack(self.size, *place)

    @classmethod
    def read(cls, head: bytes) -> Request:
        """Of the `REQUEST_SIZE` bytes before a file."""
        size, width, height, room, form, flags = _REQUEST.unpack(head)
        intake = Intake(forgiving=bool(flags & _FORGIVING), whole=bool(flags & _WHOLE))
        return cls(size, Header(_FORMATS[form], width, height), intake, room)


REQUEST_SIZE = _REQUEST.size


class Cut(Enum):
    """What is missing at the end of a file: nothing, some rows, or the finest of its detail."""

    WHOLE = 0
    ROWS = 1
    DETAIL = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an image.

    Width and height of the file, and of the pixels that are in the memory handed over; when it
    was taken, as `vision.images.taken_at` writes it; what is to be said of it.
    """

    size: tuple[int, int]
    decoded: tuple[int, int]
    taken: str | None = None
    warnings: tuple[str, ...] = ()


def success(
    size: tuple[int, int],
    decoded: tuple[int, int],
    taken: tuple[bytes, bytes],
    cut: tuple[Cut, int] = (Cut.WHOLE, 0),
) -> bytes:
    """The answer to an image that has been decoded.

    `taken` as `exif.taken` reads it, `cut` with how many of the decoded rows are missing.
    """
    return _ANSWER.pack(0, *size, *decoded, *taken, cut[0].value, cut[1], 0)


def refusal(error: ImageError) -> bytes:
    """The answer to an image that cannot be used."""
    text = str(error).encode()[:_LONGEST_TEXT]
    return _ANSWER.pack(_REFUSALS.index(type(error)), 0, 0, 0, 0, b"", b"", 0, 0, len(text)) + text


def read_answer(connection: socket.socket) -> Answer:
    """Raises the refusal; `EOFError` where there is no answer, `ValueError` where it is none."""
    head = _ANSWER.unpack(receive(connection, _ANSWER.size))
    kind, width, height, wide, high, date, offset, cut, rows, length = head
    text = receive(connection, min(length, _LONGEST_TEXT)).decode(errors="replace")
    if kind >= len(_REFUSALS):
        raise ValueError("no such answer")
    if kind:
        raise _REFUSALS[kind](text)
    taken = taken_at(_text(date), _text(offset))
    return Answer((width, height), (wide, high), taken, _warnings(Cut(cut), rows, high))


def _warnings(cut: Cut, rows: int, high: int) -> tuple[str, ...]:
    if cut is Cut.DETAIL:
        return ("the file is cut off: its finest details are missing",)
    if cut is Cut.ROWS:
        share = min(100.0, 100 * rows / max(high, 1))
        return (f"the file is cut off: {share:.1f} % of the image are missing",)
    return ()


def _text(padded: bytes) -> str:
    return padded.rstrip(b"\0").decode("ascii", "replace")


def receive(connection: socket.socket, size: int) -> bytes:
    """So many bytes, waited for; raises `EOFError` where fewer come."""
    parts: list[bytes] = []
    while size:
        part = connection.recv(size, socket.MSG_WAITALL)
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
