"""`reknown keys`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import InputError
from reknown.cli.options import Data, Json

if TYPE_CHECKING:
    from reknown.services.access import AccessKey

cli = typer.Typer(
    help="Access keys of the server: make, list, rotate and revoke them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's id, as `list` shows it.")]
# What takes biometric data out of the server or puts it in has to be granted on purpose.
BY_NAME = ("ReknownExportTemplates", "ReknownImportTemplates")
_COLUMNS = ("key", "name", "operations", "collections", "created", "expires")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


@cli.command()
def create(
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Who or what uses the key.")
    ] = "unnamed",
    operation: Annotated[
        list[str] | None,
        typer.Option(
            "--operation",
            metavar="GLOB",
            help="Operations to allow, such as DetectFaces or 'Search*'. May be repeated. "
            f"{BY_NAME[0]} and {BY_NAME[1]} are allowed only when named in full: no * or ? "
            "stands for them.  [default: *]",
            show_default=False,
        ),
    ] = None,
    collection: Annotated[
        list[str] | None,
        typer.Option(
            "--collection",
            metavar="GLOB",
            help="Collections to allow them on, such as 'staff-*'. May be repeated.  [default: *]",
            show_default=False,
        ),
    ] = None,
    purpose: Annotated[
        str | None,
        typer.Option(
            "--purpose",
            metavar="CODE",
            help="What its searches are for where they do not say so, such as missing-person.",
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make an access key and show its secret, this once.

    Without options it may do everything on all collections but export and import templates.
    """
    from reknown.cli.session import open_context, open_vault
    from reknown.services import access

    rights = access.Rights(tuple(operation or ["*"]), tuple(collection or ["*"]))
    for pattern in rights.operations:
        _require_known(pattern)
    with open_context(data) as context:
        made, secret = access.create_key(context, open_vault(context, data), name, rights, purpose)
    _show(made, secret, json=json)


@cli.command("list")
def list_(data: Data = None, json: Json = False) -> None:
    """Show all access keys, without their secrets."""
    from reknown.cli.output import print_json, print_table
    from reknown.cli.session import open_context
    from reknown.services import access

    with open_context(data) as context:
        keys = access.list_keys(context)
    if json:
        for key in keys:
            times = {"created_at": key.created_at, "expires_at": key.expires_at}
            print_json({**_plain(key), **times})
    elif keys:
        now = datetime.now(UTC)
        print_table(_COLUMNS, [_row(key, now) for key in keys])
    else:
        typer.echo("no access keys: `reknown keys create` makes one")


@cli.command()
def revoke(
    key_id: KeyId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data: Data = None,
) -> None:
    """Delete an access key: the server refuses it from the next request on."""
    from reknown.cli.output import printable
    from reknown.cli.session import open_context
    from reknown.services import access

    with open_context(data) as context:
        key = access.get_key(context, key_id)
        if not yes:
            typer.confirm(f"Revoke {key.key_id} ({printable(key.name)}) permanently?", abort=True)
        access.revoke_key(context, key.key_id)
    typer.echo(f"revoked {key.key_id} ({printable(key.name)})")


@cli.command()
def rotate(
    key_id: KeyId,
    overlap: Annotated[
        str,
        typer.Option(
            "--overlap",
            metavar="TIME",
            help="How long the old key still works: 0, or a number of minutes (30m), hours (24h) "
            "or days (7d).",
        ),
    ] = "24h",
    data: Data = None,
    json: Json = False,
) -> None:
    """Replace an access key by a new one with the same name and rights.

    The old one expires after the overlap; until then clients can change over.
    """
    from reknown.cli.session import open_context, open_vault
    from reknown.services import access

    length = _duration(overlap)
    with open_context(data) as context:
        made, secret = access.rotate_key(context, open_vault(context, data), key_id, length)
        old = access.get_key(context, key_id)
    _show(made, secret, json=json)
    if not json and old.expires_at is not None:
        typer.echo(f"\n{old.key_id} expires at {_time(old.expires_at)}.")


def _duration(text: str) -> timedelta:
    if text == "0":
        return timedelta(0)
    match = re.fullmatch(r"([0-9]{1,6})([mhd])", text)
    if match is None:
        raise InputError(f"{text!r} is not a time: write 0, 30m, 24h or 7d")
    return int(match[1]) * _UNITS[match[2]]


def _require_known(pattern: str) -> None:
    """Raises `InputError` for a pattern that would allow nothing: it is a mistake."""
    from difflib import get_close_matches

    from reknown.access.rights import matches
    from reknown.api.catalogue import OPERATIONS

    found = {name for name in OPERATIONS if matches(pattern, name)}
    if found - set(BY_NAME) or pattern in found:
        return
    if found:
        raise InputError(f"{pattern!r} allows nothing: name {' and '.join(sorted(found))} in full")
    close = get_close_matches(pattern, OPERATIONS, n=1)
    advice = f"did you mean {close[0]}?" if close else "docs/reference/operations.md lists them"
    raise InputError(f"{pattern!r} is not an operation: {advice}")


def _plain(key: AccessKey) -> dict[str, object]:
    return {
        "access_key_id": key.key_id,
        "name": key.name,
        "operations": key.rights.operations,
        "collections": key.rights.collections,
        "purpose": key.purpose,
    }


def _row(key: AccessKey, now: datetime) -> tuple[str, ...]:
    if key.expires_at is None:
        end = "never"
    else:
        end = "expired" if key.expired(now) else _time(key.expires_at)
    operations, collections = ", ".join(key.rights.operations), ", ".join(key.rights.collections)
    return (key.key_id, key.name, operations, collections, _time(key.created_at), end)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _show(key: AccessKey, secret: str, *, json: bool) -> None:
    from reknown.cli.output import print_json, printable

    if json:
        print_json({"access_key_id": key.key_id, "secret_access_key": secret, **_plain(key)})
        return
    typer.echo(
        f"made an access key for {printable(key.name)}\n"
        f"  operations:  {', '.join(key.rights.operations)}\n"
        f"  collections: {', '.join(key.rights.collections)}\n"
        + (f"  purpose:     {key.purpose}\n" if key.purpose else "")
        + "\n"
        f"export AWS_ACCESS_KEY_ID={key.key_id}\n"
        f"export AWS_SECRET_ACCESS_KEY={secret}\n\n"
        "The secret is not shown again: keep it where only its user can read it.\n"
        "To use the key, run the two lines above in the client's shell; `reknown serve "
        "--print-env`\nshows what else AWS clients need to find this server."
    )
