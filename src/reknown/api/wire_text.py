"""Text as the wire shows it, and which of it a request wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.api import shapes
from reknown.api.wire_faces import bounding_box, percent
from reknown.biometrics.errors import InputError
from reknown.biometrics.geometry import Point
from reknown.biometrics.word_filter import DEFAULT_CONFIDENCE, WordFilter

if TYPE_CHECKING:
    from reknown.biometrics.regions import Region
    from reknown.biometrics.words import NumberedText

# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectText.html
MOST_WORDS = 100
# In sides of the image: whatever lies beyond holds no text.
_FAR = 1e6


def text_detection(found: NumberedText) -> shapes.TextDetection:
    """A line or a word."""
    word = found.text
    return shapes.TextDetection(
        detected_text=word.text,
        type="LINE" if found.line is None else "WORD",
        id=found.number,
        parent_id=found.line,
        confidence=percent(word.confidence),
        geometry=shapes.Geometry(
            bounding_box=bounding_box(word.box),
            polygon=tuple(shapes.Point(x=corner.x, y=corner.y) for corner in word.outline),
        ),
    )


def wanted_words(
    filters: shapes.DetectTextFilters | shapes.StartTextDetectionFilters | None,
) -> WordFilter:
    """The first hundred words that the filters let through; raises `InputError`."""
    words = (filters and filters.word_filter) or shapes.DetectionFilter()
    least = words.min_confidence
    regions = (filters and filters.regions_of_interest) or ()
    return WordFilter(
        confidence=DEFAULT_CONFIDENCE if least is None else least / 100,
        height=words.min_bounding_box_height or 0.0,
        width=words.min_bounding_box_width or 0.0,
        regions=tuple(map(_region, regions)),
        most=MOST_WORDS,
    )


def _region(region: shapes.RegionOfInterest) -> Region:
    if (region.bounding_box is None) == (region.polygon is None):
        raise InputError("a region of interest needs either BoundingBox or Polygon, and not both")
    if region.polygon is not None:
        return tuple(_corner(point) for point in region.polygon)
    box = region.bounding_box
    if box is None or None in {box.left, box.top, box.width, box.height}:
        raise InputError("the BoundingBox of a region needs Left, Top, Width and Height")
    if not (0 < (box.width or 0.0) < _FAR and 0 < (box.height or 0.0) < _FAR):
        raise InputError("the BoundingBox of a region needs a Width and Height above 0")
    left, top = box.left or 0.0, box.top or 0.0
    right, bottom = left + (box.width or 0.0), top + (box.height or 0.0)
    return (Point(left, top), Point(right, top), Point(right, bottom), Point(left, bottom))


def _corner(point: shapes.Point) -> Point:
    if point.x is None or point.y is None:
        raise InputError("each Point of a Polygon needs X and Y")
    return Point(point.x, point.y)
