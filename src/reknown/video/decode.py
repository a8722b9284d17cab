"""Bytes -> frames: the one place where videos from strangers are demuxed and decoded.

Always called in a process that can be killed (`isolation.py`). The file is handed over open and
its format is named, so that FFmpeg is never given an address to fetch; external references
inside of files stay unread. Times are those of the frames themselves, so that variable frame
rates come out right.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO

import av
import av.error
import av.logging
import numpy as np
from av.stream import Discard

from reknown.biometrics.errors import InvalidVideoError, VideoTooLargeError
from reknown.biometrics.tracks import VideoInfo
from reknown.video.bounds import ADVICE
from reknown.video.containers import MOV, examine
from reknown.video.isobmff import has_index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_THREADS = 2
_MOST_SCALING = 2.0
_SKETCH_ROWS = 48
# What phones and archives use, and whose decoders are fuzzed as much as that of H.264; and those of
# older cameras, most of which share their code with MPEG-4's (docs/decisions/0032-formats.md).
_CODECS = frozenset({"h264", "hevc", "mpeg4", "vp8", "vp9", "av1"})
_OLD_CODECS = frozenset(
    {
        "mpeg1video", "mpeg2video", "mjpeg", "msmpeg4v2", "msmpeg4v3", "wmv1", "wmv2", "wmv3",
        "vc1", "h263", "flv1", "vp6f", "dvvideo", "gif",
    }
)  # fmt: skip
# In order of time an ordinary video repeats none; a few may be out of order after damage.
_MAX_DISORDER = 1000
_JPEG_RANGE = 2
_BROKE_OFF = (
    "its index is missing: the recording broke off, and nothing can be read without one; tools "
    "such as untrunc make it anew from a whole video of the same camera"
)
_LONGEST_MOMENT = 40
# Clocks that were never set start at 1904 or 1970.
_UNSET_YEAR = 1970


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """What a video may be at most; `hours` also of what its timestamps claim.

    `packets_a_second` may be read of what has been shown, and `spare_packets` more: what an edit
    leaves out is decoded all the same, and of damaged ones there may be an hour.

    The hours are Amazon's (https://docs.aws.amazon.com/rekognition/latest/dg/limits.html).
    """

    hours: float = 6.0
    max_side: int = 4096
    max_pixels: int = 4096 * 2304
    min_side: int = 80
    max_frames: int = 6 * 3600 * 120
    packets_a_second: int = 1000
    spare_packets: int = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded frame, `time_ms` after the first one; pixels are made when asked for.

    `turns` is how often it has to be turned by 90 degrees against the clock to be upright,
    `aspect` how much wider than high its pixels are to be shown.
    """

    time_ms: int
    raw: Any
    turns: int
    aspect: Fraction

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright image."""
        width, height = round(self.raw.width * self.aspect), self.raw.height
        return (height, width) if self.turns % 2 else (width, height)

    def pixels(self, side: int | None = None) -> NDArray[np.uint8]:
        """Upright RGB uint8 (height, width, 3), `side` pixels on its longer side if given.

        Small frames become twice as large at most.
        """
        width, height = round(self.raw.width * self.aspect), self.raw.height
        scale = 1.0 if side is None else min(_MOST_SCALING, side / max(width, height))
        size = {"width": max(1, round(width * scale)), "height": max(1, round(height * scale))}
        plain = self.raw.to_ndarray(format="rgb24", **size)
        return np.ascontiguousarray(np.rot90(plain, self.turns))

    def sketch(self) -> NDArray[np.float32]:
        """A coarse grid of its luminance, for telling one scene from another; not turned."""
        plane, bits = self.raw.planes[0], self.raw.format.components[0].bits
        deep = bits > 8
        luma = np.frombuffer(plane, "<u2" if deep else np.uint8)
        luma = luma.reshape(-1, plane.line_size // luma.itemsize)
        step = max(1, self.raw.height // _SKETCH_ROWS)
        packed = max(1, luma.shape[1] // max(self.raw.width, 1))
        across = slice(packed * (step // 2), self.raw.width * packed, step * packed)
        sampled = np.asarray(luma[step // 2 : self.raw.height : step, across], np.float32)
        return sampled / 2 ** (bits - 8) if deep else sampled


@dataclass(slots=True)
class Video:
    """An open video; `frames` may be read once.

    `info` knows which way is up from the first frame on, `warnings` are complete at the end.
    """

    info: VideoInfo
    limits: VideoLimits
    container: Any
    stream: Any
    warnings: list[str] = field(default_factory=list)
    shown_ms: int = 0

    def frames(self) -> Iterator[Frame]:
        """All frames in order of time.

        What cannot be decoded is passed over and told of in `warnings`.

        Raises `VideoTooLargeError`, and `InvalidVideoError` when nothing could be decoded.
        """
        first: Fraction | None = None
        last, disorder = -1, 0
        uprightness = Uprightness()
        for number, raw in enumerate(self._decoded(), 1):
            turns = uprightness.turns_of(raw)
            stamp = raw.dts if raw.pts is None else raw.pts
            if stamp is None or (raw.width, raw.height) != self._size():
                disorder += 1
            else:
                moment = stamp * Fraction(raw.time_base)
                first = moment if first is None else first
                time_ms = round((moment - first) * 1000)
                if time_ms > last:
                    if last < 0 and turns % 2:
                        width, height = self.info.height, self.info.width
                        self.info = replace(self.info, width=width, height=height)
                    last = self.shown_ms = time_ms
                    yield Frame(time_ms, raw, turns, aspect_of(self.stream))
                else:
                    disorder += 1
            self._check(number, disorder, last)
        if last < 0:
            raise InvalidVideoError("no frame of this video could be decoded: it is damaged")
        self._conclude(disorder, last)

    def _decoded(self) -> Iterator[Any]:
        broken = 0
        for number, packet in enumerate(self._packets(), 1):
            self._check_packets(number)
            try:
                for raw in packet.decode():
                    if raw.is_corrupt:
                        broken += 1
                    else:
                        yield raw
            except av.error.MemoryError:  # what the process may have is used up
                raise
            except av.error.FFmpegError:
                broken += 1
        if broken:
            self.warnings.append(f"{broken:,} damaged frames could not be decoded")

    def _packets(self) -> Iterator[Any]:
        for other in self.container.streams:
            if other is not self.stream:
                other.discard = Discard.all
        try:
            yield from self.container.demux(self.stream)
        except (av.error.InvalidDataError, av.error.EOFError, av.error.OSError) as error:
            self.warnings.append(f"the file is damaged or cut off: {_reason(error)}")

    def _size(self) -> tuple[int, int]:
        return self.stream.codec_context.width, self.stream.codec_context.height

    def _check_packets(self, number: int) -> None:
        limits = self.limits
        if number > limits.spare_packets + limits.packets_a_second * self.shown_ms / 1000:
            raise InvalidVideoError(
                f"{number:,} frames of which {self.shown_ms / 1000:.1f} seconds are shown: {ADVICE}"
            )

    def _check(self, number: int, disorder: int, last: int) -> None:
        if number > self.limits.max_frames:
            raise VideoTooLargeError(f"more than {self.limits.max_frames:,} frames")
        _check_hours(last, self.limits)
        if disorder > _MAX_DISORDER:
            raise InvalidVideoError(
                f"{disorder:,} frames have no time of their own: the file's timestamps are damaged"
            )

    def _conclude(self, disorder: int, last: int) -> None:
        if disorder:
            self.warnings.append(f"{disorder:,} frames with impossible timestamps were left out")
        missing = self.info.duration_ms - last
        if missing > max(2000, 0.1 * self.info.duration_ms):
            self.warnings.append(
                f"the video ends after {last / 1000:.1f} of the "
                f"{self.info.duration_ms / 1000:.1f} seconds that the file announces"
            )


@contextmanager
def open_video(file: BinaryIO, limits: VideoLimits = VideoLimits()) -> Iterator[Video]:
    """The video in a seekable file, from its beginning.

    Raises `InvalidVideoError` for what is not a video that can be read here, and
    `VideoTooLargeError`.
    """
    av.logging.set_level(None)
    form = examine(file)
    try:
        container = av.open(
            file,
            format=form,
            metadata_errors="replace",
            options=bounded_frames(limits),
        )
    except (av.error.FFmpegError, ValueError, OverflowError, MemoryError) as error:
        if form == MOV.form and not has_index(file):
            raise InvalidVideoError(_BROKE_OFF) from error
        raise InvalidVideoError(f"not a readable video: {_reason(error)}") from error
    with container:
        stream = video_stream(container)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = _THREADS
        stream.codec_context.options = bounded_frames(limits)
        info = _describe(container, stream, limits)
        yield Video(info, limits, container, stream)


def bounded_frames(limits: VideoLimits) -> dict[str, str]:
    """For decoders: a frame has a size of its own, whatever the file says."""
    return {"max_pixels": str(limits.max_pixels)}


def video_stream(container: Any) -> Any:
    """Its first stream of video; raises `InvalidVideoError` where there is none to decode."""
    streams = [s for s in container.streams.video if not _is_cover(s)]
    if not streams:
        raise InvalidVideoError("the file has no video stream, only sound or data")
    stream = streams[0]
    context = stream.codec_context
    if context is None or context.name is None:
        raise InvalidVideoError("the video stream is in an unknown format")
    if _codec(stream) not in _CODECS | _OLD_CODECS:
        raise InvalidVideoError(
            f"videos in the format {_codec(stream)} are not supported: "
            f"convert the video to H.264, or use one of {', '.join(sorted(_CODECS))}"
        )
    return stream


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _codec(stream: Any) -> str:
    # decoders have names of their own ("libdav1d"); the format's is what people know
    return str(stream.codec_context.codec.canonical_name)


def _describe(container: Any, stream: Any, limits: VideoLimits) -> VideoInfo:
    context = stream.codec_context
    width, height = context.width, context.height
    if not (width and height):
        raise InvalidVideoError("its frames cannot be read, or say that they are too large")
    size = f"{width} x {height} pixels"
    if max(width, height) > limits.max_side or width * height > limits.max_pixels:
        raise VideoTooLargeError(
            f"{size}: {limits.max_pixels:,} pixels and {limits.max_side:,} a side are allowed: "
            "scale the video down"
        )
    if min(width, height) < limits.min_side:
        raise InvalidVideoError(f"{size}: a side needs {limits.min_side} at least")
    duration = _duration_ms(container, stream)
    _check_hours(duration, limits)
    rate = stream.average_rate or stream.guessed_rate
    return VideoInfo(
        codec=_codec(stream),
        container=container.format.long_name,
        duration_ms=duration,
        frame_rate=float(rate) if rate else 0.0,
        width=round(width * aspect_of(stream)),
        height=height,
        full_range=context.color_range == _JPEG_RANGE,
        created=_created(container),
    )


def _created(container: Any) -> str | None:
    """When it was recorded, in ISO 8601: by the clock of the camera's place where it says so."""
    for name in ("com.apple.quicktime.creationdate", "creation_time"):
        with suppress(ValueError):
            moment = datetime.fromisoformat(container.metadata.get(name, "")[:_LONGEST_MOMENT])
            if moment.year > _UNSET_YEAR:
                return moment.isoformat()
    return None


def _duration_ms(container: Any, stream: Any) -> int:
    milliseconds = (container.duration or 0) / 1000
    if stream.duration and stream.time_base:
        milliseconds = float(stream.duration * stream.time_base * 1000)
    return max(0, round(milliseconds))


def _check_hours(milliseconds: int, limits: VideoLimits) -> None:
    if milliseconds > limits.hours * 3_600_000:
        raise VideoTooLargeError(
            f"{milliseconds / 3_600_000:.1f} hours: a video may last {limits.hours:g} at most"
        )


def aspect_of(stream: Any) -> Fraction:
    """Width of a pixel over its height; what no camera makes is taken for a square."""
    ratio = Fraction(stream.sample_aspect_ratio or 1)
    return ratio if Fraction(1, 4) <= ratio <= 4 else Fraction(1)


class Uprightness:
    """How frames have to be turned, asked for each of them as they come.

    A file says it for all; a camera may say it in the stream, with whole pictures, and means those
    in between, too. FFmpeg tells it of the latter with some formats only.
    """

    def __init__(self) -> None:
        self._turns = 0

    def turns_of(self, raw: Any) -> int:
        """How often it has to be turned by 90 degrees against the clock."""
        turns = int(round(raw.rotation / 90) % 4)
        if turns or raw.key_frame:
            self._turns = turns
        return self._turns


def _reason(error: Exception) -> str:
    """What went wrong, without addresses and paths."""
    if isinstance(error, MemoryError):
        return f"it asks for more memory than it may have: {ADVICE}"
    strerror = getattr(error, "strerror", None)
    return strerror.lower() if strerror else type(error).__name__
