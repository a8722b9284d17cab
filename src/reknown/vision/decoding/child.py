"""The processes that decode images: `python -I -m reknown.vision.decoding.child LIMIT...`

The first of them, the spawner, decodes nothing. It has imported all there is to import and given
up what no decoder needs, and forks one within a millisecond whenever it is told to. It reads from
its standard input, a socket; each decoder from one that it is handed. All of them end when the
other end of their socket is closed.
"""

from __future__ import annotations

import gc
import mmap
import os
import signal
import socket
import sys
import warnings
from contextlib import suppress

import pi_heif
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from reknown.biometrics.errors import ImageError
from reknown.confinement import (
    bound_memory,
    die_with_parent,
    give_memory_back,
    give_up_network,
    keep_memory,
    load_seccomp,
)
from reknown.vision.decoding import protocol
from reknown.vision.decoding.pixels import decode

# Pillow imports these when it needs them; when it does, no file can be opened any more.
_PLUGINS = (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
_ROWS = 2048
_KEPT = 32 << 20
_LARGE = 4_000_000  # pixels


def spawn(limits: protocol.Limits) -> None:
    """Forks and ends decoders as told, until nobody is there to tell."""
    Image.preinit()
    _stay_in_one_thread()
    gc.freeze()  # what is there stays
    warnings.simplefilter("ignore")
    give_up_network()
    bound_memory(limits.address_space)
    keep_memory(_KEPT)
    _go_first()
    orders = socket.socket(fileno=os.dup(0))
    while True:
        order, sockets, _, _ = socket.recv_fds(orders, protocol.ORDER.size, 1)
        if len(order) != protocol.ORDER.size:
            return
        (pid,) = protocol.ORDER.unpack(order)
        if pid:
            answer = _end(pid)
        else:
            answer = os.fork()
            if not answer:
                orders.close()
                _be_decoder(sockets[0], limits)
            os.close(sockets[0])
        orders.sendall(protocol.ORDER.pack(answer))


def _stay_in_one_thread() -> None:
    """A decoder can start none; of a HEIC nothing but the picture itself is decoded."""
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    pi_heif.register_heif_opener(
        decode_threads=0, thumbnails=False, depth_images=False, aux_images=False
    )


def _be_decoder(descriptor: int, limits: protocol.Limits) -> None:
    status = 1
    try:
        die_with_parent()
        requests = socket.socket(fileno=descriptor)
        load_seccomp()
        serve(requests, limits)
        status = 0
    finally:
        os._exit(status)


def serve(requests: socket.socket, limits: protocol.Limits) -> None:
    """Decodes one image after the other into the memory that goes with it."""
    rooms: dict[int, mmap.mmap] = {}
    while True:
        head, descriptors, _, _ = socket.recv_fds(requests, protocol.REQUEST_SIZE, 1)
        if len(head) != protocol.REQUEST_SIZE:
            return
        request = protocol.Request.read(head)
        for descriptor in descriptors:
            rooms[request.room] = mmap.mmap(descriptor, 0)
            os.close(descriptor)
        data = protocol.receive(requests, request.size)
        signal.setitimer(signal.ITIMER_PROF, limits.seconds_for(request))  # whose signal ends it
        answer = _decoded(data, request, rooms[request.room], limits)
        signal.setitimer(signal.ITIMER_PROF, 0)
        rooms.pop(0, None)
        requests.sendall(answer)
        if request.header.pixels > _LARGE:
            give_memory_back()


def _decoded(
    data: bytes, request: protocol.Request, room: mmap.mmap, limits: protocol.Limits
) -> bytes:
    try:
        upright = decode(data, request.header, request.intake, limits.image)
    except ImageError as error:
        return protocol.refusal(error)
    _write(upright.pixels, room)
    return protocol.success(upright.size, upright.pixels.size, upright.taken, upright.cut)


def _write(pixels: Image.Image, room: mmap.mmap) -> None:
    """Row by row, so that a large image is in memory once only."""
    width, height = pixels.size
    for top in range(0, height, _ROWS):
        bottom = min(top + _ROWS, height)
        part = pixels.crop((0, top, width, bottom)) if height > _ROWS else pixels
        room[3 * width * top : 3 * width * bottom] = part.tobytes()


def _end(pid: int) -> int:
    """Kills a decoder that may have ended already; minus the signal that it died of, or 0."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def _go_first() -> None:
    """Where memory runs out, the system is to end a decoder and not who needs it."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")


if __name__ == "__main__":
    spawn(protocol.Limits.read(sys.argv[1:]))
