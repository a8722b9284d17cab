"""Contact sheets: pages with a cut-out of each face, made of the files that still show it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from reknown.biometrics.sightings import TimeSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.gallery.sightings import SightingRecord
    from reknown.reporting.contact_sheet import ContactSheet, SheetTile
    from reknown.services.context import Platform

_MOST_TILES = 2000
_SOURCES = {
    TimeSource.METADATA: "",
    TimeSource.NAME: " (by name)",
    TimeSource.FILE: " (file date)",
}


def write_tiles(
    platform: Platform,
    sheet: ContactSheet,
    captions: Sequence[tuple[SightingRecord, str]],
    target: Path,
) -> None:
    """Writes the sheet with a tile for each sighting; raises `InputError` where that fails."""
    from reknown.cli.output import progress
    from reknown.reporting.contact_sheet import render_sheet
    from reknown.reporting.files import written

    shown = captions[:_MOST_TILES]
    tiles = []
    with progress() as bar:
        task = bar.add_task("cutting out faces", total=len(shown))
        for record, caption in shown:
            tiles.append(_tile(platform, record, caption))
            bar.advance(task)
    filled = replace(sheet, tiles=tiles, more=len(captions) - len(shown))
    with written(target) as file:
        for part in render_sheet(filled):
            file.write(part.encode())
    typer.echo(f"contact sheet: {target}", err=True)


def taken(record: SightingRecord) -> str:
    """When its medium was taken, and what says so where that is not the medium itself."""
    when = record.sighting.medium.taken
    if when is None:
        return "-"
    return f"{when.at:%Y-%m-%d %H:%M}{_SOURCES[when.source]}"


def where(record: SightingRecord) -> str:
    """Its file, or what that was called."""
    return record.files[0] if record.files else record.sighting.medium.name


def at(record: SightingRecord) -> str:
    """The best moment in a video, nothing in an image."""
    from reknown.biometrics.sightings import MediumKind
    from reknown.reporting.times import clock

    seen = record.sighting
    return clock(seen.best_ms) if seen.medium.kind is MediumKind.VIDEO else ""


def _tile(platform: Platform, record: SightingRecord, caption: str) -> SheetTile:
    from reknown.reporting.contact_sheet import SheetTile
    from reknown.services.archive.views import view

    when, moment = taken(record), at(record)
    return SheetTile(
        name=record.sighting.medium.name,
        where=f"at {moment}" if moment else str(Path(where(record)).parent),
        address=Path(record.files[0]).as_uri() if record.files else "",
        taken="" if when == "-" else when,
        caption=caption,
        view=view(platform, record),
    )
