"""Sightings that were found as rows for spreadsheets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reknown.reporting.tables import Cell
    from reknown.services.searches.sightings import SightingMatch

COLUMNS = (
    "file",
    "copies",
    "kind",
    "taken",
    "taken from",
    "seconds",
    "left",
    "top",
    "width",
    "height",
    "quality",
    "similarity",
    "score",
    "false match rate",
    "sha256",
    "sighting",
)


def sighting_row(match: SightingMatch, file: str) -> tuple[Cell, ...]:
    """One that was found; `file` is what those who get the table may know of where it lies."""
    record, seen, meaning = match.record, match.record.sighting, match.comparison
    when = seen.medium.taken
    return (
        file,
        max(0, len(record.files) - 1),
        seen.medium.kind.value,
        None if when is None else when.at.isoformat(sep=" "),
        None if when is None else when.source.value,
        seen.best_ms / 1000,
        seen.box.left,
        seen.box.top,
        seen.box.width,
        seen.box.height,
        seen.quality,
        meaning.similarity,
        meaning.score,
        meaning.false_match_rate,
        seen.medium.sha256,
        seen.sighting_id,
    )
