"""`reknown sightings`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reknown.biometrics.errors import InputError
from reknown.cli.options import CollectionName, Data, Json
from reknown.cli.video.times import moment
from reknown.configuration import DEFAULT_COLLECTION

cli = typer.Typer(
    help="Faces that `reknown scan` and `reknown video identify --keep` have kept.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[
    str | None,
    typer.Option(
        "--file", metavar="NAME_OR_SHA", help="Only of this file: its name, or its SHA-256."
    ),
]
_COLUMNS = ("sighting", "file", "at ", "quality ", "taken", "kept", "expires")


@cli.command("list")
def list_(
    collection: CollectionName = DEFAULT_COLLECTION,
    file: Name = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show the kept faces of a collection, in the order of keeping."""
    from reknown.cli.find_output import sighting_json
    from reknown.cli.output import print_json, print_table
    from reknown.cli.session import open_context
    from reknown.cli.sheets import at, taken, where
    from reknown.services.archive.sightings import (
        SightingChoice,
        list_sightings,
        purge_sightings,
    )

    with open_context(data) as context:
        purge_sightings(context, collection)
        records = list_sightings(context, collection, SightingChoice(medium=file))
        if json:
            for record in records:
                print_json(sighting_json(record))
            return
        rows = [
            (
                record.sighting.sighting_id,
                where(record),
                at(record),
                record.sighting.quality,
                taken(record),
                f"{record.created_at:%Y-%m-%d}",
                "-" if record.expires_at is None else f"{record.expires_at:%Y-%m-%d}",
            )
            for record in records
        ]
    if rows:
        print_table(_COLUMNS, rows)
    else:
        typer.echo("no faces are kept: `reknown scan FOLDER` keeps those of photos and videos")


@cli.command()
def delete(
    sightings: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SIGHTING...]", help="Ids as `list` shows them."),
    ] = None,
    collection: CollectionName = DEFAULT_COLLECTION,
    file: Name = None,
    before: Annotated[
        str | None,
        typer.Option("--before", metavar="DATE", help="Only what was kept before (UTC)."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All of the collection.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data: Data = None,
) -> None:
    """Delete kept faces permanently; a scan does not bring them back while files stay the same.

    Of several conditions all have to be met. Asks before --all. Status 1 when there was nothing.
    """
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, counted, printable
    from reknown.cli.session import open_context
    from reknown.services.archive.sightings import SightingChoice, delete_sightings

    named = bool(sightings) or file is not None or before is not None
    if named == every:
        raise InputError("say which faces: their ids, --file, --before, or --all alone")
    ids = tuple(sightings) if sightings else None
    choice = SightingChoice(medium=file, ids=ids, before=None if before is None else moment(before))
    with open_context(data) as context:
        if every and not yes:
            typer.confirm(
                f"Delete all kept faces of {printable(collection)} permanently?", abort=True
            )
        gone = delete_sightings(context, collection, choice)
    typer.echo(f"deleted {counted(len(gone), 'face')}")
    raise typer.Exit(EXIT_DONE if gone else EXIT_NEGATIVE)


@cli.command()
def forget(
    place: Annotated[Path, typer.Argument(metavar="FOLDER|FILE", help="It need not be there.")],
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
) -> None:
    """Forget a folder or file with all that was seen in it; a scan reads it anew.

    What lies elsewhere too is kept. Status 1 when nothing of it was known.
    """
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, counted
    from reknown.cli.session import open_context
    from reknown.services.archive.scan import forget as forget_place

    with open_context(data) as context:
        files, seen = forget_place(context, collection, place)
    typer.echo(f"forgot {counted(files, 'file')} with {counted(seen, 'face')}")
    raise typer.Exit(EXIT_DONE if files else EXIT_NEGATIVE)
