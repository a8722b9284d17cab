"""What a worker does with a video whose text is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.word_filter import WordFilter
from reknown.biometrics.words import numbered
from reknown.jobs import results
from reknown.ledger.records import ReadTextRecord
from reknown.services.images.text import PACK
from reknown.services.videos.job_records import BY_TIME, SeenText

if TYPE_CHECKING:
    from typing import BinaryIO

    from reknown.biometrics.words import VideoReading
    from reknown.jobs.results import ResultPart
    from reknown.services.context import Platform
    from reknown.services.videos.job_records import JobRequest
    from reknown.video.isolation import Progress


@dataclass(frozen=True, slots=True, eq=False)
class TextSeen:
    """What was read, and the lines and words of it that are wanted, in order of time."""

    reading: VideoReading
    entries: tuple[SeenText, ...]

    def record(self, job_id: str) -> ReadTextRecord:
        """What the ledger keeps of it."""
        reading = self.reading
        words = sum(entry.found.line is not None for entry in self.entries)
        return ReadTextRecord(reading.sha256, "video", reading.pack, reading.model, words, job_id)

    def parts(self) -> list[ResultPart]:
        """As results to be stored."""
        return results.pack(BY_TIME, self.entries)


def see_text(
    platform: Platform, file: BinaryIO, wanted: JobRequest, progress: Progress
) -> TextSeen:
    """Reads the video in the file; raises `VideoError`, `ModelError`, what `progress` raises."""
    words = wanted.words or WordFilter()
    reading = platform.executor.read_video(file, PACK, words, progress)
    entries = (
        SeenText(frame.time_ms, found)
        for frame in reading.frames
        for found in numbered(frame.lines)
    )
    return TextSeen(reading, tuple(entries))
