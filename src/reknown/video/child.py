"""The process that analyses one video.

    python -m reknown.video.child PARENT ADDRESS_SPACE SECONDS SECONDS_A_SECOND SECONDS_A_FRAME

It reads a task from standard input, writes messages to standard output and ends.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import BinaryIO

from reknown.biometrics.errors import ReknownError, VideoWorkError
from reknown.confinement import (
    bound_memory,
    bound_processor_time,
    die_with_parent,
    give_up_network,
)
from reknown.video import messages
from reknown.video.bounds import ADVICE

_PROGRESS_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Allowance:
    """Processor time, in seconds: so much at first, and more for what it has got through.

    That is `a_second` for every second of video, but no more than `a_frame` for every frame: a
    leap of hours takes no work.
    """

    seconds: float
    a_second: float
    a_frame: float

    def after(self, done_ms: int, frames: int) -> int:
        """How much it may have taken in all by then."""
        return ceil(self.seconds + min(self.a_second * done_ms / 1000, self.a_frame * frames))


def main(parent: int, address_space: int, allowance: Allowance) -> None:
    """Works on the task of the process `parent`; errors become a message."""
    die_with_parent()
    give_up_network()
    bound_memory(address_space)
    bound_processor_time(allowance.after(0, 0))
    if os.getppid() != parent:  # it ended before we were to die with it
        sys.exit(1)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    # libraries must not write between our messages
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    teller = Teller(answers, allowance)
    try:
        _work(messages.read_task(sys.stdin.buffer.read()), teller)
    except ReknownError as error:
        teller.tell(messages.Failed(type(error).__name__, str(error)))
    except MemoryError:
        text = f"the video needs more memory than it may have: {ADVICE}"
        teller.tell(messages.Failed(VideoWorkError.__name__, text))


class Teller:
    """Sends messages; words of progress only so often, and each lets the work go on."""

    def __init__(self, answers: BinaryIO, allowance: Allowance) -> None:
        self._answers = answers
        self._allowance = allowance
        self._told = 0.0

    def tell(self, message: messages.Message) -> None:
        """Sends one message, whole."""
        data = memoryview(messages.encode(message))
        while data:
            data = data[self._answers.write(data) :]

    def progress(self, done_ms: int, total_ms: int, frames: int) -> None:
        """Sends how far it is, unless it was said just now."""
        now = time.monotonic()
        if now - self._told >= _PROGRESS_SECONDS:
            self._told = now
            bound_processor_time(self._allowance.after(done_ms, frames))
            self.tell(messages.Progress(done_ms, total_ms, frames))


def _work(task: messages.Task, teller: Teller) -> None:
    if isinstance(task, messages.Annotate):
        _annotate(task, teller)
    elif isinstance(task, messages.Probe):
        _probe(task, teller)
    elif isinstance(task, messages.ReadText):
        _read(task, teller)
    else:
        _analyse(task, teller)


def _annotate(task: messages.Annotate, teller: Teller) -> None:
    from reknown.video.annotate import annotate  # noqa: PLC0415

    output = os.fdopen(task.output, "w+b")  # never closed: on a full disk that would fail again
    with os.fdopen(task.video, "rb") as file:
        warnings = annotate(file, task.marks, output, teller.progress)
    teller.tell(messages.Annotated(warnings))


def _probe(task: messages.Probe, teller: Teller) -> None:
    from reknown.video.decode import open_video  # noqa: PLC0415

    with os.fdopen(task.video, "rb") as file, open_video(file) as video:
        next(video.frames(), None)
    teller.tell(messages.Probed(video.info))


def _read(task: messages.ReadText, teller: Teller) -> None:
    from reknown.video.texts import read_video  # noqa: PLC0415
    from reknown.vision.load import load_reader  # noqa: PLC0415
    from reknown.vision.packs.store import PackStore  # noqa: PLC0415

    reader = load_reader(PackStore(Path(task.cache), [Path(task.packs)]), task.pack)
    with os.fdopen(task.video, "rb") as file:
        found = read_video(file, reader, task.wanted, teller.progress)
    for frame in found.frames:
        teller.tell(messages.ReadFrame(frame))
    teller.tell(
        messages.TextRead(found.info, found.sha256, found.model, found.warnings, found.looked)
    )


def _analyse(task: messages.Analyse, teller: Teller) -> None:
    # imported here, when the process is confined already
    from reknown.video.analysis import AnalysisSettings, analyse  # noqa: PLC0415
    from reknown.vision.load import load_engine  # noqa: PLC0415
    from reknown.vision.packs.store import PackStore  # noqa: PLC0415

    engine = load_engine(PackStore(Path(task.cache), [Path(task.packs)]), task.pack)
    with os.fdopen(task.video, "rb") as file:
        settings = AnalysisSettings(cut_outs=task.cut_outs, attributes=task.attributes)
        found = analyse(file, engine, settings, teller.progress)
    for track in found.tracks:
        template = track.template.astype("<f4").tobytes()
        teller.tell(messages.FoundTrack(track.person, track.observations, track.shots, template))
    teller.tell(
        messages.Analysed(found.info, found.sha256, found.space, found.warnings, found.effort)
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Allowance(*map(float, sys.argv[3:])))
