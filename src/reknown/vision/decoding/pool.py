"""Decoding images of strangers in processes that can be killed: one pool for a whole program."""

from __future__ import annotations

import hashlib
import signal
import weakref
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Condition
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ImageError, ImageTooLargeError, InvalidImageError
from reknown.vision.batch import available_cores
from reknown.vision.decoding import protocol
from reknown.vision.decoding.scan import scan
from reknown.vision.decoding.spawner import Spawner
from reknown.vision.images import DecodedImage, Intake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.vision.decoding.scan import Header
    from reknown.vision.decoding.spawner import Decoder

# A fault in a decoder might hand it to an attacker: so many images later he has lost it again.
_IMAGES_EACH = 1_000
# What is decoded at once in all processes, at up to twelve bytes each while that lasts.
_PIXELS_AT_ONCE = 100_000_000
# Waited for on the clock on the wall, for what the limit on processor time does not end.
_PATIENCE = 15.0


class _LostError(Exception):
    """The process was ended by somebody else."""


class DecoderPool:
    """Makes pixels of files; safe for many threads, which wait for one of its processes.

    They are started when they are needed. To be closed at the end.
    """

    def __init__(
        self,
        processes: int | None = None,
        limits: protocol.Limits = protocol.Limits(),
        patience: float = _PATIENCE,
    ) -> None:
        """`processes` at most, by default one more than cores: one is free where others are hard.

        `patience` in seconds an image.
        """
        self._most = processes or available_cores() + 1
        self._limits = limits
        self._patience = patience
        self._changed = Condition()
        self._idle: list[Decoder] = []
        self._busy = 0
        self._pixels = 0
        self._spawner = Spawner(limits)
        self._end = weakref.finalize(self, _end, self._idle, self._spawner)

    def start(self) -> None:
        """Begins to start the first process, so that the first image need not wait as long."""
        self._spawner.start()

    def decode(self, data: bytes, intake: Intake = Intake()) -> DecodedImage:
        """As `vision.decoding.pixels.decode`; the pixels are in memory shared, not copied.

        Raises `ImageTooLargeError`, `ImageTooSmallError`, `InvalidImageError`, and `DecoderError`
        where there can be no process.
        """
        most = self._limits.image.max_bytes
        if len(data) > most:
            raise ImageTooLargeError(f"more than {most:,} bytes")
        if not data:
            raise InvalidImageError("the file is empty")
        header = scan(data, intake.formats)
        with self._room(header.pixels):
            with suppress(_LostError):  # once is nobody's fault
                return self._attempt(data, header, intake)
            try:
                return self._attempt(data, header, intake)
            except _LostError as error:
                raise InvalidImageError(
                    "its decoder was ended twice, perhaps for lack of memory"
                ) from error

    def is_confined(self) -> bool:
        """Whether the decoder of the last image can open and start nothing.

        Raises `DecoderError` where there is none.
        """
        with self._decoder() as decoder, suppress(OSError):
            status = Path(f"/proc/{decoder.process}/status").read_text(encoding="ascii")
            return "Seccomp:\t2" in status
        return False

    def close(self) -> None:
        """Ends the processes; nothing can be decoded any more."""
        self._end()

    def __enter__(self) -> DecoderPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _attempt(self, data: bytes, header: Header, intake: Intake) -> DecodedImage:
        with self._decoder() as decoder:
            try:
                return self._decoded(decoder, data, header, intake)
            except TimeoutError as error:
                self._spawner.end(decoder)
                raise InvalidImageError(
                    "decoding it takes more time than an image is worth"
                ) from error
            except (EOFError, OSError, ValueError) as error:
                raise _breakdown(self._spawner.end(decoder)) from error

    def _decoded(
        self, decoder: Decoder, data: bytes, header: Header, intake: Intake
    ) -> DecodedImage:
        room = decoder.rooms.take(min(header.pixels, self._limits.image.max_pixels))
        decoder.connection.settimeout(self._patience)
        request = protocol.Request(len(data), header, intake, room.number)
        decoder.send(request.pack(), data, room)
        sha256 = hashlib.sha256(data).hexdigest()  # while it is being decoded
        try:
            answer = protocol.read_answer(decoder.connection)
        except ImageError:
            decoder.rooms.give_back(room)
            raise
        pixels = room.pixels(*answer.decoded)
        decoder.rooms.give_back_after(pixels, room)
        return DecodedImage(pixels, *answer.size, sha256, answer.taken, answer.warnings)

    @contextmanager
    def _room(self, pixels: int) -> Iterator[None]:
        """Waits until so many may be decoded beside the others."""
        pixels = min(pixels, _PIXELS_AT_ONCE)
        with self._changed:
            self._changed.wait_for(lambda: self._pixels + pixels <= _PIXELS_AT_ONCE)
            self._pixels += pixels
        try:
            yield
        finally:
            with self._changed:
                self._pixels -= pixels
                self._changed.notify_all()

    @contextmanager
    def _decoder(self) -> Iterator[Decoder]:
        """An idle process or a new one, waited for while all are busy."""
        with self._changed:
            self._changed.wait_for(lambda: self._idle or self._busy < self._most)
            decoder = self._idle.pop() if self._idle else None
            self._busy += 1
        try:
            if decoder and not self._spawner.owns(decoder):
                decoder.close()
                decoder = None
            decoder = decoder or self._spawner.fork()
            decoder.images += 1
            yield decoder
        finally:
            with self._changed:
                self._busy -= 1
                if decoder and decoder.alive and decoder.images < _IMAGES_EACH:
                    self._idle.append(decoder)
                    decoder = None
                self._changed.notify_all()
            if decoder and decoder.alive:
                self._spawner.end(decoder)


def _breakdown(died_of: int) -> InvalidImageError | _LostError:
    if died_of == signal.SIGPROF:
        return InvalidImageError("decoding it takes more processor time than an image is worth")
    if died_of in (0, signal.SIGKILL):
        return _LostError()
    return InvalidImageError("its decoder crashed")


def _end(idle: list[Decoder], spawner: Spawner) -> None:
    while idle:
        idle.pop().close()
    spawner.close()
