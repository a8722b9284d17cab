"""The process that reads a camera, seen from the watch (`child.py` is within)."""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

from reknown.video.live import messages
from reknown.vision.decoding.memory import PixelRoom

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reknown.video.live.cameras import Camera
    from reknown.video.live.frames import LiveLimits

_CHILD = "reknown.video.live.child"
# It talks to strangers: of what this process was told, keys and passwords first of all, it gets
# only where programs and certificates are.
_ENVIRONMENT = frozenset({"PATH", "LD_LIBRARY_PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "TZ"})


class CameraProcess:
    """Started for one connection; to be closed, which kills it."""

    def __init__(self, camera: Camera, limits: LiveLimits, source: int | None) -> None:
        """`source` is a descriptor to read from; raises `OSError` where there can be no process."""
        self._room = PixelRoom(3 * limits.max_pixels)
        self.connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-I", "-m", _CHILD, str(os.getpid()), str(limits.address_space)]
        try:
            with theirs, self._room.handed_over() as (room,):
                passed = [room] if source is None else [room, source]
                self._process = subprocess.Popen(  # noqa: S603 - our own module
                    command,
                    env={name: os.environ[name] for name in _ENVIRONMENT & os.environ.keys()},
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=passed,
                    start_new_session=True,
                )
            self.connection.send(messages.encode(_order(camera, limits, room, source)))
        except BaseException:
            self.close()
            raise

    def ask(self, number: int, seconds: float) -> bool:
        """For the newest frame; whether there was room for one more question."""
        try:
            packet = messages.encode(messages.Want(number, seconds))
            self.connection.send(packet, socket.MSG_DONTWAIT)
        except (BlockingIOError, ConnectionError):  # what it said last can still be heard
            return False
        return True

    def hear(self) -> messages.Message | None:
        """A word of it, if there is one.

        Raises `ConnectionError` where there will be none any more, `ValueError` for nonsense.
        """
        try:
            packet = self._receive()
        except BlockingIOError:
            return None
        if not packet:
            raise ConnectionResetError
        return messages.read_message(packet)

    def _receive(self) -> bytes:
        try:
            return self.connection.recv(messages.LONGEST, socket.MSG_DONTWAIT)
        except ConnectionResetError:
            # it ended with a question unread, which the system says before its last words
            return self.connection.recv(messages.LONGEST, socket.MSG_DONTWAIT)

    def pixels(self, shown: messages.FrameShown) -> NDArray[np.uint8]:
        """A copy of those in the shared memory; raises `ValueError` where they do not fit."""
        return self._room.pixels(shown.width, shown.height).copy()

    def close(self) -> None:
        """Ends it at once."""
        self.connection.close()
        process = getattr(self, "_process", None)
        if process is not None:
            process.kill()
            process.wait()


def wait_for(seconds: float, *readable: socket.socket) -> None:
    """Until there is something to read on one of them, or so long."""
    with selectors.DefaultSelector() as selector:
        for each in readable:
            selector.register(each, selectors.EVENT_READ)
        selector.select(max(0.0, seconds))


def _order(camera: Camera, limits: LiveLimits, room: int, source: int | None) -> messages.Open:
    return messages.Open(
        kind=camera.kind.value,
        place="" if source is not None else camera.place,
        room=room,
        size=3 * limits.max_pixels,
        max_side=limits.max_side,
        source=source,
        user=camera.user,
        password=camera.password,
        udp=camera.udp,
        turn=camera.turn,
        authorities=str(camera.authorities) if camera.authorities else None,
        hosts=camera.hosts,
        srt=camera.srt,
        silent=limits.silent,
        ahead=limits.ahead,
        behind=limits.behind,
        packets_a_second=limits.packets_a_second,
    )
