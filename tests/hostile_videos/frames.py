"""Times and sizes of frames that no camera makes."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np

import videos
from hostile_videos.boxes import TICKS, bar, box, changed, number, plain

_MILLISECONDS = Fraction(1, TICKS)


def timescale(count: int) -> bytes:
    """So many ticks a second, of the whole and of the track."""
    data = changed(
        plain(), (b"moov", b"mvhd"), lambda b: box(b"mvhd", b[:12], number(count), b[16:])
    )
    return changed(
        data,
        (b"moov", b"trak", b"mdia", b"mdhd"),
        lambda b: box(b"mdhd", b[:12], number(count), b[16:]),
    )


def duration(count: int) -> bytes:
    """What lasts for ever."""
    head = number(0x01000000) + bytes(16) + number(TICKS) + number(count, 8)
    data = changed(plain(), (b"moov", b"mvhd"), lambda b: box(b"mvhd", head, b[20:]))
    return changed(data, (b"moov", b"trak", b"mdia", b"mdhd"), lambda b: box(b"mdhd", head, b[20:]))


def hours_between(count: int) -> bytes:
    """Frames hours apart."""
    frames = [(image, 3_000_000 * at) for at, (image, _) in enumerate(bar()) if at < count]
    return videos.rendered(frames)


def tiny(count: int) -> bytes:
    """So many frames of a few pixels, a thousand a second."""
    return videos.rendered(videos.scene(range(count), [], (16, 16)))


def sizes_change(count: int) -> bytes:
    """Each frame is of another size than the one before, in one stream."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as output:
        stream = None
        for at in range(count):
            side = 160 + 16 * (at % 20)
            encoder = av.CodecContext.create("libx264", "w")
            encoder.width, encoder.height, encoder.pix_fmt = side, side, "yuv420p"
            encoder.time_base = _MILLISECONDS
            encoder.options = {"preset": "ultrafast"}
            if stream is None:
                stream = output.add_stream("libx264", rate=25)
                stream.width, stream.height, stream.pix_fmt = side, side, "yuv420p"
                stream.time_base = _MILLISECONDS
            frame = av.VideoFrame.from_ndarray(np.zeros((side, side, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = 40 * at, _MILLISECONDS
            for packet in (*encoder.encode(frame), *encoder.encode(None)):
                packet.stream = stream
                packet.pts = packet.dts = 40 * at
                packet.time_base = _MILLISECONDS
                output.mux(packet)
    return buffer.getvalue()


def vp9(count: int) -> bytes:
    """Frames that say that they are larger than the file does."""
    data = plain("webm", "libvpx-vp9")
    place = data.index(b"\x49\x83\x42")  # what each key frame begins with, before its size
    bits = int.from_bytes(data[place + 3 : place + 8], "big")  # 3 + 1 bits, then two sizes of 16
    sizes = (count - 1) << 16 | (count - 1)
    bits = bits & ~(0xFFFFFFFF << 4) | sizes << 4
    return data[: place + 3] + bits.to_bytes(5, "big") + data[place + 8 :]
