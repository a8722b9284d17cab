"""A video -> the text of its frames: looked at where something has changed, and now and then."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from reknown.biometrics.words import TextFrame, VideoReading
from reknown.video.analysis import digest
from reknown.video.decode import VideoLimits, open_video
from reknown.video.sampling import SamplingSettings, Windows
from reknown.vision.batch import available_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from reknown.biometrics.word_filter import WordFilter
    from reknown.video.analysis import Progress
    from reknown.video.decode import Frame, Video
    from reknown.vision.text.reader import TextReader


@dataclass(frozen=True, slots=True)
class ReadingSettings:
    """Frames are read at `side` pixels a side, `ahead` of them are in memory at a time.

    Text stays for longer than a face holds still, and reading takes longer than looking for faces.
    """

    side: int = 1280
    ahead: int = 3
    limits: VideoLimits = VideoLimits()
    sampling: SamplingSettings = SamplingSettings(step_ms=500, rest_ms=1000)


def read_video(
    file: BinaryIO,
    reader: TextReader,
    wanted: WordFilter,
    progress: Progress,
    settings: ReadingSettings = ReadingSettings(),
) -> VideoReading:
    """The words wanted of the video in a seekable file.

    Raises `InvalidVideoError` or `VideoTooLargeError`, and whatever `progress` raises.
    """
    sha256 = digest(file, progress)
    with open_video(file, settings.limits) as video:
        windows = Windows(settings.sampling).of(_told(video, progress))
        looked = (window.frames[-1] for window in windows if not window.still)
        with ThreadPoolExecutor(available_cores()) as pool:

            def read(frame: Frame) -> Future[TextFrame]:
                return pool.submit(_read, reader, frame, settings.side, wanted)

            frames = tuple(_ahead(map(read, looked), settings.ahead))
        return VideoReading(
            video.info,
            sha256,
            reader.pack,
            reader.model,
            tuple(frame for frame in frames if frame.lines),
            tuple(video.warnings),
            len(frames),
        )


def _read(reader: TextReader, frame: Frame, side: int, wanted: WordFilter) -> TextFrame:
    return TextFrame(frame.time_ms, reader.read(frame.pixels(side), wanted))


def _ahead(futures: Iterable[Future[TextFrame]], most: int) -> Iterator[TextFrame]:
    """The results in order, while no more than that many are being made."""
    pending: deque[Future[TextFrame]] = deque()
    try:
        for future in futures:
            pending.append(future)
            if len(pending) > most:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()


def _told(video: Video, progress: Callable[[int, int, int], None]) -> Iterator[Frame]:
    """The frames of the video, with word of how far it is."""
    for number, frame in enumerate(video.frames(), 1):
        progress(frame.time_ms, video.info.duration_ms, number)
        yield frame
