"""A video with what was found drawn into it; always called in a process that can be killed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import av
import av.error
import cv2
import numpy as np

from reknown.biometrics.errors import VideoWorkError
from reknown.video.decode import VideoLimits, open_video
from reknown.video.encoding import add_video, encodable, even
from reknown.video.marks import Present
from reknown.vision.draw import Label, draw_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

    from reknown.biometrics.geometry import BoundingBox
    from reknown.video.decode import Frame, Video
    from reknown.video.marks import Mark

# What MP4 holds as it is.
_SOUND = frozenset({"aac", "ac3", "alac", "eac3", "flac", "mp3", "opus"})
# A face takes up three of the cells a side: nothing is left to tell one from another by.
_CELLS = 6


def annotate(
    file: BinaryIO,
    marks: Sequence[Mark],
    output: BinaryIO,
    progress: Callable[[int, int, int], None],
    limits: VideoLimits = VideoLimits(),
) -> tuple[str, ...]:
    """Writes the video in `file` to `output` as H.264 in MP4, marked; answers with warnings.

    Frames keep their times and lie upright; sound is copied where MP4 can hold it. Both have
    to be real, seekable files.

    Raises `InvalidVideoError`, `VideoTooLargeError`, and `VideoWorkError` when it cannot be
    encoded or written.
    """
    file.seek(0)
    beside = _Positioned(file.fileno())
    try:
        with (
            open_video(file, limits) as video,
            open_video(beside, limits) as listened,  # type: ignore[arg-type]
            av.open(output, "w", format="mp4") as container,
        ):
            sound = _Sound(listened.container)
            _write(video, container, sound, _Painter(marks), progress)
        output.flush()
        return (*video.warnings, *sound.warnings)
    except (av.error.FFmpegError, OSError) as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise VideoWorkError(f"the annotated video cannot be written: {reason}") from error


def blur(pixels: NDArray[np.uint8], box: BoundingBox) -> None:
    """Makes what is in the box unrecognisable, in place; of RGB pixels (height, width, 3).

    A few means of large areas are all that is left of it: that cannot be undone.
    """
    height, width = pixels.shape[:2]
    left, top, right, bottom = box.pixels(width, height)
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    if left >= right or top >= bottom:
        return
    part = pixels[top:bottom, left:right]
    size = (right - left, bottom - top)
    cells = cv2.resize(part, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    smooth = cv2.resize(cells, size, interpolation=cv2.INTER_LINEAR)
    part[:] = cv2.GaussianBlur(smooth, (0, 0), max(max(size) / _CELLS / 2, 0.5))


class _Painter:
    """Draws the marks of each frame."""

    def __init__(self, marks: Sequence[Mark]) -> None:
        self._present = Present(marks)

    def paint(self, frame: Frame) -> NDArray[np.uint8]:
        """The upright frame, RGB, marked; both sides are even, as H.264 wants them."""
        pixels = frame.pixels()
        here = self._present.at(frame.time_ms)
        hidden = [box for mark in here if (box := mark.blurred(frame.time_ms))]
        labels = [
            Label(box, mark.lines, mark.known) for mark in here if (box := mark.box(frame.time_ms))
        ]
        if hidden:
            pixels = np.array(pixels)
            for box in hidden:
                blur(pixels, box)
        if labels:
            pixels = np.asarray(draw_labels(pixels, labels))
        return even(pixels)


def _write(
    video: Video,
    container: Any,
    sound: _Sound,
    painter: _Painter,
    progress: Callable[[int, int, int], None],
) -> None:
    """Encodes all frames; there is one at least, or reading them raises."""
    stream = None
    for number, frame in enumerate(video.frames(), 1):
        pixels = painter.paint(frame)
        if stream is None:
            stream = add_video(container, pixels, video.info.frame_rate, frame.raw.time_base)
            sound.join(container)
        sound.copy(frame.raw.pts * frame.raw.time_base)
        made = encodable(pixels, frame.raw.pts, frame.raw.time_base)
        container.mux(stream.encode(made))
        progress(frame.time_ms, video.info.duration_ms, number)
    if stream is not None:
        container.mux(stream.encode(None))
        sound.copy(None)


@dataclass(slots=True)
class _Positioned:
    """The same file with a place of its own to read from."""

    descriptor: int
    place: int = 0

    def read(self, size: int) -> bytes:
        data = os.pread(self.descriptor, size, self.place)
        self.place += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self.place}.get(whence)
        if start is None:
            start = os.fstat(self.descriptor).st_size
        self.place = max(0, start + offset)
        return self.place

    def tell(self) -> int:
        return self.place


class _Sound:
    """Copies the first sound track, packet by packet, beside the frames."""

    def __init__(self, container: Any) -> None:
        self.warnings: list[str] = []
        self._output: Any = None
        self._stream: Any = None
        self._packets: Iterator[Any] = iter(())
        self._held: Any = None
        if container.streams.audio:
            self._open(container, container.streams.audio[0])

    def _open(self, container: Any, stream: Any) -> None:
        codec = stream.codec_context and stream.codec_context.codec.canonical_name
        if codec in _SOUND:
            self._stream, self._packets = stream, container.demux(stream)
        else:
            self.warnings.append(f"the sound is left out: MP4 cannot hold {codec or 'its format'}")

    def join(self, output: Any) -> None:
        """Adds the sound to the output, before anything is written."""
        if self._stream is not None:
            self._output = output.add_stream_from_template(self._stream)

    def copy(self, until: Fraction | None) -> None:
        """Copies what is heard until then, in seconds; all that is left if None."""
        if self._output is None:
            return
        try:
            while (packet := self._next()) is not None:
                if until is not None and packet.dts * packet.time_base > until:
                    self._held = packet
                    return
                packet.stream = self._output
                self._output.container.mux_one(packet)
        except (av.error.FFmpegError, ValueError):
            self._output = None
            self.warnings.append("the sound is damaged: it ends early")

    def _next(self) -> Any:
        held, self._held = self._held, None
        if held is not None:
            return held
        # the last packet is empty: it only says that there are no more
        return next((p for p in self._packets if p.dts is not None and p.size), None)
