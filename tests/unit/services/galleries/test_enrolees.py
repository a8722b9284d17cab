from __future__ import annotations

import os
from pathlib import Path

import pytest

from reknown.biometrics.geometry import BoundingBox
from reknown.services.galleries.enrolees import Enrolee, GivenBox, as_text


def test_a_box_in_pixels_is_one_in_shares() -> None:
    box = GivenBox(10, 20, 30, 40).within(100, 200)
    assert (box.left, box.top, box.width, box.height) == pytest.approx((0.1, 0.1, 0.3, 0.2))
    shares = GivenBox(0.1, 0.2, 0.3, 0.25)
    assert shares.within(100, 200) == shares.within(9, 9) == BoundingBox(0.1, 0.2, 0.3, 0.25)


def test_what_an_image_is_called() -> None:
    assert Enrolee(Path("a/1.jpg"), "Ann").name == "1.jpg"
    assert Enrolee(Path("a/1.jpg"), "Ann", label="a/1.jpg").name == "a/1.jpg"
    assert Enrolee(b"", "Ann").name == ""
    assert Enrolee(Path(os.fsdecode(b"\xff.jpg")), "Ann").name == as_text(os.fsdecode(b"\xff.jpg"))
    assert as_text(os.fsdecode(b"\xff.jpg")) == "\ufffd.jpg"
