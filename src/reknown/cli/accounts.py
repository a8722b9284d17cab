"""`reknown accounts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.options import Data, Json

if TYPE_CHECKING:
    from reknown.services.accounts import Account

cli = typer.Typer(
    help="People who sign in to the console: add, list, change and delete them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The name to sign in with, such as ada or ada.lovelace."),
]
_COLUMNS = ("account", "role", "collections", "one-time codes", "created")


@cli.command()
def add(
    name: Name,
    role: Annotated[
        str,
        typer.Option(
            "--role",
            help="keeper (people and faces), reviewer (cases), auditor (ledger and reports) or "
            "operator (everything).",
        ),
    ] = "keeper",
    collection: Annotated[
        list[str] | None,
        typer.Option(
            "--collection",
            metavar="GLOB",
            help="Collections to allow, such as 'staff-*'. May be repeated.  [default: *]",
            show_default=False,
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Add an account; its password is asked for, or read from standard input.

    The console offers to set up one-time codes (an authenticator on a phone) after the first
    sign-in.
    """
    from reknown.cli.session import open_context
    from reknown.services import accounts

    wanted = accounts.role_of(role)
    with open_context(data) as context:
        made = accounts.create_account(context, name, wanted, collection or ["*"], _password())
    _show([made], json=json)


@cli.command("list")
def list_(data: Data = None, json: Json = False) -> None:
    """Show all accounts."""
    from reknown.cli.session import open_context
    from reknown.services import accounts

    with open_context(data) as context:
        found = accounts.list_accounts(context)
    _show(found, json=json)


@cli.command()
def role(
    name: Name,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="As that of `add`.")],
    collection: Annotated[
        list[str] | None,
        typer.Option(
            "--collection",
            metavar="GLOB",
            help="Collections to allow from now on. May be repeated.  [default: *]",
            show_default=False,
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Let somebody do something else, or on other collections; who is signed in stays so."""
    from reknown.cli.session import open_context
    from reknown.services import accounts

    wanted = accounts.role_of(role)
    with open_context(data) as context:
        changed = accounts.change_role(context, name, wanted, collection or ["*"])
    _show([changed], json=json)


@cli.command()
def password(name: Name, data: Data = None) -> None:
    """Set another password; whoever is signed in with the account is signed out."""
    from reknown.cli.session import open_context
    from reknown.services import accounts

    with open_context(data) as context:
        accounts.change_password(context, name, _password())
    typer.echo(f"account {name} has another password")


@cli.command("remove-codes")
def remove_codes(name: Name, data: Data = None) -> None:
    """Let somebody sign in without one-time codes, as after the loss of a phone."""
    from reknown.cli.session import open_context
    from reknown.services import accounts

    with open_context(data) as context:
        accounts.remove_codes(context, name)
    typer.echo(f"account {name} signs in without codes now")


@cli.command()
def delete(name: Name, data: Data = None) -> None:
    """Delete an account; whoever is signed in with it is signed out."""
    from reknown.cli.session import open_context
    from reknown.services import accounts

    with open_context(data) as context:
        accounts.delete_account(context, name)
    typer.echo(f"account {name} is deleted")


def _password() -> str:
    import os
    import sys

    if os.isatty(0):
        given: str = typer.prompt("Password", hide_input=True, err=True, confirmation_prompt=True)
        return given
    return sys.stdin.readline(1000).rstrip("\r\n")


def _show(found: list[Account], *, json: bool) -> None:
    from reknown.cli.output import print_json, print_table

    if json:
        for each in found:
            print_json(
                {
                    "account": each.name,
                    "role": each.role.value,
                    "collections": list(each.collections),
                    "one_time_codes": each.second_factor,
                    "created_at": each.created_at.isoformat(),
                }
            )
        return
    rows = [
        (
            each.name,
            each.role.value,
            ", ".join(each.collections),
            "yes" if each.second_factor else "no",
            each.created_at.isoformat(timespec="seconds"),
        )
        for each in found
    ]
    print_table(_COLUMNS, rows)
