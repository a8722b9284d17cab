"""`reknown users`."""

from __future__ import annotations

from typing import Annotated

import typer

from reknown.cli.options import DEFAULT_COLLECTION, CollectionName, Data, Json

cli = typer.Typer(help="The people of a gallery.", no_args_is_help=True, rich_markup_mode=None)


@cli.command("list")
def list_(
    collection: CollectionName = DEFAULT_COLLECTION, data: Data = None, json: Json = False
) -> None:
    """Show the people of a collection with the number of their faces."""
    from reknown.cli.output import print_json, print_table
    from reknown.cli.session import open_gallery
    from reknown.services import galleries

    with open_gallery(data) as database:
        users = list(galleries.list_users(database, collection))
    if json:
        for user in users:
            print_json(user)
    else:
        rows = [(user.name, user.faces, f"{user.created_at:%Y-%m-%d %H:%M} UTC") for user in users]
        print_table(("person", "faces ", "enrolled"), rows)


@cli.command()
def delete(
    name: Annotated[str, typer.Argument(help="The person's name.")],
    collection: CollectionName = DEFAULT_COLLECTION,
    keep_faces: Annotated[
        bool, typer.Option("--keep-faces", help="Keep the faces, without a name.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data: Data = None,
) -> None:
    """Delete a person: the name and all its faces.

    The ledger keeps that there were such a person and such faces, by name and id.
    """
    from reknown.cli.output import printable
    from reknown.cli.session import open_gallery
    from reknown.services import galleries
    from reknown.settings import read_settings

    if not yes:
        typer.confirm(f"Delete {printable(name)} for good?", abort=True)
    with open_gallery(data) as database:
        count = galleries.delete_user(
            database, collection, name, keep_faces=keep_faces, actor=read_settings().actor
        )
    typer.echo(f"deleted {printable(name)} and {count} faces")
