"""The process that forks decoders, seen from the program that uses them (`child.py` is within)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

from reknown.biometrics.errors import DecoderError
from reknown.shortages import shortage
from reknown.vision.decoding import protocol

if TYPE_CHECKING:
    from reknown.vision.decoding.memory import PixelRoom
    from reknown.vision.decoding.protocol import Limits

# Pillow keeps as many blocks for the next image: without, half of the time goes to new memory.
_ENVIRONMENT = {"PILLOW_BLOCKS_MAX": "2"}
_CHILD = "reknown.vision.decoding.child"
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0


class Decoder:
    """A process that decodes one image at a time; `images` it has been given so far."""

    def __init__(self, connection: socket.socket, process: int, spawner: int) -> None:
        """`process` and `spawner` are their numbers."""
        from reknown.vision.decoding.memory import PixelRooms  # noqa: PLC0415 - needs NumPy

        self.connection = connection
        self.process = process
        self.spawner = spawner
        self.rooms = PixelRooms()
        self.images = 0
        self.alive = True

    def send(self, head: bytes, data: bytes, room: PixelRoom) -> None:
        """A request, with memory for the answer."""
        with room.handed_over() as descriptors:
            sent = socket.send_fds(self.connection, [head, data], descriptors)
        if sent < len(head) + len(data):
            self.connection.sendall(memoryview(data)[sent - len(head) :])

    def close(self) -> None:
        """It ends when it has done what it is doing."""
        self.alive = False
        self.connection.close()


class Spawner:
    """Starts decoders, and starts itself when it is needed; safe for many threads."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._orders: socket.socket | None = None
        self._owner = 0
        self._closed = False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process

    def start(self) -> None:
        """Starts the process unless it runs, without waiting for it; raises `DecoderError`."""
        with self._lock:
            self._started()

    def owns(self, decoder: Decoder) -> bool:
        """Whether it is one of this process' running spawner, and not of one before a fork."""
        process = self._process
        return process is not None and decoder.spawner == process.pid and self._owner == os.getpid()

    def fork(self) -> Decoder:
        """A new decoder; raises `DecoderError`."""
        with self._lock:
            try:
                return self._forked()
            except (EOFError, OSError):  # somebody has ended it: it is started again
                self._stop()
            try:
                return self._forked()
            except (EOFError, OSError) as error:
                if (short := shortage(error)) is not None:
                    raise DecoderError(f"images cannot be decoded: {short}") from error
                raise DecoderError(
                    "images cannot be decoded: the process for it ended with status "
                    f"{self._stop()}: {self._last_words()}"
                ) from error

    def end(self, decoder: Decoder) -> int:
        """Kills it; the signal that it died of, 0 where that is not known."""
        decoder.close()
        with self._lock:
            if self._orders is None or not self.owns(decoder):
                return 0
            with suppress(EOFError, OSError):
                self._orders.sendall(protocol.ORDER.pack(decoder.process))
                return -self._answer(self._orders)
        return 0

    def close(self) -> None:
        """Ends the process, and with it the decoders."""
        with self._lock:
            self._closed = True
            self._stop()
            self._errors.close()

    def _started(self) -> tuple[socket.socket, int]:
        if self._process is not None and self._owner == os.getpid() and self._orders is not None:
            return self._orders, self._process.pid
        if self._closed:
            raise DecoderError("images cannot be decoded: this program is ending")
        self._orders, theirs = socket.socketpair()
        self._orders.settimeout(_START_SECONDS)
        command = [
            sys.executable,
            "-I",
            "-m",
            "reknown.vision.decoding.child",
            *self._limits.arguments(),
        ]
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own module
                    command,
                    env=dict(os.environ) | _ENVIRONMENT,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=self._errors,
                    start_new_session=True,  # Ctrl-C is for the program, which then closes it
                )
            except OSError as error:
                self._stop()
                raise DecoderError(
                    "images cannot be decoded: no process can be started: "
                    f"{shortage(error) or error.strerror}"
                ) from error
        self._owner = os.getpid()
        return self._orders, self._process.pid

    def _forked(self) -> Decoder:
        orders, spawner = self._started()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(orders, [protocol.ORDER.pack(0)], [theirs.fileno()])
            return Decoder(ours, self._answer(orders), spawner)
        except BaseException:
            ours.close()
            raise

    def _answer(self, orders: socket.socket) -> int:
        (number,) = protocol.ORDER.unpack(protocol.receive(orders, protocol.ORDER.size))
        return int(number)

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read(1 << 16).decode(errors="replace").split("\n")
        return next((line for line in reversed(lines) if line), "without a word")

    def _stop(self) -> int | None:
        """How it ended, as `subprocess` says it."""
        process, self._process = self._process, None
        if self._orders is not None:
            self._orders.close()
            self._orders = None
        if process is None or self._owner != os.getpid():
            return None
        try:
            return process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
