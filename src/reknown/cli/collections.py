"""`reknown collections`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import InputError
from reknown.biometrics.text import counted
from reknown.cli.completion import complete_collection
from reknown.cli.options import Data, Json, Pack
from reknown.cli.policy import policy, print_policy
from reknown.cli.upgrade import upgrade

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reknown.biometrics.policy import Policy, UnreadablePolicy
    from reknown.biometrics.records import Collection

cli = typer.Typer(
    help="Galleries: list, make, tag and delete them, move them to another model pack.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

cli.command()(upgrade)
cli.command()(policy)

Name = Annotated[
    str, typer.Argument(help="The collection's name.", autocompletion=complete_collection)
]
_COLUMNS = ("collection", "people ", "faces ", "model pack", "created", "policy", "tags")


@cli.command("list")
def list_(data: Data = None, json: Json = False) -> None:
    """Show all collections."""
    from reknown.cli.session import open_context
    from reknown.services.galleries import collections as galleries
    from reknown.services.galleries.pages import all_pages

    with open_context(data) as context:
        found = all_pages(lambda page: galleries.list_collections(context, page))
        _print(list(found), json=json)


@cli.command()
def show(name: Name, data: Data = None, json: Json = False) -> None:
    """Show one collection and the rules in force."""
    from reknown.biometrics.policy import Policy
    from reknown.cli.session import open_context
    from reknown.services.galleries import collections as galleries

    with open_context(data) as context:
        found = galleries.describe_collection(context, name)
    _print([found], json=json)
    if isinstance(found.policy, Policy) and not json:
        print_policy(found.policy)


@cli.command()
def create(
    name: Annotated[str, typer.Argument(help="A new name, 1 to 255 characters.")],
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="KEY=VALUE", help="May be repeated.")
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy", metavar="FILE", help="Rules to put in force, as `policy --set` does."
        ),
    ] = None,
    pack: Pack = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make an empty collection of one model pack; `upgrade` moves it to another."""
    from reknown.cli.session import open_context
    from reknown.services.galleries import collections as galleries

    tags, rules = _tags(tag or []), None
    if policy is not None:
        from reknown.services.policies.files import read_policy_file

        rules = read_policy_file(policy)
    with open_context(data) as context:
        _print([galleries.create_collection(context, name, pack, tags, rules)], json=json)


@cli.command("tag")
def tag_(
    name: Name,
    tags: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE...", help="Tags to set.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="KEY", help="May be repeated.")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Set or remove tags."""
    from reknown.cli.session import open_context
    from reknown.services.galleries import collections as galleries

    with open_context(data) as context:
        changed = galleries.change_tags(context, name, _tags(tags or []), remove or [])
        _print([changed], json=json)


@cli.command()
def delete(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data: Data = None,
) -> None:
    """Delete a collection with all its people and faces."""
    from reknown.cli.output import printable
    from reknown.cli.session import open_context
    from reknown.services.galleries import collections as galleries

    with open_context(data) as context:
        found = galleries.describe_collection(context, name)
        if not yes:
            faces = counted(found.faces, "face")
            typer.confirm(f"Delete {printable(name)} with {faces} permanently?", abort=True)
        galleries.delete_collection(context, name)


def _tags(pairs: Iterable[str]) -> dict[str, str]:
    tags = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key:
            raise InputError(f"{pair!r} is not a tag: write KEY=VALUE")
        tags[key] = value
    return tags


def _print(collections: list[Collection], *, json: bool) -> None:
    from reknown.biometrics.policy import UnreadablePolicy
    from reknown.cli.output import print_json, print_table, printable

    if json:
        for collection in collections:
            print_json(collection)
        return
    if not collections:
        typer.echo("no collections yet: `reknown enroll PEOPLE/` makes one")
        return
    rows = [
        (
            collection.name,
            f"{collection.users:,}",
            f"{collection.faces:,}",
            f"{collection.space.pack} {collection.space.fingerprint[:12]}",
            f"{collection.created_at:%Y-%m-%d %H:%M} UTC",
            _mark(collection.policy),
            ", ".join(f"{key}={value}" for key, value in sorted(collection.tags.items())),
        )
        for collection in collections
    ]
    print_table(_COLUMNS, rows)
    for collection in collections:
        if isinstance(collection.policy, UnreadablePolicy):
            typer.echo(printable(collection.policy.reason), err=True)


def _mark(policy: Policy | UnreadablePolicy | None) -> str:
    """What a list has room for."""
    from reknown.biometrics.policy import UnreadablePolicy

    if policy is None:
        return ""
    if isinstance(policy, UnreadablePolicy):
        return "unreadable"
    marks = [mark for mark in ("governed", "suspended") if getattr(policy, mark)]
    return ", ".join(marks) or "set"
