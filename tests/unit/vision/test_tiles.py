from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import videos
from reknown.cli.demo_images import EILEEN, GRACE
from reknown.vision.analyze import Look
from reknown.vision.second_look import look
from reknown.vision.tiles import LARGE, detect_in_parts, windows
from video_faces import face

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.vision.analyze import Engine

    Pixels = NDArray[np.uint8]


def _panorama(side: int, *places: tuple[int, int]) -> Pixels:
    """Portraits of so many pixels on grey."""
    canvas = np.full((1400, LARGE, 3), 110, np.uint8)
    for portrait, (left, top) in zip((EILEEN, GRACE) * len(places), places, strict=False):
        small = np.asarray(videos.person(portrait, side).convert("RGB"))
        canvas[top : top + side, left : left + side] = small
    return canvas


@given(st.integers(80, 10_000), st.integers(80, 10_000))
def test_parts_are_everywhere_and_not_too_many(width: int, height: int) -> None:
    parts = list(windows(width, height))
    for side, first, last in ((width, "left", "right"), (height, "top", "bottom")):
        spans = sorted({(getattr(part, first), getattr(part, last)) for part in parts})
        assert (spans[0][0], spans[-1][1]) == (0, side)
        assert all(a[1] - b[0] >= 200 for a, b in pairwise(spans))
    if width * height <= 50_000_000:
        assert len(parts) <= 60


@pytest.fixture(scope="module")
def crowd() -> Pixels:
    """Faces of some fifty pixels: in the middle of a part, where parts meet, at an edge."""
    return _panorama(120, (300, 300), (1_050, 600), (3_180, 1_040), (5_870, 900))


def test_small_faces_are_found_once_each_wherever_parts_meet(engine: Engine, crowd: Pixels) -> None:
    assert len(engine.detect(crowd)) < 4
    found = detect_in_parts(engine, crowd, Look.GLANCE)
    lefts = sorted(face.box.left * LARGE for face in found)
    assert len(found) == 4
    for left, portrait in zip(lefts, (300, 1_050, 3_180, 5_870), strict=True):
        assert portrait < left < portrait + 90


def test_a_large_face_is_found_whole_and_once(engine: Engine) -> None:
    found = detect_in_parts(engine, _panorama(1_200, (700, 100)), Look.GLANCE)
    assert len(found) == 1
    assert 300 < found[0].box.width * LARGE < 900


@dataclass
class _Sees:
    """An engine that finds the same in every part."""

    found: tuple[DetectedFace, ...]
    sure: float = 0.8
    parts: int = 0

    @property
    def detector(self) -> Any:
        return self

    def detect(self, pixels: Pixels, *_: object) -> tuple[DetectedFace, ...]:
        self.parts += 1
        return () if pixels.shape[1] == LARGE else self.found


def test_what_only_a_part_shows_has_to_be_sure() -> None:
    canvas = np.zeros((1_280, LARGE, 3), np.uint8)
    small = replace(face(), box=replace(face().box, left=0.5, top=0.5, width=0.05, height=0.05))
    for confidence, count in ((0.79, 0), (0.8, 6)):
        engine = _Sees((replace(small, confidence=confidence),))
        found = detect_in_parts(cast("Engine", engine), canvas, Look.GLANCE)
        assert (len(found), engine.parts) == (count, 7)


@pytest.mark.parametrize(("width", "parts"), [(LARGE, 7), (LARGE - 1, 1)])
def test_what_is_large_is_looked_at_in_parts_and_nothing_else(width: int, parts: int) -> None:
    engine = _Sees((face(),))
    look(cast("Engine", engine), np.zeros((1_280, width, 3), np.uint8), looks=())
    assert engine.parts == parts
