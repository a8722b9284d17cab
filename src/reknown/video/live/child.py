"""The process that reads one camera.

    python -m reknown.video.live.child PARENT ADDRESS_SPACE

Its standard input is a socket: it is told there what to read, and asked for frames, which it
writes into shared memory. It ends when the other end is closed.
"""

from __future__ import annotations

import mmap
import os
import socket
import sys
import time
from contextlib import suppress
from functools import partial
from math import ceil
from threading import Lock, Thread
from typing import TYPE_CHECKING

import numpy as np

from reknown.confinement import (
    bound_memory,
    bound_processor_time,
    die_with_parent,
    give_up_network,
)
from reknown.video.live import messages
from reknown.video.live.cameras import CameraKind
from reknown.video.live.messages import Trouble, TroubleError

if TYPE_CHECKING:
    from typing import Any, NoReturn

    from reknown.video.live.reading import Decoded, Newest

# Who gives no sign of life for so long is stopped; this is for when nobody is there to do so.
_SECONDS_WITHOUT_A_SIGN = 60
_SECONDS_FOR_THE_LAST = 2.0
_SAID_WHILE_READING = frozenset({Trouble.REFUSED, Trouble.REFUSED_CALL, Trouble.NO_ANSWER})
_NOBODY_CALLED = messages.Beat(0, 0, saving=False, still=0.0)
_LOCAL = frozenset({CameraKind.DEVICE, CameraKind.FILE, CameraKind.KINESIS})


def main(parent: int, address_space: int) -> NoReturn:
    """Reads a camera for the process `parent` until either ends."""
    die_with_parent()
    bound_memory(address_space)
    _allow_time()
    if os.getppid() != parent:  # it ended before we were to die with it
        os._exit(1)
    talk = Talk(socket.socket(fileno=os.dup(0)))
    order = messages.read_open(talk.hear())
    if CameraKind(order.kind) in _LOCAL:
        give_up_network()
    try:
        trouble = _read(order, talk)
    except TroubleError as error:
        trouble = error.trouble
    except MemoryError:
        trouble = Trouble.CRASHED
    talk.tell(messages.Over(trouble.name))
    os._exit(0)  # a thread is waiting for orders that nobody gives any more


class Talk:
    """The socket, for two threads."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = Lock()

    def hear(self) -> bytes:
        """The next packet; where there is none any more, the process ends."""
        packet = self._connection.recv(messages.LONGEST)
        if not packet:
            os._exit(0)
        return packet

    def tell(self, message: messages.Message) -> None:
        """Sends it, however long that takes."""
        with self._lock, suppress(ConnectionError):
            self._connection.send(messages.encode(message))

    def tell_if_heard(self, beat: messages.Beat) -> None:
        """Sends it unless nobody has read the last ones; the process may go on computing."""
        _allow_time()
        with self._lock, suppress(BlockingIOError, ConnectionError):
            self._connection.send(messages.encode(beat), socket.MSG_DONTWAIT)


def _allow_time() -> None:
    bound_processor_time(ceil(time.process_time()) + _SECONDS_WITHOUT_A_SIGN)


def _read(order: messages.Open, talk: Talk) -> Trouble:
    # imported here, when the process is confined already
    import av.error  # noqa: PLC0415

    from reknown.video.decode import VideoLimits  # noqa: PLC0415
    from reknown.video.live.reading import Newest, StreamReading  # noqa: PLC0415
    from reknown.video.live.sources import opened, trouble_of  # noqa: PLC0415

    limits = VideoLimits(max_pixels=order.size // 3, max_side=order.max_side)
    newest = Newest()
    waits = partial(talk.tell_if_heard, _NOBODY_CALLED)
    with opened(order, limits, waits) as (container, stream):
        Thread(target=_serve, args=(order, talk, newest, stream), daemon=True).start()
        kind = CameraKind(order.kind)
        try:
            StreamReading(order, newest, talk.tell_if_heard).read(container, stream)
        except (av.error.FFmpegError, OSError) as error:
            found = trouble_of(error)
            return found if found in _SAID_WHILE_READING else Trouble.BROKE_OFF
        newest.drain(_SECONDS_FOR_THE_LAST)
        return Trouble.ENDED if kind is CameraKind.FILE else Trouble.BROKE_OFF


def _serve(order: messages.Open, talk: Talk, newest: Newest, stream: Any) -> None:
    """Hands out the newest frame as often as it is asked for."""
    room = np.frombuffer(mmap.mmap(order.room, order.size), np.uint8)
    while True:
        want = messages.read_want(talk.hear())
        frame = newest.take(want.seconds)
        if frame is None:
            continue
        try:
            width, height = _write(frame, room, order.turn, stream)
        except (ValueError, MemoryError):
            talk.tell(messages.Over(Trouble.TOO_LARGE.name))
            os._exit(0)
        talk.tell(
            messages.FrameShown(
                want.number, frame.number, frame.stamp, frame.arrived, width, height
            )
        )


def _write(frame: Decoded, room: Any, turn: int, stream: Any) -> tuple[int, int]:
    """Puts it upright into the shared memory; its width and height."""
    from reknown.video.decode import Frame, aspect_of  # noqa: PLC0415

    turns = (frame.turns - turn // 90) % 4
    upright = Frame(0, frame.raw, turns, aspect_of(stream))
    width, height = upright.size
    if 3 * width * height > len(room):
        raise ValueError("there is no room for that")
    room[: 3 * width * height] = upright.pixels().ravel()
    return width, height


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
