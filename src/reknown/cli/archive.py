"""`reknown archive`."""

from __future__ import annotations

from typing import Annotated

import typer

from reknown.cli.options import CollectionName, Data, Json
from reknown.configuration import DEFAULT_COLLECTION

cli = typer.Typer(
    help="The photos and films that `reknown scan` and the console have looked at.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_COLUMNS = ("sha-256", "file", "faces ", "taken", "problem")


@cli.command("list")
def list_(
    collection: CollectionName = DEFAULT_COLLECTION, data: Data = None, json: Json = False
) -> None:
    """Show the files of a collection's archive, in the order in which they were first seen."""
    from reknown.cli.output import print_json, print_table
    from reknown.cli.session import open_context
    from reknown.services.archive.files import list_archive, was_added
    from reknown.services.galleries.pages import all_pages

    with open_context(data) as context:
        found = list(all_pages(lambda page: list_archive(context, collection, page)))
    if json:
        for each in found:
            medium = each.medium
            taken = None if medium.taken is None else medium.taken.at.isoformat()
            print_json(
                {
                    "sha256": medium.sha256,
                    "kind": medium.kind.value,
                    "name": medium.name,
                    "files": each.files,
                    "taken": taken,
                    "faces": each.faces,
                    "added": was_added(collection, each),
                    "problem": medium.problem,
                }
            )
    elif found:
        rows = [
            (
                each.medium.sha256,
                each.files[0] if each.files else each.medium.name,
                each.faces,
                f"{each.medium.taken.at:%Y-%m-%d}" if each.medium.taken else "-",
                each.medium.problem,
            )
            for each in found
        ]
        print_table(_COLUMNS, rows)
    else:
        typer.echo("nothing was looked at yet: `reknown scan FOLDER` looks at photos and films")


@cli.command()
def delete(
    digests: Annotated[
        list[str], typer.Argument(metavar="SHA-256...", help="Digests as `list` shows them.")
    ],
    collection: CollectionName = DEFAULT_COLLECTION,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Delete photos and films with all that was seen in them, permanently.

    The file itself is deleted where it was uploaded. A file in a folder of yours stays there, and
    the next scan reads it anew: move it away first. People's references stay, whatever file they
    were enrolled from. Asks before. Status 1 when one was not there.
    """
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, counted, print_json, printable
    from reknown.cli.session import open_context
    from reknown.services.archive.files import delete_from_archive

    with open_context(data) as context:
        if not yes:
            what = counted(len(digests), "file")
            typer.confirm(f"Delete {what} of {printable(collection)} permanently?", abort=True)
        done = delete_from_archive(context, collection, digests)
    if json:
        print_json(done)
    else:
        faces = counted(len(done.sightings), "face")
        typer.echo(f"deleted {counted(len(done.deleted), 'file')} with {faces}")
        for place in done.left:
            typer.echo(f"still there, and read anew by the next scan: {printable(place)}")
        for digest in done.absent:
            typer.echo(f"not there: {printable(digest)}")
    raise typer.Exit(EXIT_NEGATIVE if done.absent else EXIT_DONE)
