import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.biometrics.geometry import BoundingBox, pair_boxes

PLACES = st.floats(-2, 2)
SIZES = st.floats(1e-6, 3)
BOXES = st.builds(BoundingBox, PLACES, PLACES, SIZES, SIZES)


def test_pixels_are_rounded_edges() -> None:
    assert BoundingBox(0.1, 0.25, 0.5, 0.5).pixels(100, 40) == (10, 10, 60, 30)


def test_only_what_lies_in_the_image_counts_as_area() -> None:
    assert BoundingBox(-0.5, -0.5, 1, 1).area == pytest.approx(0.25)
    assert BoundingBox(1.5, 0, 1, 1).area == 0


@given(one=BOXES, other=BOXES)
def test_overlap_is_a_share_and_the_same_both_ways(one: BoundingBox, other: BoundingBox) -> None:
    assert 0 <= one.overlap(other) <= 1
    assert one.overlap(other) == pytest.approx(other.overlap(one))


@given(box=BOXES)
def test_a_box_overlaps_with_itself(box: BoundingBox) -> None:
    assert box.overlap(box) == pytest.approx(1, abs=1e-8)


@given(box=BOXES, share=st.floats(0, 1), sideways=st.booleans())
def test_overlap_of_shifted_boxes(box: BoundingBox, share: float, sideways: bool) -> None:
    assume(min(box.width, box.height) > 1e-3)
    shifted = (
        BoundingBox(box.left + share * box.width, box.top, box.width, box.height)
        if sideways
        else BoundingBox(box.left, box.top + share * box.height, box.width, box.height)
    )
    assert box.overlap(shifted) == pytest.approx((1 - share) / (1 + share), abs=1e-6)


@given(box=BOXES, inner=st.floats(0.01, 1))
def test_overlap_with_a_part_is_its_share(box: BoundingBox, inner: float) -> None:
    assume(min(box.width, box.height) > 1e-3)
    part = BoundingBox(box.left, box.top, box.width * inner, box.height * inner)
    assert box.overlap(part) == pytest.approx(inner**2, abs=1e-6)


@pytest.mark.parametrize(
    "other",
    [
        BoundingBox(0.5, 0, 0.5, 0.5),
        BoundingBox(0.6, 0.6, 0.1, 0.1),
        BoundingBox(0.1, 0.1, 0, 0.2),
        BoundingBox(-1, -1, 0.5, 0.5),
    ],
)
def test_boxes_that_have_nothing_in_common(other: BoundingBox) -> None:
    assert BoundingBox(0, 0, 0.5, 0.5).overlap(other) == 0
    assert other.overlap(BoundingBox(0, 0, 0.5, 0.5)) == 0


def test_boxes_without_extent_have_nothing_in_common() -> None:
    assert BoundingBox(0, 0, 0, 0).overlap(BoundingBox(0, 0, 0, 0)) == 0


@given(boxes=st.lists(BOXES, max_size=6), others=st.lists(BOXES, max_size=6))
def test_pairs_are_close_and_nothing_better_is_left_out(
    boxes: list[BoundingBox], others: list[BoundingBox]
) -> None:
    pairs = pair_boxes(boxes, others, 0.3)
    assert len(set(pairs.values())) == len(pairs)
    lowest = {one: boxes[one].overlap(others[other]) for one, other in pairs.items()}
    assert all(overlap > 0.3 for overlap in lowest.values())
    taken = {other: boxes[one].overlap(others[other]) for one, other in pairs.items()}
    for one, box in enumerate(boxes):
        for other, place in enumerate(others):
            overlap = box.overlap(place)
            better = overlap > max(lowest.get(one, 0.3), taken.get(other, 0.3))
            assert not better


def test_a_box_is_in_one_pair_only_and_some_may_not_be_paired() -> None:
    box = BoundingBox(0, 0, 1, 1)
    near, far = BoundingBox(0.1, 0, 1, 1), BoundingBox(0.3, 0, 1, 1)
    assert pair_boxes([box], [far, near], 0.3) == {0: 1}
    assert pair_boxes([box, box], [near], 0.3) == {0: 0}
    assert pair_boxes([near, box], [box, far], 0.3) == {1: 0, 0: 1}
    assert pair_boxes([box], [near, far], 0.3, lambda _, other: other == 1) == {0: 1}
    assert pair_boxes([box], [BoundingBox(2, 0, 1, 1)], 0.0) == {}


@pytest.mark.parametrize(
    "box",
    [
        (-5e9, 0, 0.1, 0.1),
        (0, 0, 1e30, 0.1),
        (0, float("nan"), 0.1, 0.1),
        (0, 0, float("inf"), 0.1),
        (0, 0, -0.1, 0.1),
        (0.5, 0.5, 0.1, 2.0),
        (float("-inf"), 0, float("inf"), 1),
    ],
)
def test_what_is_no_place_of_a_face(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(InputError, match="is not the place of a face"):
        BoundingBox(*box).require_plausible()


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (-0.2, 0.9, 0.5, 0.4), (-1, -1, 3, 3)])
def test_places_of_faces_may_reach_beyond_the_image(box: tuple[float, ...]) -> None:
    BoundingBox(*box).require_plausible()
