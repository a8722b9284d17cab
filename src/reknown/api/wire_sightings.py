"""Faces that were seen, and groups of them, as clients get them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.api import shapes
from reknown.api.wire_faces import bounding_box

if TYPE_CHECKING:
    from reknown.biometrics.candidates import Comparison
    from reknown.services.archive.groups import GroupRecord, SightingRecord


def sighting(
    record: SightingRecord, comparison: Comparison | None = None
) -> shapes.ReknownSighting:
    """With the name of its file, never where that lies."""
    seen = record.sighting
    medium = seen.medium
    return shapes.ReknownSighting(
        sighting_id=seen.sighting_id,
        kind=medium.kind.value,
        name=medium.name,
        sha256=medium.sha256,
        taken=None if medium.taken is None else medium.taken.at.isoformat(),
        bounding_box=bounding_box(seen.box),
        start_millis=seen.start_ms,
        end_millis=seen.end_ms,
        best_millis=seen.best_ms,
        quality=seen.quality,
        similarity=None if comparison is None else comparison.similarity,
        reknown_false_match_rate=None if comparison is None else comparison.false_match_rate,
    )


def group(it: GroupRecord) -> shapes.ReknownGroup:
    """Times are local ones, without a zone."""
    return shapes.ReknownGroup(
        number=it.number,
        sightings=it.sightings,
        files=it.media,
        user_id=it.user,
        ignored=it.ignored,
        first=None if it.first is None else it.first.isoformat(),
        last=None if it.last is None else it.last.isoformat(),
    )
