"""`reknown keys`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.access.rights import BY_NAME
from reknown.cli.options import Data, Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.services.access import AccessKey
    from reknown.services.quotas import KeyQuota, Quota

cli = typer.Typer(
    help="Access keys of the server: make, list, limit, rotate and revoke them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's id, as `list` shows it.")]
Quotas = Annotated[
    list[str] | None,
    typer.Option(
        "--quota",
        metavar="MEASURE=N/PERIOD",
        help="How many operations, images or enrolled faces at the most in a month or a day (UTC), "
        "such as images=500/day. May be repeated.  [default: no limit]",
        show_default=False,
    ),
]
_COLUMNS = ("key", "name", "operations", "collections", "created", "expires", "quotas")


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
            f"{', '.join(BY_NAME[:-1])} and {BY_NAME[-1]} are allowed only when named in full: "
            "no * or ? stands for them.  [default: *]",
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
    quota: Quotas = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make an access key and show its secret, this once.

    Without options it may do everything on all collections but export and import templates.
    """
    from reknown.api.granting import rights_of
    from reknown.cli.session import open_context, open_vault
    from reknown.services import access
    from reknown.services.quotas import limit_key, quota_of

    wanted = [quota_of(each) for each in quota or ()]
    rights = rights_of(operation or (), collection or ())
    with open_context(data) as context:
        made, secret = access.create_key(context, open_vault(context, data), name, rights, purpose)
        if wanted:  # before anybody knows the secret
            limit_key(context, made.key_id, wanted)
    _show(made, secret, wanted, json=json)


@cli.command("list")
def list_(data: Data = None, json: Json = False) -> None:
    """Show all access keys, without their secrets."""
    from reknown.cli.output import print_json, print_table
    from reknown.cli.session import open_context
    from reknown.services import access
    from reknown.services.quotas import list_quotas

    with open_context(data) as context:
        keys, counts = access.list_keys(context), list_quotas(context.database)
    quotas = {key.key_id: _quotas_of(key, counts) for key in keys}
    if json:
        for key in keys:
            times = {"created_at": key.created_at, "expires_at": key.expires_at}
            print_json({**_plain(key, quotas[key.key_id]), **times})
    elif keys:
        now = datetime.now(UTC)
        print_table(_COLUMNS, [(*_row(key, now), _told(quotas[key.key_id])) for key in keys])
    else:
        typer.echo("no access keys: `reknown keys create` makes one")


@cli.command()
def limit(key_id: KeyId, quota: Quotas = None, data: Data = None) -> None:
    """Say how much an access key may use in a month or a day.

    Takes the place of all quotas that it has; without --quota it has none any more. What it used of
    the month and the day before counts. A key made by `rotate` shares them with the former one.
    What is beyond is refused (LimitExceededException); `reknown usage` tells what is left. Quotas
    are for keys: commands and Python on this machine have none.
    """
    from reknown.cli.output import printable
    from reknown.cli.session import open_context
    from reknown.services.quotas import limit_key, quota_of

    wanted = [quota_of(each) for each in quota or ()]
    with open_context(data) as context:
        key = limit_key(context, key_id, wanted)
    typer.echo(f"{key.key_id} ({printable(key.name)}): {_told(wanted)}")


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
    """Replace an access key by a new one with the same name, rights and quotas, which they share.

    The old one expires after the overlap; until then clients can change over.
    """
    from reknown.cli.session import open_context, open_vault
    from reknown.services import access
    from reknown.services.live.ending import watches_of
    from reknown.services.quotas import list_quotas

    length = access.overlap_of(overlap)
    with open_context(data) as context:
        made, secret = access.rotate_key(context, open_vault(context, data), key_id, length)
        old = access.get_key(context, key_id)
        quotas = _quotas_of(made, list_quotas(context.database))
        ending = watches_of(context, access.actor_of(old.key_id))
    _show(made, secret, quotas, json=json)
    if not json and old.expires_at is not None:
        typer.echo(f"\n{old.key_id} expires at {_time(old.expires_at)}.")
        if ending:
            typer.echo(
                f"These watches end then: {', '.join(ending)}. Stop them first, then start them "
                "again with the new key."
            )


def _quotas_of(key: AccessKey, counts: Sequence[KeyQuota]) -> list[Quota]:
    return [each.count.quota for each in counts if each.key_id == key.key_id]


def _told(quotas: Sequence[Quota]) -> str:
    return ", ".join(map(str, quotas)) or "no limit"


def _plain(key: AccessKey, quotas: Sequence[Quota]) -> dict[str, object]:
    return {
        "access_key_id": key.key_id,
        "name": key.name,
        "operations": key.rights.operations,
        "collections": key.rights.collections,
        "purpose": key.purpose,
        "quotas": [str(each) for each in quotas],
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


def _show(key: AccessKey, secret: str, quotas: Sequence[Quota], *, json: bool) -> None:
    from reknown.cli.output import print_json, printable

    if json:
        print_json(
            {"access_key_id": key.key_id, "secret_access_key": secret, **_plain(key, quotas)}
        )
        return
    typer.echo(
        f"made an access key for {printable(key.name)}\n"
        f"  operations:  {', '.join(key.rights.operations)}\n"
        f"  collections: {', '.join(key.rights.collections)}\n"
        + (f"  purpose:     {key.purpose}\n" if key.purpose else "")
        + (f"  quotas:      {_told(quotas)}\n" if quotas else "")
        + "\n"
        f"export AWS_ACCESS_KEY_ID={key.key_id}\n"
        f"export AWS_SECRET_ACCESS_KEY={secret}\n\n"
        "The secret is not shown again: keep it where only its user can read it.\n"
        "To use the key, run the two lines above in the client's shell; `reknown serve "
        "--print-env`\nshows what else AWS clients need to find this server."
    )
