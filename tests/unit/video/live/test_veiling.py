from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import videos
from reknown.biometrics.geometry import BoundingBox
from reknown.video.live.veiling import veil
from reknown.vision.analyze import Look

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine

    Pixels = NDArray[np.uint8]

MOST_CELLS = 8
places = st.floats(-0.5, 1.2)
sizes = st.floats(0, 1.5)
boxes = st.lists(st.builds(BoundingBox, places, places, sizes, sizes), max_size=3)


def noise(height: int, width: int, seed: int = 0) -> Pixels:
    """A frame in which no two pixels are alike, nearly."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def inside(shape: tuple[int, int], found: list[BoundingBox], factor: float) -> NDArray[np.bool_]:
    """Which pixels lie in one of the boxes made larger by the factor, or touch it."""
    height, width = shape
    mask = np.zeros(shape, bool)
    for box in found:
        left, right = (
            box.left + box.width * (0.5 - factor / 2),
            box.left + box.width * (0.5 + factor / 2),
        )
        top, bottom = (
            box.top + box.height * (0.5 - factor / 2),
            box.top + box.height * (0.5 + factor / 2),
        )
        columns, rows = np.arange(width), np.arange(height)
        across = (columns + 1 > left * width) & (columns < right * width)
        down = (rows + 1 > top * height) & (rows < bottom * height)
        mask |= down[:, None] & across[None, :]
    return mask


@given(st.integers(1, 90), st.integers(1, 90), boxes, boxes)
def test_outside_known_faces_no_cell_keeps_more_than_one_colour(
    height: int, width: int, known: list[BoundingBox], others: list[BoundingBox]
) -> None:
    pixels = noise(height, width)
    made = veil(pixels, known, others)
    assert made.shape == pixels.shape
    hidden = inside((height, width), others, 1.59)
    clear = inside((height, width), known, 1.31) & ~hidden
    assert (made[hidden] == 128).all()
    # what depends on the pixels at all is a colour for each of a few large cells
    plain = veil(pixels, [], [])
    covered = ~clear & ~inside((height, width), others, 1.61)
    assert (made[covered] == plain[covered]).all()
    for side, other in ((height, width), (width, height)):
        lines = plain if side == height else plain.swapaxes(0, 1)
        edges = (lines[1:] != lines[:-1]).any(axis=(1, 2)).sum()
        assert edges < max(round(side * MOST_CELLS / min(side, other)), 1)
    assert (plain % 16 == 8).all()


@given(boxes)
def test_the_boxes_of_known_faces_are_as_they_were(known: list[BoundingBox]) -> None:
    pixels = noise(60, 80)
    clear = inside((60, 80), known, 1.29)
    assert (veil(pixels, known, [])[clear] == pixels[clear]).all()


def test_the_frame_itself_stays_as_it_was() -> None:
    pixels = noise(40, 60)
    before = pixels.copy()
    veil(pixels, [BoundingBox(0.2, 0.2, 0.3, 0.3)], [BoundingBox(0, 0, 0.2, 0.2)])
    assert (pixels == before).all()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 1.0])
def test_no_face_in_the_mosaic_is_found_or_searches_to_its_person(
    engine: Engine, share: float
) -> None:
    """Also not those that were never detected, and that fill the frame."""
    assert engine.calibration is not None
    side = round(480 * share)
    for actor in (videos.eileen(side), videos.grace(side)):
        ((frame, _),) = videos.scene([0], [(actor, videos.still((0.5, 0.5)))], (640, 480))
        (face,) = engine.detect(frame, Look.POSE)
        ((_, whole),) = engine.extract(frame, [face])
        for box in ([], [face.box]):
            hidden = veil(frame, [], box)
            assert not engine.detect(hidden, Look.POSE)
            # told where it was, it still resembles no more than a stranger does
            ((_, left),) = engine.extract(hidden, [face])
            assert engine.calibration.similarity(float(whole.vector @ left.vector)) < 50
