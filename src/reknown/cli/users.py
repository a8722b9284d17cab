"""`reknown users`."""

from __future__ import annotations

from typing import Annotated

import typer

from reknown.biometrics.records import KnownGender
from reknown.biometrics.text import counted
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
    count = counted(len(profile.urls), "address", "addresses")
    typer.echo(f"{printable(name)}: {count}{gender}")


@cli.command()
def rename(
    name: Annotated[str, typer.Argument(help="The person's name.")],
    new: Annotated[str, typer.Argument(help="The name to have from now on.")],
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
    json: Json = False,
) -> None:
    """Give a person another name.

    The person keeps all faces; the old name is gone from the files. The command that takes it back
    is shown.
    """
    from reknown.cli.output import print_json, printable
    from reknown.cli.session import open_context
    from reknown.cli.undo import Undo, print_undo
    from reknown.services.galleries.mending import rename_user

    with open_context(data) as context:
        old, now = rename_user(context, collection, name, new)
    undo = Undo(collection, data).renaming(old, now)
    if json:
        print_json({"renamed": old, "to": now, "undo": [undo]})
        return
    typer.echo(printable(f"{old} is called {now} now"))
    print_undo([undo])


@cli.command()
def merge(
    name: Annotated[str, typer.Argument(help="The person who is the same as another one.")],
    into: Annotated[str, typer.Argument(help="The person to keep, with the faces of both.")],
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make two people one: the second gets all faces of the first, who is gone then.

    The commands that take it back are shown; they name exactly the faces moved.
    """
    from reknown.cli.output import print_json, printable
    from reknown.cli.session import open_context
    from reknown.cli.undo import Undo, print_undo
    from reknown.services.galleries.mending import merge_users

    with open_context(data) as context:
        done = merge_users(context, collection, name, into)
    back = Undo(collection, data)
    undo = [*back.moving(done.faces), *back.naming(done)]
    if undo:  # else nothing makes that person again
        undo += back.telling(done.merged)
    if json:
        faces = [face.face_id for face in done.faces]
        print_json(
            {
                "merged": done.merged.name,
                "into": done.into,
                "faces": faces,
                "groups": done.groups,
                "undo": undo,
            }
        )
        return
    count = counted(len(done.faces), "face")
    typer.echo(printable(f"{done.merged.name} is {done.into} now, {count} moved"))
    print_undo(undo)


@cli.command()
def apart(
    name: Annotated[str, typer.Argument(help="The person's name.")],
    other: Annotated[str, typer.Argument(help="Somebody else, however alike.")],
    collection: CollectionName = DEFAULT_COLLECTION,
    undo: Annotated[bool, typer.Option("--undo", help="They may be the same person.")] = False,
    data: Data = None,
) -> None:
    """Say that two people are never the same person: nothing proposes it again."""
    from reknown.cli.output import printable
    from reknown.cli.session import open_context
    from reknown.services.galleries.mending import keep_users_apart

    with open_context(data) as context:
        keep_users_apart(context, collection, name, other, undo=undo)
    said = "may be one person again" if undo else "stay apart"
    typer.echo(printable(f"{name} and {other} {said}"))


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
    from reknown.services.galleries.users import UserRequest, delete_user, look_up_user

    with open_context(data) as context:
        found = look_up_user(context, collection, name)
        if not yes:
            what = f"{printable(found.name)} with {counted(found.faces, 'face')}"
            typer.confirm(f"Delete {what} permanently?", abort=True)
        count = delete_user(context, UserRequest(collection, name), keep_faces=keep_faces)
    typer.echo(f"deleted {printable(name)} and {counted(count, 'face')}")
