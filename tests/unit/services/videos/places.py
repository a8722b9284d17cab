"""Fixtures of a worker that needs neither videos nor a store of them."""

from __future__ import annotations

import io
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO

import pytest

from reknown.biometrics.errors import ObjectNotFoundError
from reknown.biometrics.words import TextFrame
from reknown.services.videos.work import Watch, WorkerContext
from video_findings import analysis, reading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reknown.biometrics.tracks import VideoAnalysis
    from reknown.biometrics.word_filter import WordFilter
    from reknown.biometrics.words import VideoReading
    from reknown.jobs.queue import Job, State
    from reknown.objects.base import ObjectFolder, ObjectNames
    from reknown.services.context import Context
    from reknown.video.isolation import Progress
    from reknown.vision.analyze import Engine
    from reknown.vision.extraction import Extraction, ExtractionPolicy
    from reknown.vision.images import DecodedImage
    from reknown.vision.text.reading import Reading

QUIET = Watch(lambda: None, nullcontext)


@dataclass
class Objects:
    """A store of one bucket, "media"; `sizes` by key."""

    sizes: dict[str, int] = field(default_factory=lambda: {"a.mp4": 1000})

    def size(self, bucket: str, key: str, version: str | None) -> int:
        if bucket != "media" or key not in self.sizes:
            raise ObjectNotFoundError
        return self.sizes[key]

    def open(self, bucket: str, key: str, version: str | None, max_bytes: int) -> BinaryIO:
        self.size(bucket, key, version)
        return io.BytesIO(b"video")

    def read(self, bucket: str, key: str, version: str | None, max_bytes: int) -> bytes:
        raise NotImplementedError

    def buckets(self) -> Sequence[str]:
        raise NotImplementedError

    def list_folder(self, where: ObjectFolder) -> ObjectNames:
        raise NotImplementedError


@dataclass
class Analyst:
    """An executor that says what it was made to say of every video.

    `answers` are for videos looked at with these packs, `answer` is for all others; `asked` has
    the packs it was asked for. `reading` is the text of every video. `before` is called at the
    beginning of each analysis, `after_progress` once it has said how far it is.
    """

    answer: VideoAnalysis | BaseException
    answers: dict[str, VideoAnalysis] = field(default_factory=dict)
    reading: VideoReading = field(default_factory=reading)
    asked: list[str] = field(default_factory=list)
    attributes: list[bool] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    after_progress: Callable[[], None] = lambda: None
    capacity: int = 1

    def analyse(
        self,
        file: BinaryIO,
        pack: str,
        progress: Progress,
        *,
        cut_outs: bool = False,
        attributes: bool = False,
    ) -> VideoAnalysis:
        assert file.read() == b"video"
        assert not cut_outs
        self.asked.append(pack)
        self.attributes.append(attributes)
        self.before()
        progress(0, 4000, 1)
        self.after_progress()
        answer = self.answers.get(pack, self.answer)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def read_video(
        self, file: BinaryIO, pack: str, wanted: WordFilter, progress: Progress
    ) -> VideoReading:
        assert file.read() == b"video"
        self.asked.append(pack)
        self.before()
        progress(0, 4000, 1)
        frames = (TextFrame(f.time_ms, wanted.of(f.lines)) for f in self.reading.frames)
        return replace(self.reading, frames=tuple(f for f in frames if f.lines))

    def extract(self, data: bytes, policy: ExtractionPolicy) -> Extraction:
        raise NotImplementedError

    def abandon(self) -> None:
        raise NotImplementedError

    def decode(self, data: bytes) -> DecodedImage:
        raise NotImplementedError

    def read(self, data: bytes, pack: str, wanted: WordFilter) -> Reading:
        raise NotImplementedError


def _notice(job: Job, state: State) -> str:
    return f"{job.kind} {state.value}"


@pytest.fixture
def objects() -> Objects:
    return Objects()


@pytest.fixture
def analyst(engine: Engine) -> Analyst:
    return Analyst(analysis(engine.space))


@pytest.fixture
def worker_context(context: Context, objects: Objects, analyst: Analyst) -> WorkerContext:
    platform = replace(context.platform, executor=analyst, objects=objects)
    return WorkerContext(platform, _notice, webhook=True)
