from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reknown.biometrics.geometry import BoundingBox
from reknown.xmp.regions import (
    Region,
    Regions,
    clean_name,
    pair_faces,
    stored_size,
    turned,
    turned_back,
    within_image,
)

# What Pillow does to stored pixels to have them upright.
_UPRIGHT = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@pytest.mark.parametrize("orientation", _UPRIGHT)
def test_a_box_turns_as_the_pixels_do(orientation: int) -> None:
    pixels = np.zeros((60, 80), np.uint8)
    pixels[6:18, 8:40] = 255
    stored = BoundingBox(8 / 80, 6 / 60, 32 / 80, 12 / 60)
    transposition = _UPRIGHT[orientation]
    image = Image.fromarray(pixels)
    upright = image if transposition is None else image.transpose(transposition)
    left, top, right, bottom = turned(stored, orientation).pixels(*upright.size)
    white = np.asarray(upright) == 255
    assert white[top:bottom, left:right].all()
    assert white.sum() == (right - left) * (bottom - top)
    assert stored_size(*upright.size, orientation) == (80, 60)


_SHARES = st.floats(0, 1)


@given(st.builds(BoundingBox, _SHARES, _SHARES, _SHARES, _SHARES), st.integers(1, 8))
def test_turning_back_is_the_way_back(box: BoundingBox, orientation: int) -> None:
    back = turned_back(turned(box, orientation), orientation)
    assert astuple(back) == pytest.approx(astuple(box), abs=1e-9)


def test_the_same_face_is_framed_tightly_or_widely() -> None:
    face, head = BoundingBox(0.4, 0.4, 0.1, 0.15), BoundingBox(0.35, 0.33, 0.2, 0.28)
    neighbour = BoundingBox(0.5, 0.4, 0.1, 0.15)
    assert pair_faces([face], [neighbour, head]) == {0: 1}
    assert pair_faces([face], [neighbour]) == {}
    assert pair_faces([face], [BoundingBox(0, 0, 1, 1)]) == {}


@pytest.mark.parametrize(
    ("size", "fits"),
    [
        (None, True),
        ((4000, 3000), True),
        ((1000, 750), True),
        ((3000, 4000), True),  # turned, by programs that say the upright size
        ((1000, 745), True),  # rounded
        ((1000, 1000), False),
        ((4000, 2250), False),
    ],
)
def test_regions_of_another_shape_are_of_another_image(
    size: tuple[int, int] | None, fits: bool
) -> None:
    assert Regions((), size).are_of(4000, 3000) is fits


def test_labels_are_what_somebody_has_named() -> None:
    box = BoundingBox(0, 0, 1, 1)
    named, nameless, proposed = Region("Ada", box), Region("", box), Region("Bea", box, True)
    assert Regions((named, nameless, proposed)).labels == (named,)


def test_names_are_on_one_line_and_in_one_spelling() -> None:
    assert clean_name("  Zoe\u0308 \n\t Müller\x1b[2J ") == "Zoë Müller\ufffd[2J"


def test_only_what_is_in_the_image_can_be_said() -> None:
    box = within_image(BoundingBox(-0.1, 0.9, 0.3, 0.3))
    assert astuple(box) == pytest.approx((0, 0.9, 0.2, 0.1))
    assert within_image(BoundingBox(1.2, 0, 0.1, 0.1)).area == 0
