"""`reknown approvals`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.options import CollectionName, Data, Json
from reknown.configuration import DEFAULT_COLLECTION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.services.policies.approvals import Approval

cli = typer.Typer(
    help="Approvals of repeated searches: grant them to others, withdraw them, show them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_COLUMNS = ("approval", "for", "left", "until", "granted by", "granted", "reason")


@cli.command()
def grant(
    searcher: Annotated[
        str,
        typer.Argument(
            metavar="WHO",
            help="Who may search on, as the ledger names them: an account (cli:ada) or a key "
            "(key:RK...).",
        ),
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; it is in the ledger.")
    ],
    searches: Annotated[int, typer.Option("--searches", metavar="N", help="How many more.")] = 1,
    days: Annotated[int, typer.Option("--days", metavar="N", help="For how long.")] = 7,
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
    json: Json = False,
) -> None:
    """Let somebody search for the same person more often than a gallery's policy allows.

    Nobody approves of their own searches. Whoever searches gives the id with --approval or
    X-Reknown-Approval; only searches that would be refused without it use it up.
    """
    from reknown.cli.session import open_context
    from reknown.services.policies import approvals

    new = approvals.approval_for(searcher, reason, searches, days)
    with open_context(data) as context:
        _print([approvals.grant_approval(context, collection, new)], json=json)


@cli.command()
def withdraw(
    approval: Annotated[str, typer.Argument(metavar="ID", help="The approval, see `list`.")],
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
    json: Json = False,
) -> None:
    """End an approval before its time: no search goes on under it from then on."""
    from reknown.cli.session import open_context
    from reknown.services.policies import approvals

    with open_context(data) as context:
        _print([approvals.withdraw_approval(context, collection, approval)], json=json)


@cli.command("list")
def list_(
    collection: CollectionName = DEFAULT_COLLECTION, data: Data = None, json: Json = False
) -> None:
    """Show the approvals of a gallery, also those that are used up or over."""
    from reknown.cli.session import open_context
    from reknown.services.galleries.pages import all_pages
    from reknown.services.policies import approvals

    with open_context(data) as context:
        found = all_pages(lambda page: approvals.list_approvals(context, collection, page))
        _print(list(found), json=json)


def _print(found: Sequence[Approval], *, json: bool) -> None:
    from reknown.cli.output import print_json, print_table

    if json:
        for approval in found:
            print_json(approval)
    elif found:
        print_table(_COLUMNS, [_row(approval) for approval in found])
    else:
        typer.echo("no approvals: `reknown approvals grant` makes one")


def _row(approval: Approval) -> tuple[object, ...]:
    return (
        approval.approval_id,
        approval.searcher,
        approval.searches_left,
        f"{approval.expires_at:%Y-%m-%d %H:%M} UTC",
        approval.granted_by,
        f"{approval.granted_at:%Y-%m-%d %H:%M} UTC",
        approval.reason,
    )
