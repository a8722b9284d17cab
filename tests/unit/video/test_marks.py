from __future__ import annotations

import pytest

from reknown.biometrics.geometry import BoundingBox
from reknown.video.marks import BLUR_MARGIN_MS, Mark, Place, Present

LEFT, RIGHT = BoundingBox(0.0, 0.2, 0.1, 0.2), BoundingBox(0.8, 0.4, 0.2, 0.2)


def mark(*times: int, blur: bool = True) -> Mark:
    places = tuple(Place(t, (LEFT, RIGHT)[n % 2]) for n, t in enumerate(times))
    return Mark(("unknown 1",), False, blur, places)


def middle(box: BoundingBox | None) -> tuple[float, float]:
    assert box is not None
    return box.left + box.width / 2, box.top + box.height / 2


def test_boxes_lie_on_the_line_between_two_places() -> None:
    here = mark(1000, 2000)
    assert here.box(1000) == LEFT
    assert here.box(2000) == RIGHT
    quarter = here.box(1250)
    assert quarter is not None
    assert (quarter.left, quarter.top, quarter.width) == pytest.approx((0.2, 0.25, 0.125))
    assert [here.box(999), here.box(2001)] == [None, None]


def test_a_single_place_is_a_moment() -> None:
    assert [mark(500).box(t) for t in (499, 500, 501)] == [None, LEFT, None]


def test_what_is_blurred_is_larger_than_the_face_and_larger_yet_where_it_is_unseen() -> None:
    here = mark(1000, 2000)
    during, before = here.blurred(1000), here.blurred(1000 - BLUR_MARGIN_MS)
    assert middle(during) == pytest.approx(middle(LEFT))
    assert middle(before) == pytest.approx(middle(LEFT))
    assert during is not None
    assert before is not None
    assert during.width == pytest.approx(0.1 * 1.8)
    assert before.width > during.width
    assert middle(here.blurred(2000 + BLUR_MARGIN_MS)) == pytest.approx(middle(RIGHT))


def test_blurring_ends_with_the_margins_and_is_for_those_who_are_to_be_blurred() -> None:
    here = mark(1000, 2000)
    assert here.blurred(1000 - BLUR_MARGIN_MS - 1) is None
    assert here.blurred(2000 + BLUR_MARGIN_MS + 1) is None
    assert mark(1000, 2000, blur=False).blurred(1500) is None


def test_marks_come_and_go() -> None:
    marks = [mark(5000, 6000), mark(0, 1000), mark(900, 5500)]
    present = Present(marks)
    for time_ms in range(0, 8000, 40):
        expected = [
            one
            for one in marks
            if one.places[0].time_ms - BLUR_MARGIN_MS
            <= time_ms
            <= one.places[-1].time_ms + BLUR_MARGIN_MS
        ]
        assert sorted(map(id, present.at(time_ms))) == sorted(map(id, expected))
