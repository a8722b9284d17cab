"""`reknown users`."""

from __future__ import annotations

from typing import Annotated

import typer

from reknown.biometrics.records import KnownGender
from reknown.cli.options import CollectionName, Data, Json
from reknown.configuration import DEFAULT_COLLECTION

cli = typer.Typer(help="The people of a gallery.", no_args_is_help=True, rich_markup_mode=None)


@cli.command("list")
def list_(
    collection: CollectionName = DEFAULT_COLLECTION, data: Data = None, json: Json = False
) -> None:
    """Show the people of a collection with the number of their faces."""
    from reknown.cli.output import print_json, print_table
    from reknown.cli.session import open_context
    from reknown.services.galleries.pages import all_pages
    from reknown.services.galleries.users import list_users

    with open_context(data) as context:
        users = list(all_pages(lambda page: list_users(context, collection, page)))
    if json:
        for user in users:
            print_json(user)
    else:
        rows = [(user.name, user.faces, f"{user.created_at:%Y-%m-%d %H:%M} UTC") for user in users]
        print_table(("person", "faces ", "enrolled"), rows)


@cli.command()
def describe(
    name: Annotated[str, typer.Argument(help="The person's name.")],
    collection: CollectionName = DEFAULT_COLLECTION,
    url: Annotated[
        list[str] | None,
        typer.Option("--url", metavar="ADDRESS", help="Web address that tells more; repeatable."),
    ] = None,
    known_gender: Annotated[
        KnownGender | None,
        typer.Option("--known-gender", help="How the person is publicly known."),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Tell what clients of RecognizeCelebrities learn of a person beside the name.

    It takes the place of all that was told before; without --url and --known-gender nothing is
    told any more. Reknown reads none of it from faces.
    """
    from reknown.biometrics.records import Profile
    from reknown.cli.output import print_json, printable
    from reknown.cli.session import open_context
    from reknown.services.galleries.users import describe_user

    profile = Profile(tuple(url or ()), known_gender)
    with open_context(data) as context:
        told = describe_user(context, collection, name, profile)
    if json:
        print_json(told)
        return
    gender = "" if known_gender is None else f", known as {known_gender.value}"
    count = f"{len(profile.urls)} address{'' if len(profile.urls) == 1 else 'es'}"
    typer.echo(f"{printable(name)}: {count}{gender}")


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

    The ledger keeps that there were such a person and such faces, by their ids alone.
    """
    from reknown.cli.output import printable
    from reknown.cli.session import open_context
    from reknown.services.galleries.users import UserRequest, delete_user, require_user

    with open_context(data) as context:
        require_user(context, collection, name)
        if not yes:
            typer.confirm(f"Delete {printable(name)} permanently?", abort=True)
        count = delete_user(context, UserRequest(collection, name), keep_faces=keep_faces)
    typer.echo(f"deleted {printable(name)} and {count} face{'' if count == 1 else 's'}")
