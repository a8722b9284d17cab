"""`reknown faces`."""

from __future__ import annotations

from typing import Annotated

import typer

from reknown.cli.options import CollectionName, Data, Json
from reknown.configuration import DEFAULT_COLLECTION

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
    from reknown.cli.session import open_context
    from reknown.services.galleries.faces import list_faces
    from reknown.services.galleries.pages import all_pages

    with open_context(data) as context:
        pages = all_pages(lambda page: list_faces(context, collection, page, user=user)[1])
        faces = list(pages)
    if json:
        for face in faces:
            print_json(face)
    else:
        rows = [(face.face_id, face.user or "-", face.quality, face.image.name) for face in faces]
        print_table(("face", "person", "quality ", "image"), rows)


@cli.command()
def delete(
    face_ids: Annotated[list[str], typer.Argument(help="Face ids as `faces list` shows them.")],
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
) -> None:
    """Delete single faces; status 1 when one was not there."""
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, printable
    from reknown.cli.session import open_context
    from reknown.services.galleries.faces import delete_faces

    with open_context(data) as context:
        done = delete_faces(context, collection, face_ids, of_users=True)
    count = len(done.deleted)
    typer.echo(f"deleted {count} face{'' if count == 1 else 's'}")
    for face in done.refused:
        typer.echo(printable(f"face {face.face_id} does not exist in {collection}"), err=True)
    raise typer.Exit(EXIT_NEGATIVE if done.refused else EXIT_DONE)
