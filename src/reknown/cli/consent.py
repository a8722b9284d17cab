"""`reknown consent`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.text import counted
from reknown.cli.options import CollectionName, Data, Json
from reknown.configuration import DEFAULT_COLLECTION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from reknown.services.policies.consents import Consent

cli = typer.Typer(
    help="Consents of people to be enrolled: put down, show, withdraw.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Person = Annotated[str, typer.Argument(help="The person's name.")]
_COLUMNS = ("number ", "person", "given", "recorded by", "basis", "text", "until", "withdrawn")
_LARGEST_TEXT = 10_000_000


@cli.command()
def give(
    name: Person,
    text: Annotated[
        Path,
        typer.Option("--text", metavar="FILE", help="What was agreed to; its SHA-256 is kept."),
    ],
    basis: Annotated[
        str,
        typer.Option("--basis", metavar="TEXT", help="How it was given: signed, clicked, told."),
    ],
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="DATE", help="Until when it holds, as 2027-12-31."),
    ] = None,
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
    json: Json = False,
) -> None:
    """Put down that somebody has agreed to be in a gallery.

    Where its policy says consent_required, nobody else is enrolled. The ledger has an opaque id
    for the person, never the name. Keep the file: the digest shows that it is the one.
    """
    from reknown.cli.session import open_context
    from reknown.services.policies import consents
    from reknown.storage.small_files import read_small_file

    words = read_small_file(text, _LARGEST_TEXT)
    until = None if expires is None else consents.moment_of(expires)
    new = consents.consent_to(words, basis, until)
    with open_context(data) as context:
        _print([consents.give_consent(context, collection, name, new)], json=json)


@cli.command()
def withdraw(
    name: Person,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
) -> None:
    """End all consents of somebody, and delete their faces, sightings and name at once.

    From then on no search finds them. That they had agreed, when, and to what text stays on
    record under an opaque id.
    """
    from reknown.cli.output import printable
    from reknown.cli.session import open_context
    from reknown.services.policies import consents

    with open_context(data) as context:
        if not yes:
            typer.confirm(
                f"Withdraw the consent of {printable(name)} and delete all their faces in "
                f"{printable(collection)} permanently?",
                abort=True,
            )
        numbers = consents.withdraw_consent(context, collection, name)
    ended = counted(len(numbers), "consent was", "consents were")
    typer.echo(f"{ended} withdrawn; {printable(name)} is deleted")


@cli.command("list")
def list_(
    collection: CollectionName = DEFAULT_COLLECTION, data: Data = None, json: Json = False
) -> None:
    """Show all consents of a gallery, also those of people deleted since."""
    from reknown.cli.session import open_context
    from reknown.services.galleries.pages import all_pages
    from reknown.services.policies import consents

    with open_context(data) as context:
        found = all_pages(lambda page: consents.list_consents(context, collection, page))
        _print(list(found), json=json)


@cli.command()
def show(
    name: Person,
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show the consents of one person."""
    from reknown.cli.session import open_context
    from reknown.services.policies import consents

    with open_context(data) as context:
        _print(consents.show_consents(context, collection, name), json=json)


def _print(found: Sequence[Consent], *, json: bool) -> None:
    from reknown.cli.output import print_json, print_table

    if json:
        for consent in found:
            print_json(consent)
    elif found:
        print_table(_COLUMNS, [_row(consent) for consent in found])
    else:
        typer.echo("no consents: `reknown consent give` puts one down")


def _row(consent: Consent) -> tuple[object, ...]:
    return (
        consent.number,
        consent.user or "(deleted)",
        _time(consent.given_at),
        consent.recorded_by,
        consent.basis,
        consent.text_sha256[:12],
        _time(consent.expires_at) or "for good",
        _time(consent.withdrawn_at) or "no",
    )


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""
