"""How much of a key's quotas a record takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reknown.ledger.records import (
    DetectRecord,
    EnrolRecord,
    IdentifyRecord,
    ImportManyTemplatesRecord,
    ImportTemplatesRecord,
    NameGroupRecord,
    ReadTextRecord,
    SearchSightingsRecord,
    SearchTracksRecord,
    VerifyRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Measure = Literal["operations", "images", "faces"]
MEASURES: tuple[Measure, Measure, Measure] = ("operations", "images", "faces")
OPERATIONS, IMAGES, FACES = MEASURES
"""Requests carried out, images looked at for them, and references that they enrolled."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a record took besides being one of a request: images looked at, faces enrolled."""

    images: int = 0
    faces: int = 0


def use_of(record: object) -> Use | None:
    """What the record took; None for the work of a video job, which was counted at its start."""
    if isinstance(record, IdentifyRecord | DetectRecord | ReadTextRecord) and record.job:
        return None
    return Use(_images(record), _faces(record))


def _images(record: object) -> int:
    if isinstance(record, IdentifyRecord | SearchSightingsRecord | SearchTracksRecord):
        return int(record.probe.kind == "image")
    if isinstance(record, VerifyRecord):
        return 2
    return int(isinstance(record, DetectRecord | ReadTextRecord | EnrolRecord))


def _faces(record: object) -> int:
    if isinstance(record, EnrolRecord | ImportTemplatesRecord | NameGroupRecord):
        return len(record.faces)
    return record.faces.count if isinstance(record, ImportManyTemplatesRecord) else 0


def summed(uses: Iterable[tuple[str, Use]]) -> Mapping[str, int]:
    """By measure what was used, of each record with the id of its request."""
    requests, images, faces = set(), 0, 0
    for request, use in uses:
        requests.add(request)
        images, faces = images + use.images, faces + use.faces
    return {OPERATIONS: len(requests), IMAGES: images, FACES: faces}
