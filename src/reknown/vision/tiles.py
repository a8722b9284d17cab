"""Finding small faces in large images: a look at the whole, and one at each of its parts.

A detector shrinks a panorama until faces of eighty pixels have eighteen. Parts are looked at as
they are, and overlap by more than the faces that only they show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.vision.places import ImagePart

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.vision.analyze import Engine, Look

# A longer side of so many pixels is looked at in parts; of 50 megapixels there are 54 at most.
LARGE = 6000
_SIDE = 1280
_OVERLAP = 200
_SAME, _WITHIN = 0.4, 0.5


def detect_in_parts(
    engine: Engine, pixels: NDArray[np.uint8], closely: Look, largest: int | None = None
) -> tuple[DetectedFace, ...]:
    """The `largest` faces of a large RGB image (height, width, 3), largest first.

    What only parts show has to be sure, as many parts are looked at.
    """
    whole = list(engine.detect(pixels, closely))
    for face in _in_parts(engine, pixels, closely):
        twins = [other for other in whole if _is_same(face, other)]
        if twins:
            # the part shows it larger, unless it is too large for one
            whole = [face if other is twins[0] else other for other in whole]
        elif not any(_is_within(face, other) for other in whole):
            whole.append(face)
    whole.sort(key=lambda face: -face.box.area)
    return tuple(whole[:largest])


def _in_parts(engine: Engine, pixels: NDArray[np.uint8], closely: Look) -> Iterator[DetectedFace]:
    for window in windows(pixels.shape[1], pixels.shape[0]):
        part = pixels[window.top : window.bottom, window.left : window.right]
        for found in engine.detect(part, closely):
            if found.confidence >= engine.detector.sure and _is_own(window, found):
                yield window.in_image(found)


def windows(width: int, height: int) -> Iterator[ImagePart]:
    """The parts of an image, which overlap; at its end they lie the closer."""
    for top in _starts(height):
        for left in _starts(width):
            yield ImagePart(
                left, top, min(left + _SIDE, width), min(top + _SIDE, height), width, height
            )


def _starts(side: int) -> list[int]:
    last = max(side - _SIDE, 0)
    return [*range(0, last, _SIDE - _OVERLAP), last]


def _is_own(window: ImagePart, face: DetectedFace) -> bool:
    """Whether its middle is nearer to this part's than to the next one's, and it is all there."""
    box = face.box
    wide, high = window.right - window.left, window.bottom - window.top
    x, y = (box.left + box.width / 2) * wide, (box.top + box.height / 2) * high
    margin = _OVERLAP / 2
    return (
        max(box.width * wide, box.height * high) <= _OVERLAP
        and (x >= margin or window.left == 0)
        and (y >= margin or window.top == 0)
        and (x < wide - margin or window.right == window.width)
        and (y < high - margin or window.bottom == window.height)
    )


def _is_same(face: DetectedFace, other: DetectedFace) -> bool:
    return face.box.overlap(other.box) >= _SAME


def _is_within(face: DetectedFace, other: DetectedFace) -> bool:
    """Whether most of it is part of another."""
    a, b = face.box, other.box
    width = min(a.left + a.width, b.left + b.width) - max(a.left, b.left)
    height = min(a.top + a.height, b.top + b.height) - max(a.top, b.top)
    return max(width, 0.0) * max(height, 0.0) > _WITHIN * a.width * a.height
