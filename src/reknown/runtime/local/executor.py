"""Work that a running server does for a command, and that the command does where none will."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from reknown.runtime.local.messages import (
    LONGEST_ANSWER,
    LONGEST_REQUEST,
    Accepted,
    Answer,
    Busy,
    Extract,
    Extracted,
    Hello,
    Refused,
    hello,
    receive,
    send,
)
from reknown.runtime.local.place import call

if TYPE_CHECKING:
    import socket
    from typing import BinaryIO

    from reknown.biometrics.tracks import VideoAnalysis
    from reknown.biometrics.word_filter import WordFilter
    from reknown.biometrics.words import VideoReading
    from reknown.configuration import Settings
    from reknown.services.executor import Executor
    from reknown.video.isolation import Progress
    from reknown.vision.extraction import Extraction, ExtractionPolicy
    from reknown.vision.images import DecodedImage
    from reknown.vision.text.reading import Reading

# For a message that is due at once, and for the answer to an image: more than one may take.
_SECONDS, _WORK_SECONDS = 2.0, 60.0
# About what loading networks takes. Who has been told once that all turns are taken has them.
_PATIENCE_MS = 500
# Of a request beside the image and the boxes of its policy.
_SPARE = 2**16


class LocalServer:
    """The server of a data folder, seen from a command; safe for many threads.

    It is asked for when the first image comes, and never again once something is wrong with it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._idle: list[socket.socket] = []
        self._patience_ms = _PATIENCE_MS
        self._given_up = False

    def extract(self, data: bytes, policy: ExtractionPolicy) -> Extraction | None:
        """As `Executor.extract`; None where the server does not do it.

        Raises `ImageError`.
        """
        if len(data) > LONGEST_REQUEST - _SPARE:
            return None
        while not self._given_up:
            connection, is_new = self._connection()
            if connection is None:
                self._given_up = True
                break
            try:
                answer = self._asked(connection, Extract(data, policy, self._patience_ms))
                result = self._read(answer, data, policy)
            except (EOFError, OSError, ValueError):
                connection.close()
                self._given_up = (
                    is_new  # one that lay idle may have ended with its server's patience
                )
                continue
            with self._lock:
                self._idle.append(connection)
            if isinstance(result, Exception):
                raise result
            return result
        return None

    def close(self) -> None:
        """Ends the connections."""
        self._given_up = True
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    def _connection(self) -> tuple[socket.socket | None, bool]:
        """An idle one, or a new one, which is said too."""
        with self._lock:
            if self._idle:
                return self._idle.pop(), False
        return self._new(), True

    def _new(self) -> socket.socket | None:
        connection = call(self._settings.data)
        if connection is not None and not _is_alike(connection, self._settings):
            connection.close()
            return None
        return connection

    def _asked(self, connection: socket.socket, request: Extract) -> Answer:
        send(connection, request, _SECONDS)
        wait = _SECONDS + request.patience_ms / 1000
        answer: Answer = receive(connection, Answer, LONGEST_ANSWER, wait, _SECONDS)
        if isinstance(answer, Accepted):
            return receive(connection, Answer, LONGEST_ANSWER, _WORK_SECONDS, _SECONDS)
        return answer

    def _read(
        self, answer: Answer, data: bytes, policy: ExtractionPolicy
    ) -> Extraction | Exception | None:
        from reknown.runtime.local.conversion import to_error, to_extraction  # noqa: PLC0415

        match answer:
            case Extracted():
                return to_extraction(answer, policy.space, hashlib.sha256(data).hexdigest())
            case Refused():
                return to_error(answer)
            case Busy():
                self._patience_ms = 0
                return None
        raise ValueError("the server cannot do it")


def helper(settings: Settings) -> str:
    """Whether a server would do the work of commands on this folder now, for people."""
    if not settings.server.local_commands:
        return "commands do not ask a server: server.local_commands is false"
    connection = call(settings.data)
    if connection is None:
        return "none to ask on this folder: commands load models themselves"
    with connection:
        if _is_alike(connection, settings):
            return "one on this folder finds faces for commands"
    return (
        "one on this folder is of another version or installation, has other folders of models, or "
        "does not answer: commands load models themselves until it is restarted"
    )


def _is_alike(connection: socket.socket, settings: Settings) -> bool:
    """Whether the server at the other end, which speaks first, comes to the same results."""
    try:
        theirs: Hello = receive(connection, Hello, LONGEST_REQUEST, _SECONDS, _SECONDS)
    except (EOFError, OSError, ValueError):
        return False
    return theirs == hello(settings)


@dataclass(frozen=True, slots=True)
class RemoteExecutor:
    """Has `server` extract what it will, and `own` do the rest.

    Images for people to look at, text and videos are not worth the way: their networks or
    processes are started for each anyway.
    """

    server: LocalServer
    own: Executor

    @property
    def capacity(self) -> int:
        """As many as `own` takes: what the server does not take is left to it."""
        return self.own.capacity

    def abandon(self) -> None:
        """As `own` does; what the server has begun takes but a moment."""
        self.own.abandon()

    def extract(self, data: bytes, policy: ExtractionPolicy) -> Extraction:
        """As `Executor.extract`."""
        done = self.server.extract(data, policy)
        return self.own.extract(data, policy) if done is None else done

    def decode(self, data: bytes) -> DecodedImage:
        """As `Executor.decode`."""
        return self.own.decode(data)

    def read(self, data: bytes, pack: str, wanted: WordFilter) -> Reading:
        """As `Executor.read`."""
        return self.own.read(data, pack, wanted)

    def read_video(
        self, file: BinaryIO, pack: str, wanted: WordFilter, progress: Progress
    ) -> VideoReading:
        """As `Executor.read_video`."""
        return self.own.read_video(file, pack, wanted, progress)

    def analyse(
        self,
        file: BinaryIO,
        pack: str,
        progress: Progress,
        *,
        cut_outs: bool = False,
        attributes: bool = False,
    ) -> VideoAnalysis:
        """As `Executor.analyse`."""
        return self.own.analyse(file, pack, progress, cut_outs=cut_outs, attributes=attributes)
