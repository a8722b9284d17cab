"""`reknown video tracks`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import InputError
from reknown.biometrics.text import counted
from reknown.cli.completion import complete_video
from reknown.cli.options import CollectionName, Data, Json
from reknown.cli.video.times import moment
from reknown.configuration import DEFAULT_COLLECTION
from reknown.reporting.times import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.biometrics.templates import TemplateSpace
    from reknown.gallery.sightings import SightingChoice, SightingRecord

cli = typer.Typer(
    help="Faces of videos that were kept with `reknown video identify --keep DAYS`.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Video = Annotated[
    str | None,
    typer.Option(
        "--video",
        metavar="NAME_OR_SHA",
        help="Only those of this video: its file's name, or its SHA-256 from 8 digits on.",
        autocompletion=complete_video,
    ),
]
Before = Annotated[
    str | None,
    typer.Option(
        "--before",
        metavar="DATE",
        help="Only what was kept before this date or time (UTC), such as 2026-11-30.",
    ),
]
_COLUMNS = ("track", "video", "sha256", "from ", "to ", "kept", "expires")
_DIGITS = 12


@cli.command("list")
def list_(
    collection: CollectionName = DEFAULT_COLLECTION,
    video: Video = None,
    before: Before = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show the kept tracks of a collection, in the order of keeping."""
    from reknown.cli.output import print_json, print_table
    from reknown.cli.session import open_context
    from reknown.services.archive import sightings

    choice = _choice(video, None, before)
    with open_context(data) as context:
        sightings.purge_sightings(context, collection)
        space = context.platform.space_of(collection)
        warn_of_foreign(sightings.count_foreign(context, collection, space), space)
        records = sightings.list_sightings(context, collection, choice)
        if json:
            for record in records:
                print_json(track_json(record))
            return
        rows = [_row(record) for record in records]
    if rows:
        print_table(_COLUMNS, rows)
    else:
        typer.echo("no kept tracks: `reknown video identify CLIP --keep DAYS` keeps some")


@cli.command()
def delete(
    track_ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TRACK...]", help="Track ids as `list` shows them."),
    ] = None,
    collection: CollectionName = DEFAULT_COLLECTION,
    video: Video = None,
    before: Before = None,
    every: Annotated[bool, typer.Option("--all", help="All tracks of the collection.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data: Data = None,
) -> None:
    """Delete kept tracks permanently, before they expire by themselves.

    Name tracks, a video, a date or --all; of several of these, only tracks that meet all are
    deleted. Asks before --all. Status 1 when there was nothing to delete.
    """
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, printable
    from reknown.cli.session import open_context
    from reknown.services.archive import sightings

    named = bool(track_ids) or video is not None or before is not None
    if named == every:
        raise InputError("say which tracks: their ids, --video, --before, or --all alone")
    ids = tuple(track_ids) if track_ids else None
    choice = _choice(video, ids, before)
    with open_context(data) as context:
        sightings.purge_sightings(context, collection)
        if every and not yes:
            typer.confirm(
                f"Delete all kept tracks of {printable(collection)} permanently?", abort=True
            )
        gone = sightings.delete_sightings(context, collection, choice)
    typer.echo(f"deleted {len(gone):,} tracks")
    raise typer.Exit(EXIT_DONE if gone else EXIT_NEGATIVE)


def _choice(video: str | None, ids: tuple[str, ...] | None, before: str | None) -> SightingChoice:
    from reknown.biometrics.sightings import MediumKind
    from reknown.gallery.sightings import SightingChoice

    moment_before = None if before is None else moment(before)
    return SightingChoice(MediumKind.VIDEO, video, ids, moment_before)


def warn_of_foreign(foreign: Mapping[TemplateSpace, int], space: TemplateSpace) -> None:
    """A line on standard error for kept faces that cannot be compared with that space."""
    for other, count in foreign.items():
        seen = counted(count, "kept face was", "kept faces were")
        typer.secho(
            f"warning: {seen} made with {other.pack} and cannot be compared with {space.pack}",
            fg="yellow",
            err=True,
        )


def track_json(record: SightingRecord) -> dict[str, object]:
    """What is known of a track, without its template."""
    track = record.sighting
    return {
        "track_id": track.sighting_id,
        "video": track.medium.name,
        "video_sha256": track.medium.sha256,
        "from_ms": track.start_ms,
        "to_ms": track.end_ms,
        "best_ms": track.best_ms,
        "box": track.box,
        "confidence": track.confidence,
        "quality": track.quality,
        "shots": track.shots,
        "pack": record.space.pack,
        "fingerprint": record.space.fingerprint,
        "kept_at": record.created_at,
        "expires_at": record.expires_at,
    }


def _row(record: SightingRecord) -> tuple[str, ...]:
    track = record.sighting
    return (
        track.sighting_id,
        track.medium.name,
        track.medium.sha256[:_DIGITS],
        clock(track.start_ms),
        clock(track.end_ms),
        f"{record.created_at:%Y-%m-%d}",
        "-" if record.expires_at is None else f"{record.expires_at:%Y-%m-%d}",
    )
