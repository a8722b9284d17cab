"""Analysing a video in a process of its own that can be stopped and is bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.biometrics.tracks import VideoAnalysis

# Called with (milliseconds of video done, milliseconds in all, 0 if unknown, frames decoded).
Progress = Callable[[int, int, int], None]


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """What the process needs: the pack's name and where packs are kept; `pictures` asks for
    cut-outs of the best shots."""

    pack: str
    cache: Path
    packs: Path
    pictures: bool = False


def analyse_isolated(
    file: BinaryIO, request: AnalysisRequest, progress: Progress | None = None
) -> VideoAnalysis:
    """All faces of the video in `file`, a real and seekable file (it has a `fileno`).

    An exception of `progress` stops the process and passes through.

    Raises `InvalidVideoError`, `VideoTooLargeError`, `VideoWorkError`, `ModelError`.
    """
    raise NotImplementedError
