"""Messages between the process that analyses a video and the one that waits for it.

Each message is four bytes of length (little-endian) and MessagePack, checked against its type
when it is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

from reknown.biometrics.templates import TemplateSpace  # noqa: TC001
from reknown.biometrics.tracks import (  # noqa: TC001 - msgspec reads them
    Effort,
    Observation,
    Shot,
    VideoInfo,
)
from reknown.biometrics.word_filter import WordFilter  # noqa: TC001
from reknown.biometrics.words import TextFrame  # noqa: TC001
from reknown.structs import resolved
from reknown.video.marks import Mark  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Iterator

_LENGTH = 4
# Seven hours of one face, ten times over.
_LONGEST = 2**30


class Analyse(msgspec.Struct, frozen=True, tag=True):
    """Find all faces in the video behind a descriptor."""

    video: int
    pack: str
    cache: str
    packs: str
    cut_outs: bool
    attributes: bool = False


class ReadText(msgspec.Struct, frozen=True, tag=True):
    """Read the text in the video behind a descriptor."""

    video: int
    pack: str
    cache: str
    packs: str
    wanted: WordFilter


class Annotate(msgspec.Struct, frozen=True, tag=True):
    """Draw the marks into the video behind one descriptor, and write it behind another."""

    video: int
    output: int
    marks: tuple[Mark, ...]


class Probe(msgspec.Struct, frozen=True, tag=True):
    """See whether the video behind a descriptor can be read at all."""

    video: int


class Progress(msgspec.Struct, frozen=True, tag=True):
    """How far it is; `total_ms` is 0 where it is not known."""

    done_ms: int
    total_ms: int
    frames: int


class FoundTrack(msgspec.Struct, frozen=True, tag=True):
    """One track; `template` is float32, little-endian."""

    person: int
    observations: tuple[Observation, ...]
    shots: tuple[Shot, ...]
    template: bytes


class Analysed(msgspec.Struct, frozen=True, tag=True):
    """The end of an analysis; its tracks have been sent before."""

    info: VideoInfo
    sha256: str
    space: TemplateSpace
    warnings: tuple[str, ...]
    effort: Effort


class ReadFrame(msgspec.Struct, frozen=True, tag=True):
    """What one frame says."""

    frame: TextFrame


class TextRead(msgspec.Struct, frozen=True, tag=True):
    """The end of a reading; its frames have been sent before."""

    info: VideoInfo
    sha256: str
    model: str
    warnings: tuple[str, ...]
    looked: int


class Annotated(msgspec.Struct, frozen=True, tag=True):
    """The end of an annotation: all is written."""

    warnings: tuple[str, ...]


class Probed(msgspec.Struct, frozen=True, tag=True):
    """Its first frame can be read."""

    info: VideoInfo


class Failed(msgspec.Struct, frozen=True, tag=True):
    """An error of ours by the name of its class."""

    kind: str
    text: str


Task: TypeAlias = Analyse | ReadText | Annotate | Probe
Message: TypeAlias = (
    Progress | FoundTrack | Analysed | ReadFrame | TextRead | Annotated | Probed | Failed
)

_encoder = msgspec.msgpack.Encoder()
_tasks: msgspec.msgpack.Decoder[Task] = msgspec.msgpack.Decoder(resolved(Task))


def encode(message: Task | Message) -> bytes:
    """The message with its length before it."""
    body = _encoder.encode(message)
    return len(body).to_bytes(_LENGTH, "little") + body


def read_task(data: bytes) -> Task:
    """The one task that was written."""
    return _tasks.decode(data[_LENGTH:])


class Reader:
    """Puts messages together as their bytes come in."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._decoder = msgspec.msgpack.Decoder(resolved(Message))

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that are complete now; raises `ValueError` for an invalid one."""
        self._held += data
        while len(self._held) >= _LENGTH:
            length = int.from_bytes(self._held[:_LENGTH], "little")
            if length > _LONGEST:
                raise ValueError("a message is longer than any can be")
            if len(self._held) < _LENGTH + length:
                return
            body = bytes(self._held[_LENGTH : _LENGTH + length])
            del self._held[: _LENGTH + length]
            try:
                message = self._decoder.decode(body)
            except msgspec.MsgspecError as error:
                raise ValueError(f"not a message: {error}") from error
            yield message
