"""What of a text a request wants."""

from __future__ import annotations

import pytest

from reknown.api import shapes
from reknown.api.wire_text import wanted_words
from reknown.biometrics.errors import InputError


def _within(**box: float) -> shapes.DetectTextFilters:
    region = shapes.RegionOfInterest(bounding_box=shapes.BoundingBox(**box))
    return shapes.DetectTextFilters(regions_of_interest=(region,))


def test_a_region_is_its_corners() -> None:
    (region,) = wanted_words(_within(left=0.1, top=0.2, width=0.3, height=0.4)).regions
    corners = [(round(p.x, 6), round(p.y, 6)) for p in region]
    assert corners == [(0.1, 0.2), (0.4, 0.2), (0.4, 0.6), (0.1, 0.6)]


@pytest.mark.parametrize("size", [0.0, -0.5, 1e308, float("nan")])
def test_a_region_has_a_size(size: float) -> None:
    for box in ({"width": size, "height": 0.5}, {"width": 0.5, "height": size}):
        with pytest.raises(InputError, match="Width and Height above 0"):
            wanted_words(_within(left=0.0, top=0.0, **box))
