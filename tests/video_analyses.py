"""Analyses of videos made up for tests of what comes after them."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from reknown.biometrics.tracks import Effort, Observation, Shot, Track, VideoAnalysis, VideoInfo
from video_faces import face, turned_away

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reknown.biometrics.templates import TemplateSpace

INFO = VideoInfo("h264", "QuickTime / MOV", 10_000, 25.0, 640, 360, False)
SHA256 = "5e" * 32


def track(
    template: NDArray[np.float32],
    from_ms: int = 0,
    to_ms: int = 1000,
    person: int = 0,
    *,
    best_ms: int | None = None,
    at: tuple[float, float] = (0.5, 0.5),
    image: tuple[int, int, int] | None = None,
) -> Track:
    """A face that stays `at` its place; `image` is the colour of its shot's cut-out."""
    shown = face(*at)
    seen = [Observation(t, shown) for t in (*range(from_ms, to_ms, 200), to_ms)]
    middle = (from_ms + to_ms) // 2 if best_ms is None else best_ms
    jpeg = b"" if image is None else plain_jpeg(image)
    return Track(person, tuple(seen), (Shot(middle, shown, jpeg),), template)


def turned(seen: Track) -> Track:
    """The same track with a view that would not be enrolled."""
    (shot,) = seen.shots
    return replace(seen, shots=(replace(shot, face=turned_away()),))


def analysis(
    space: TemplateSpace,
    tracks: Sequence[Track],
    *,
    sha256: str = SHA256,
    warnings: Sequence[str] = (),
) -> VideoAnalysis:
    """What `analyse_isolated` would have answered."""
    effort = Effort(250, 50, 9, {"decode": 1.0})
    return VideoAnalysis(INFO, sha256, space, tuple(tracks), tuple(warnings), effort)


def towards(
    vector: NDArray[np.float32], score: float, seed: int = 0, length: float = 1.0
) -> NDArray[np.float32]:
    """A vector that scores just that with the unit vector `vector`, and is `length` long."""
    other = np.random.default_rng(seed).normal(size=len(vector))
    other -= (other @ vector) * vector
    other /= np.linalg.norm(other)
    return np.asarray(score * vector + np.sqrt(length**2 - score**2) * other, np.float32)


def plain_jpeg(colour: tuple[int, int, int], size: tuple[int, int] = (80, 80)) -> bytes:
    """An image of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG")
    return buffer.getvalue()
