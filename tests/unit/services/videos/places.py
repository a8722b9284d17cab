"""Fixtures of a place to work on videos at, without any video."""

from __future__ import annotations

import io
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

import pytest
from reknown.services.video_work import Packs, Watch, Workplace

from reknown.biometrics.errors import ObjectNotFoundError
from video_findings import analysis

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.biometrics.tracks import VideoAnalysis
    from reknown.jobs.queue import Job, State
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine

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


@dataclass
class Analyst:
    """Says what it was made to say of every video; `asked` has the packs it was asked for."""

    answer: VideoAnalysis | BaseException
    asked: list[str] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    def analyse(self, file: BinaryIO, pack: str, alive: Callable[[], None]) -> VideoAnalysis:
        assert file.read() == b"video"
        self.asked.append(pack)
        self.before()
        alive()
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def _tell(job: Job, state: State) -> str:
    return f"{job.kind} {state.value}"


@pytest.fixture
def objects() -> Objects:
    return Objects()


@pytest.fixture
def analyst(engine: Engine) -> Analyst:
    return Analyst(analysis(engine.space))


@pytest.fixture
def place(database: Database, engine: Engine, objects: Objects, analyst: Analyst) -> Workplace:
    packs = Packs("opencv", analyst.analyse, lambda _: engine.calibration)
    return Workplace(database, objects, packs, _tell, webhook=True)
