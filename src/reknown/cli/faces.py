"""`reknown faces`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.text import counted
from reknown.cli.options import CollectionName, Data, Json
from reknown.configuration import DEFAULT_COLLECTION

if TYPE_CHECKING:
    from reknown.services.galleries.face_images import ShownFace

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
    typer.echo(f"deleted {counted(len(done.deleted), 'face')}")
    for face in done.refused:
        typer.echo(printable(f"face {face.face_id} does not exist in {collection}"), err=True)
    raise typer.Exit(EXIT_NEGATIVE if done.refused else EXIT_DONE)


@cli.command()
def move(
    face_ids: Annotated[list[str], typer.Argument(help="Face ids as `faces list` shows them.")],
    to: Annotated[
        str | None, typer.Option("--to", metavar="NAME", help="Whom they show, new or known.")
    ] = None,
    to_nobody: Annotated[
        bool, typer.Option("--to-nobody", help="Keep them without a name.")
    ] = False,
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
    json: Json = False,
) -> None:
    """Give single faces to another person; status 1 when one was not there.

    The command that takes it back is shown.
    """
    from reknown.biometrics.errors import InputError
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, print_json, printable
    from reknown.cli.session import open_context
    from reknown.cli.undo import Undo, print_undo
    from reknown.services.galleries.mending import move_faces

    if (to is None) != to_nobody:
        raise InputError("give either --to NAME or --to-nobody")
    with open_context(data) as context:
        done = move_faces(context, collection, face_ids, to)
    back = Undo(collection, data)
    undo = list(back.moving(face for face in done.moved if face.user != done.to))
    if done.made and done.to is not None:
        undo.append(back.making(done.to))
    if json:
        print_json(
            {
                "moved": [face.face_id for face in done.moved],
                "absent": done.absent,
                "to": done.to,
                "new_person": done.made,
                "left_empty": done.left_empty,
                "undo": undo,
            }
        )
    else:
        count = counted(len(done.moved), "face")
        whose = "nobody's" if done.to is None else f"{done.to}'s"
        new = " (a new person)" if done.made else ""
        typer.echo(printable(f"{count} moved: {whose} now{new}"))
        for name in done.left_empty:
            typer.echo(printable(f"{name} has no face left: `reknown users delete` if nobody is"))
        print_undo(undo)
    for face_id in done.absent:
        typer.echo(printable(f"face {face_id} does not exist in {collection}"), err=True)
    raise typer.Exit(EXIT_NEGATIVE if done.absent else EXIT_DONE)


@cli.command()
def show(
    face_id: Annotated[str, typer.Argument(help="A face id as `faces list` shows it.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Save the face: a new .jpg or .png."),
    ] = None,
    folders: Annotated[
        list[Path] | None,
        typer.Option("--in", metavar="FOLDER", help="Where else to look for its picture."),
    ] = None,
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show whose a face is, and where its picture lies, of which galleries keep nothing.

    The picture is looked for where it was enrolled from, then in the folders of --in, and is known
    by its SHA-256 whatever it is called. Status 1 when it is not there.
    """
    from reknown.biometrics.errors import InputError
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, print_json, printable
    from reknown.cli.session import open_context
    from reknown.services.galleries.face_images import show_face
    from reknown.services.images.files import require_places

    places = folders or []
    require_places(places)
    if output is not None and os.path.lexists(output):
        raise InputError(f"--output would overwrite {output}: give a new file")
    with open_context(data) as context:
        shown = show_face(context, collection, face_id, places)
    _save(shown, output)
    if json:
        print_json({"face": shown.face, "path": shown.path and str(shown.path)})
    else:
        face = shown.face
        where = f"its picture is {shown.path}"
        if shown.path is None:
            called = face.image.name or "of no name"
            where = f"its picture, {called}, was not found: give --in FOLDER"
        typer.echo(printable(f"{face.face_id}: {face.user or 'nobody'}, quality {face.quality}"))
        typer.echo(printable(where))
    raise typer.Exit(EXIT_NEGATIVE if shown.path is None else EXIT_DONE)


def _save(shown: ShownFace, output: Path | None) -> None:
    from PIL import Image

    from reknown.reporting.files import write_bytes
    from reknown.vision.draw import encoded

    if output is not None and shown.path is not None and shown.pixels is not None:
        write_bytes(output, encoded(Image.fromarray(shown.pixels), output))
