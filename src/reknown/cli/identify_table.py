"""What `reknown identify --csv` writes of an image: a row a candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import ReknownError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.biometrics.candidates import Candidate
    from reknown.biometrics.geometry import BoundingBox
    from reknown.reporting.tables import Cell
    from reknown.services.images.sources import Source
    from reknown.services.searches.images import Identification

COLUMNS = (
    "image", "status", "reason", "face",
    "left_px", "top_px", "width_px", "height_px", "left", "top", "width", "height",
    "rank", "candidate", "reference", "face_id", "similarity", "score", "false_match_rate",
)  # fmt: skip
_NO_FACE: tuple[Cell, ...] = (None,) * 9
_NO_CANDIDATE: tuple[Cell, ...] = (None,) * 7


def identify_rows(
    source: Source, result: Identification | ReknownError
) -> Iterator[tuple[Cell, ...]]:
    """Each candidate of each face; a face without one, an image without a face, an error: one row.

    `status` is "candidate", "no candidate", "no face" or "error"; `reason` explains that, or says
    what is to be known of the image.
    """
    name = str(source)
    if isinstance(result, ReknownError):
        yield (name, "error", str(result), *_NO_FACE, *_NO_CANDIDATE)
        return
    image, number = result.extraction.image, 0
    note = "; ".join(image.warnings) or None
    for number, (face, row) in enumerate(result.faces(), 1):
        place = (number, *_place(face.box, image.width, image.height))
        if not row.candidates:
            yield (name, "no candidate", note, *place, *_NO_CANDIDATE)
        for candidate in row.candidates:
            yield (name, "candidate", note, *place, *_told(candidate))
    if not number:
        yield (name, "no face", note, *_NO_FACE, *_NO_CANDIDATE)


def _place(box: BoundingBox, width: int, height: int) -> tuple[Cell, ...]:
    left, top, right, bottom = box.pixels(width, height)
    parts = (box.left, box.top, box.width, box.height)
    return (left, top, right - left, bottom - top, *map(float, parts))


def _told(candidate: Candidate) -> tuple[Cell, ...]:
    return (
        candidate.rank,
        candidate.user,
        candidate.image or None,
        candidate.face_id,
        candidate.similarity,
        float(candidate.score),
        candidate.false_match_rate,
    )
