"""`reknown faces`."""

from __future__ import annotations

from typing import Annotated

import typer

from reknown.cli.options import DEFAULT_COLLECTION, CollectionName, Data, Json

cli = typer.Typer(
    help="The single faces of a gallery.", no_args_is_help=True, rich_markup_mode=None
)


@cli.command("list")
def list_(
    collection: CollectionName = DEFAULT_COLLECTION,
    user: Annotated[str | None, typer.Option("--user", help="Only this person's faces.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show the faces of a collection."""
    from reknown.cli.output import print_json, print_table
    from reknown.cli.session import open_gallery
    from reknown.services import galleries

    with open_gallery(data) as database:
        faces = list(galleries.list_faces(database, collection, user))
    if json:
        for face in faces:
            print_json(face)
    else:
        rows = [(face.face_id, face.user or "-", face.quality, face.image.name) for face in faces]
        print_table(("face", "person", "quality ", "picture"), rows)


@cli.command()
def delete(
    face_ids: Annotated[list[str], typer.Argument(help="Face ids as `faces list` shows them.")],
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
) -> None:
    """Delete single faces; status 1 when one was not there."""
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, printable
    from reknown.cli.session import open_gallery
    from reknown.services import galleries
    from reknown.settings import read_settings

    with open_gallery(data) as database:
        gone = galleries.delete_faces(database, collection, face_ids, read_settings().actor)
    missing = [face_id for face_id in face_ids if face_id not in gone]
    typer.echo(f"deleted {len(gone)} faces")
    for face_id in missing:
        typer.echo(printable(f"there is no face {face_id} in {collection}"), err=True)
    raise typer.Exit(EXIT_NEGATIVE if missing else EXIT_DONE)
