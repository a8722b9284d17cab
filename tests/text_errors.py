"""How much of a drawn picture was read wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drawn_text import DrawnPicture
    from reknown.biometrics.words import Line


@dataclass(frozen=True, slots=True)
class Errors:
    """`wrong` characters: inserted, left out, replaced; `written` ones in all.

    `lines` were written, `found` of them had something read in them, `extra` were read elsewhere.
    """

    wrong: int
    written: int
    lines: int
    found: int
    extra: int


def count_errors(picture: DrawnPicture, read: Sequence[Line]) -> Errors:
    """What was read where a line was drawn is compared with it; the rest was made up."""
    height, width = picture.pixels.shape[:2]
    left = list(read)
    wrong = found = 0
    for drawn in picture.lines:
        start, along = drawn.corners[0], drawn.corners[1] - drawn.corners[0]
        here = [(c, line) for line in left for c in [_centre(line, width, height)]
                if cv2.pointPolygonTest(drawn.corners, c, measureDist=False) >= 0]  # fmt: skip
        here.sort(key=lambda pair: float((np.array(pair[0]) - start) @ along))
        left = [line for line in left if all(line is not other for _, other in here)]
        found += bool(here)
        wrong += distance(drawn.text, " ".join(line.text for _, line in here))
    wrong += sum(len(line.text) for line in left)
    written = sum(len(drawn.text) for drawn in picture.lines)
    return Errors(wrong, written, len(picture.lines), found, len(left))


def distance(one: str, other: str) -> int:
    """Levenshtein's: the fewest characters to insert, leave out or replace."""
    row = list(range(len(other) + 1))
    for number, character in enumerate(one, 1):
        before, row[0] = row[0], number
        for place, candidate in enumerate(other, 1):
            replaced = before + (character != candidate)
            before = row[place]
            row[place] = min(row[place] + 1, row[place - 1] + 1, replaced)
    return row[-1]


def _centre(line: Line, width: int, height: int) -> tuple[float, float]:
    corners = line.outline
    return (
        sum(corner.x for corner in corners) / 4 * width,
        sum(corner.y for corner in corners) / 4 * height,
    )
