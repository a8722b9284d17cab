"""Work on videos from strangers in a process of its own, which can be stopped and is bounded.

The process gets the open file, no name of it, no database and, where the system allows, no
network. What it sends back is checked against fixed types: an attacker who takes it over through
a fault in a decoder can lie about the video, and nothing else.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from reknown.biometrics.errors import (
    InputError,
    InvalidVideoError,
    ModelFileError,
    ModelNotFoundError,
    VideoTooLargeError,
    VideoWorkError,
)
from reknown.biometrics.tracks import Track, VideoAnalysis, VideoInfo
from reknown.biometrics.words import TextFrame, VideoReading
from reknown.video import messages
from reknown.video.bounds import ADVICE
from reknown.video.containers import REQUESTED, examine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reknown.biometrics.templates import TemplateSpace
    from reknown.biometrics.word_filter import WordFilter
    from reknown.video.marks import Mark

# (milliseconds of video done, milliseconds in all or 0 if unknown, frames decoded)
Progress = Callable[[int, int, int], None]

_ERRORS: dict[str, type[Exception]] = {
    kind.__name__: kind
    for kind in (
        InputError,
        InvalidVideoError,
        ModelFileError,
        ModelNotFoundError,
        VideoTooLargeError,
        VideoWorkError,
    )
}
_POLL_SECONDS = 0.2
# A slow machine reads and hashes at least as fast.
_BYTES_A_SECOND = 50_000_000


@dataclass(frozen=True, slots=True)
class WorkLimits:
    """What the process may take.

    `address_space` in bytes; `silent_seconds` without word of progress; `seconds` in all, and
    `times_real` seconds more for every second of video that it has got through.

    All its threads together compute for `processor_seconds`, and for every second of video
    `processor_times_real` more, but no more than `processor_a_frame` for every frame. An honest
    video takes a tenth of that: unlike the others, this limit does not count waiting.
    """

    address_space: int = 6 * 2**30
    processor_seconds: float = 60.0
    processor_times_real: float = 60.0
    processor_a_frame: float = 5.0
    silent_seconds: float = 120.0
    seconds: float = 600.0
    times_real: float = 10.0


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """What to analyse with: the name of a pack, and where packs and converted models are kept.

    `cut_outs` asks for cut-outs of the best shots, `attributes` for what faces do.
    """

    pack: str
    cache: Path
    packs: Path
    cut_outs: bool = False
    attributes: bool = False


def analyse_isolated(
    file: BinaryIO,
    request: AnalysisRequest,
    progress: Progress | None = None,
    limits: WorkLimits = WorkLimits(),
) -> VideoAnalysis:
    """All faces of the video in `file`, which has to be a real file (with a `fileno`).

    `progress` is called every now and then; what it raises stops the process and passes
    through.

    Raises `InvalidVideoError`, `VideoTooLargeError`, `VideoWorkError`, `ModelError`.
    """
    examine(file)  # before anything is started for it
    task = messages.Analyse(
        video=file.fileno(),
        pack=request.pack,
        cache=str(request.cache),
        packs=str(request.packs),
        cut_outs=request.cut_outs,
        attributes=request.attributes,
    )
    found: list[messages.FoundTrack] = []
    for message in run_isolated(task, [file.fileno()], progress, limits):
        if isinstance(message, messages.FoundTrack):
            found.append(message)
        elif isinstance(message, messages.Analysed):
            return VideoAnalysis(
                message.info,
                message.sha256,
                message.space,
                tuple(_track(track, message.space) for track in found),
                message.warnings,
                message.effort,
            )
    raise _broken("it ended without an answer")


def read_isolated(
    file: BinaryIO,
    request: AnalysisRequest,
    wanted: WordFilter,
    progress: Progress | None = None,
    limits: WorkLimits = WorkLimits(),
) -> VideoReading:
    """The words wanted of the video in `file`; as `analyse_isolated` otherwise."""
    examine(file)
    cache, packs = str(request.cache), str(request.packs)
    task = messages.ReadText(file.fileno(), request.pack, cache, packs, wanted)
    frames: list[TextFrame] = []
    for message in run_isolated(task, [file.fileno()], progress, limits):
        if isinstance(message, messages.ReadFrame):
            frames.append(message.frame)
        elif isinstance(message, messages.TextRead):
            return VideoReading(
                message.info,
                message.sha256,
                request.pack,
                message.model,
                tuple(frames),
                message.warnings,
                message.looked,
            )
    raise _broken("it ended without an answer")


def annotate_isolated(
    file: BinaryIO,
    marks: Sequence[Mark],
    output: BinaryIO,
    progress: Progress | None = None,
    limits: WorkLimits = WorkLimits(),
) -> tuple[str, ...]:
    """Writes the video in `file` to `output`, marked (`annotate.py`); answers with warnings.

    Both have to be real files. Raises `InvalidVideoError`, `VideoTooLargeError`,
    `VideoWorkError`; what is written then is of no use.
    """
    examine(file)
    task = messages.Annotate(file.fileno(), output.fileno(), tuple(marks))
    for message in run_isolated(task, [task.video, task.output], progress, limits):
        if isinstance(message, messages.Annotated):
            return message.warnings
    raise _broken("it ended without an answer")


def probe_isolated(file: BinaryIO, limits: WorkLimits = WorkLimits()) -> VideoInfo:
    """What the video in `file` says of itself, if its first frame can be read.

    Of the kinds that are taken from strangers. Raises as `analyse_isolated`.
    """
    examine(file, REQUESTED)
    for message in run_isolated(messages.Probe(file.fileno()), [file.fileno()], None, limits):
        if isinstance(message, messages.Probed):
            return message.info
    raise _broken("it ended without an answer")


def run_isolated(
    task: messages.Task,
    descriptors: Sequence[int],
    progress: Progress | None = None,
    limits: WorkLimits = WorkLimits(),
) -> Iterator[messages.Message]:
    """What the task answers, without its words of progress; ends when the process does.

    Raises the errors that the task reports, and `VideoWorkError` for limits and breakdowns.
    """
    with _process(task, descriptors, limits) as process:
        for message in _received(process, limits):
            if isinstance(message, messages.Progress):
                if progress is not None:
                    progress(message.done_ms, message.total_ms, message.frames)
            elif isinstance(message, messages.Failed):
                raise _ERRORS.get(message.kind, VideoWorkError)(message.text)
            else:
                yield message


@contextmanager
def _process(
    task: messages.Task, descriptors: Sequence[int], limits: WorkLimits
) -> Iterator[subprocess.Popen[bytes]]:
    module = ("-I", "-m", "reknown.video.child")
    size = os.fstat(task.video).st_size
    words = (
        os.getpid(),
        limits.address_space,
        limits.processor_seconds + size / _BYTES_A_SECOND,
        limits.processor_times_real,
        limits.processor_a_frame,
    )
    command = [sys.executable, *module, *map(str, words)]
    process = subprocess.Popen(  # noqa: S603 - our own module, no word of a stranger's
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=tuple(descriptors),
        start_new_session=True,  # Ctrl-C is for the one who waits, who then stops this one
    )
    try:
        assert process.stdin is not None
        process.stdin.write(messages.encode(task))
        process.stdin.close()
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _received(process: subprocess.Popen[bytes], limits: WorkLimits) -> Iterator[messages.Message]:
    """The messages of the process, until it closes its end."""
    assert process.stdout is not None
    reader = messages.Reader()
    started = heard = time.monotonic()
    done_ms = 0
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            ready = selector.select(_POLL_SECONDS)
            # an answer that comes too late is no answer, however late this process looks
            _check_time(time.monotonic(), started, heard, done_ms, limits)
            if not ready:
                continue
            data = os.read(process.stdout.fileno(), 1 << 16)
            if not data:
                break
            for message in _understood(reader, data):
                if isinstance(message, messages.Progress):
                    done_ms = max(done_ms, message.done_ms)
                yield message
            heard = time.monotonic()
    _check_end(process.wait())


def _understood(reader: messages.Reader, data: bytes) -> Iterator[messages.Message]:
    try:
        yield from reader.feed(data)
    except ValueError as error:
        raise _broken("its answer makes no sense") from error


def _track(message: messages.FoundTrack, space: TemplateSpace) -> Track:
    """The track, as far as it can be checked."""
    if not message.observations or not message.shots:
        raise _broken("it found a track without a sighting")
    if len(message.template) != 4 * space.dimension:
        raise _broken("it made a template of another space")
    vector = np.frombuffer(message.template, "<f4").astype(np.float32)
    if not np.isfinite(vector).all():
        raise _broken("it made an invalid template")
    try:
        for face in (*(o.face for o in message.observations), *(s.face for s in message.shots)):
            face.box.require_plausible()
    except InputError as error:
        raise _broken("it found a face in no place") from error
    return Track(message.person, message.observations, message.shots, vector)


def _check_time(now: float, started: float, heard: float, done_ms: int, limits: WorkLimits) -> None:
    if now - heard > limits.silent_seconds:
        raise VideoWorkError(
            f"the video kept its decoder busy for {limits.silent_seconds:.0f} seconds without "
            f"progress: {ADVICE}"
        )
    if now - started > limits.seconds + limits.times_real * done_ms / 1000:
        raise _too_slow()


def _check_end(status: int) -> None:
    if status == 0:
        return
    if status == -signal.SIGXCPU:
        raise _too_slow()
    if status == -signal.SIGKILL:
        raise _broken("it was killed, perhaps for lack of memory")
    how = f"signal {-status}" if status < 0 else f"status {status}"
    raise _broken(f"it ended with {how}")


def _too_slow() -> VideoWorkError:
    return VideoWorkError(f"the video takes too much time: cut it, or {ADVICE}")


def _broken(how: str) -> VideoWorkError:
    return VideoWorkError(f"video analysis crashed: {how}")
