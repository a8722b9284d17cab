"""What passes between the pool and its processes, in fixed layouts: nothing is unpickled."""

from __future__ import annotations

import socket
import struct
from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING

from reknown.biometrics.errors import (
    ImageError,
    ImageTooLargeError,
    ImageTooSmallError,
    InvalidImageError,
)
from reknown.vision.images import ImageLimits, taken_at

if TYPE_CHECKING:
    from collections.abc import Sequence

# To the spawner: 0 and the socket of a decoder to be, or the process to be ended. From it: the new
# process, or minus the signal of which the old one died.
ORDER = struct.Struct("<i")
# Bytes of the file that follows, its width and height, and the number of the memory for its
# pixels, which comes along when it is new: 0 for what is used once.
REQUEST = struct.Struct("<QIIB")
# An index into `_REFUSALS`, or 0; width and height of the file, and of the pixels; EXIF's date,
# its offset and its orientation; a text's bytes.
_ANSWER = struct.Struct("<BIIII19s6sBH")
_REFUSALS: tuple[type[ImageError], ...] = (
    ImageError,
    ImageTooLargeError,
    ImageTooSmallError,
    InvalidImageError,
)
_LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class Limits:
    """What an image may be, and what its decoder may take for it: processor seconds, bytes."""

    image: ImageLimits = field(default_factory=ImageLimits)
    cpu_seconds: float = 2.0
    address_space: int = 2**30

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
class Answer:
    """What became of an image.

    Width and height of the file, and of the pixels that are in the memory handed over; when it
    was taken, as `vision.images.taken_at` writes it; how its pixels are stored, 1 to 8 as in EXIF.
    """

    size: tuple[int, int]
    decoded: tuple[int, int]
    taken: str | None = None
    orientation: int = 1


def success(
    size: tuple[int, int],
    decoded: tuple[int, int],
    taken: tuple[bytes, bytes],
    orientation: int = 1,
) -> bytes:
    """The answer to an image that has been decoded; `taken` as `exif.taken` reads it."""
    return _ANSWER.pack(0, *size, *decoded, *taken, orientation, 0)


def refusal(error: ImageError) -> bytes:
    """The answer to an image that cannot be used."""
    text = str(error).encode()[:_LONGEST_TEXT]
    return _ANSWER.pack(_REFUSALS.index(type(error)), 0, 0, 0, 0, b"", b"", 1, len(text)) + text


def read_answer(connection: socket.socket) -> Answer:
    """Raises the refusal; `EOFError` where there is no answer, `ValueError` where it is none."""
    kind, width, height, wide, high, date, offset, orientation, length = _ANSWER.unpack(
        receive(connection, _ANSWER.size)
    )
    text = receive(connection, min(length, _LONGEST_TEXT)).decode(errors="replace")
    if kind >= len(_REFUSALS):
        raise ValueError("no such answer")
    if kind:
        raise _REFUSALS[kind](text)
    taken = taken_at(_text(date), _text(offset))
    return Answer((width, height), (wide, high), taken, orientation)


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
