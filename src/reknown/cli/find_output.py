"""What `reknown find` shows and writes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from reknown.biometrics.errors import InputError
from reknown.biometrics.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reknown.gallery.sightings import SightingRecord
    from reknown.services.context import Context
    from reknown.services.searches.sightings import FaceSearch, PersonSearch, SightingMatch

_COLUMNS = ("similarity ", "taken", "file", "at ", "copies ")
_MOST_SHOWN = 50


def tell(
    context: Context, collection: str, found: FaceSearch | PersonSearch, *, json: bool
) -> None:
    """Says what was searched and what was found, best first."""
    from reknown.cli.identify import print_case, print_threshold
    from reknown.cli.output import print_json, print_table, printable
    from reknown.cli.video.tracks import warn_of_foreign
    from reknown.services.archive.sightings import count_foreign

    gallery = found.gallery
    space = gallery.templates.space
    warn_of_foreign(count_foreign(context, collection, space), space)
    if json:
        case = {} if found.case is None else {"case": found.case}
        for match in found.matches:
            print_json(_json(match) | case)
        return
    what = f"{counted(gallery.size, 'face')} seen for {printable(collection)}"
    print_threshold(what, gallery.threshold, gallery.comparisons)
    if not gallery.size:
        typer.echo("nothing has been seen yet: `reknown scan FOLDER` looks at photos and videos")
    elif not found.matches:
        typer.echo("no candidate")
    else:
        shown = found.matches[:_MOST_SHOWN]
        print_table(_COLUMNS, [_row(match) for match in shown], _title(found.matches))
        if (more := len(found.matches) - len(shown)) > 0:
            typer.echo(f"and {more:,} more: --json, --html, --copy and --link have them all")
    if found.case is not None:
        print_case(found.case)


def _title(matches: Sequence[SightingMatch]) -> str:
    media = {match.record.sighting.medium.sha256 for match in matches}
    return f"{counted(len(matches), 'face')} in {counted(len(media), 'file')}"


def _row(match: SightingMatch) -> tuple[object, ...]:
    from reknown.cli.output import percent
    from reknown.cli.sheets import at, taken, where

    record = match.record
    return (
        percent(match.comparison.similarity),
        taken(record),
        where(record),
        at(record),
        max(0, len(record.files) - 1) or "",
    )


def _json(match: SightingMatch) -> dict[str, object]:
    return sighting_json(match.record) | {
        "score": match.comparison.score,
        "similarity": match.comparison.similarity,
        "false_match_rate": match.comparison.false_match_rate,
    }


def sighting_json(record: SightingRecord) -> dict[str, object]:
    """What is known of a sighting, without its template."""
    from reknown.biometrics.sightings import MediumKind

    seen = record.sighting
    taken = seen.medium.taken
    times: dict[str, object] = {}
    if seen.medium.kind is MediumKind.VIDEO:
        times = {"from_ms": seen.start_ms, "to_ms": seen.end_ms, "best_ms": seen.best_ms}
    return {
        "sighting_id": seen.sighting_id,
        "kind": seen.medium.kind,
        "name": seen.medium.name,
        "files": list(record.files),
        "sha256": seen.medium.sha256,
        "taken_at": None if taken is None else taken.at,
        "taken_from": None if taken is None else taken.source,
        **times,
        "box": seen.box,
        "quality": seen.quality,
        "fit": seen.fit,
    }


def write_sheet(
    context: Context, whom: str, found: FaceSearch | PersonSearch, target: Path
) -> None:
    """Writes the contact sheet; raises `InputError` where that fails."""
    from reknown.biometrics.thresholds import caution
    from reknown.cli.output import one_in, percent
    from reknown.cli.sheets import write_tiles
    from reknown.reporting.contact_sheet import ContactSheet

    gallery = found.gallery
    limit, expected = gallery.threshold, gallery.expected_false_candidates
    sheet = ContactSheet(
        title=f"Where {Path(whom).name} may be seen",
        facts=[
            ("Found", _title(found.matches)),
            ("Searched", f"{counted(gallery.size, 'face')} in {gallery.collection}"),
            ("Expected by chance", "unknown" if expected is None else f"{expected:.2g} faces"),
            (
                "Threshold",
                f"similarity {percent(limit.similarity)} (score {limit.score:.4f}), false match "
                f"rate {one_in(limit.false_match_rate)}",
            ),
        ],
        caution=caution(expected),
        tiles=(),
    )
    captions = [
        (match.record, f"similarity {percent(match.comparison.similarity)}")
        for match in found.matches
    ]
    write_tiles(context.platform, sheet, captions, target)


def write_table(matches: Iterable[SightingMatch], target: Path, *, mark: bool) -> None:
    """Writes a row for each face found; raises `InputError` where that fails."""
    from reknown.cli.exports import csv_table
    from reknown.cli.sheets import where
    from reknown.services.searches.sighting_tables import COLUMNS, sighting_row

    with csv_table(target, COLUMNS, mark=mark) as table:
        table.write(sighting_row(match, where(match.record)) for match in matches)


def gather(matches: Iterable[SightingMatch], target: Path, *, linked: bool) -> None:
    """Copies the files found, or links to them; each once, whatever it is called."""
    import os
    import shutil

    done = missing = 0
    taken_names: set[str] = set()
    try:
        target.mkdir(parents=True, exist_ok=True)
        for record in {m.record.sighting.medium.sha256: m.record for m in matches}.values():
            source = next((Path(name) for name in record.files if Path(name).is_file()), None)
            if source is None:
                missing += 1
                continue
            place = target / _free_name(source, record, taken_names)
            if not os.path.lexists(place):
                if linked:
                    place.symlink_to(source)
                else:
                    shutil.copy2(source, place)
            done += 1
    except OSError as error:
        reason = (error.strerror or "failed").lower()
        raise InputError(f"cannot write to {target}: {reason}") from error
    what = "linked" if linked else "copied"
    typer.echo(f"{what} {counted(done, 'file')} to {target}", err=True)
    if missing:
        lost = counted(missing, "file is not where it was", "files are not where they were")
        typer.echo(f"{lost}: scan again", err=True)


def _free_name(source: Path, record: SightingRecord, taken: set[str]) -> str:
    """The file's own name, with a part of its digest where another has that name."""
    name = source.name
    if name in taken:
        name = f"{source.stem}.{record.sighting.medium.sha256[:8]}{source.suffix}"
    taken.add(name)
    return name
