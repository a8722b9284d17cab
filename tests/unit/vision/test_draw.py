from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reknown.biometrics.errors import InputError
from reknown.biometrics.geometry import BoundingBox
from reknown.vision.draw import Label, draw_labels, encoded

MIDDLE = BoundingBox(0.25, 0.25, 0.5, 0.5)


def _grey() -> np.ndarray:
    return np.full((200, 300, 3), 128, np.uint8)


def _drawn(label: Label) -> np.ndarray:
    return np.asarray(draw_labels(_grey(), [label]))


def test_the_original_stays_as_it_is() -> None:
    pixels = _grey()
    drawn = draw_labels(pixels, [Label(MIDDLE, ("Ann",), known=True)])
    assert (pixels == 128).all()
    assert drawn.size == (300, 200)
    assert (np.asarray(drawn) != 128).any()


def test_nothing_to_label_gives_the_same_image() -> None:
    assert (np.asarray(draw_labels(_grey(), [])) == 128).all()


def test_the_box_lies_where_the_face_is() -> None:
    changed = (_drawn(Label(MIDDLE, ())) != 128).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert (rows[0], rows[-1]) == (50, 150)
    assert (columns[0], columns[-1]) == (75, 225)
    assert not changed[70:130, 95:205].any()


def test_known_faces_stand_out() -> None:
    assert (_drawn(Label(MIDDLE, (), known=True)) != _drawn(Label(MIDDLE, ()))).any()


@pytest.mark.parametrize(
    "box",
    [
        BoundingBox(0, 0, 0.1, 0.1),
        BoundingBox(0.9, 0.9, 0.1, 0.1),
        BoundingBox(-0.5, -0.5, 2, 2),
        BoundingBox(0.9, 0, 0.3, 0.2),
        BoundingBox(0.5, 0.95, 0.2, 0.2),
    ],
)
def test_a_label_at_the_edge_is_moved_into_the_image(box: BoundingBox) -> None:
    without, with_text = _drawn(Label(box, ())), _drawn(Label(box, ("Ann Lee", "quality 80")))
    ink = np.isclose(with_text.astype(int), 255, atol=5).all(axis=2)
    assert ink.sum() > 40
    assert (without != with_text).any()


@given(st.floats(-2, 2), st.floats(-2, 2), st.floats(0, 3), st.floats(0, 3), st.text(max_size=60))
def test_any_box_and_any_name_can_be_drawn(
    left: float, top: float, width: float, height: float, name: str
) -> None:
    assert _drawn(Label(BoundingBox(left, top, width, height), (name, ""))).shape == (200, 300, 3)


@pytest.mark.parametrize(
    "name",
    ["Łukasz Żółw", "山田太郎", "محمد", "💡", "a\0\x1b[31m\x07\r\n\tb", "\udcff", "x" * 5000, ""],
)
def test_no_name_is_too_strange(name: str) -> None:
    assert _drawn(Label(MIDDLE, (name,), known=True)).shape == (200, 300, 3)


@pytest.mark.parametrize(
    ("name", "image_format"),
    [("a.jpg", "JPEG"), ("a.JPEG", "JPEG"), ("a.png", "PNG"), ("deep/er/a.PNG", "PNG")],
)
def test_the_ending_says_the_format(name: str, image_format: str) -> None:
    data = encoded(draw_labels(_grey(), []), Path(name))
    with Image.open(io.BytesIO(data)) as drawn:
        assert drawn.format == image_format
        assert drawn.size == (300, 200)


@pytest.mark.parametrize("name", ["a.gif", "a", "a.jpg.txt", ".png"])
def test_another_ending_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"\.jpg or \.png"):
        encoded(draw_labels(_grey(), []), Path(name))
