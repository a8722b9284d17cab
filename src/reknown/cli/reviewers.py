"""`reknown reviewers`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.options import Data, Json

if TYPE_CHECKING:
    from reknown.review.reviewers import Reviewer

cli = typer.Typer(
    help="Who may judge candidates: people trained to compare faces, until their training is over.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Who = Annotated[
    str,
    typer.Argument(
        metavar="WHO",
        help="As the ledger names them: an account of the console (account:ada) or of this machine "
        "(cli:ada), or a key (key:RK...).",
    ),
]
Until = Annotated[
    datetime,
    typer.Option(
        "--trained-until",
        metavar="DAY",
        formats=["%Y-%m-%d"],
        help="The last day, in UTC, on which they may review, such as 2027-11-30.",
    ),
]
Competence = Annotated[
    list[str] | None,
    typer.Option(
        "--for",
        metavar="GLOB",
        help="Collections that they are competent for, such as 'staff-*'. May be repeated.  "
        "[default: *]",
        show_default=False,
    ),
]
_COLUMNS = ("reviewer", "trained until", "for", "added")


@cli.command()
def add(who: Who, trained_until: Until, for_: Competence = None, data: Data = None) -> None:
    """Let somebody review from now on."""
    from reknown.cli.session import open_context
    from reknown.services.reviews.reviewers import add_reviewer

    reviewer = _reviewer(who, trained_until, for_)
    with open_context(data) as context:
        add_reviewer(context, reviewer)
    typer.echo(f"{who} may review until {reviewer.trained_until}")


@cli.command("list")
def list_(data: Data = None, json: Json = False) -> None:
    """Show who may review, and whose training is over."""
    from reknown.cli.output import print_json, print_table
    from reknown.cli.session import open_context
    from reknown.review.reviewers import today_utc
    from reknown.services.reviews.reviewers import list_reviewers

    with open_context(data) as context:
        found = list_reviewers(context)
    if json:
        for each in found:
            print_json(
                {
                    "reviewer": each.actor,
                    "trained_until": each.trained_until.isoformat(),
                    "collections": each.collections,
                    "added_at": each.added_at,
                }
            )
    elif found:
        today = today_utc()
        rows = [
            (
                each.actor,
                f"{each.trained_until}{' (over)' if each.trained_until < today else ''}",
                ", ".join(each.collections),
                f"{each.added_at:%Y-%m-%d}",
            )
            for each in found
        ]
        print_table(_COLUMNS, rows)
    else:
        typer.echo("no reviewers: `reknown reviewers add WHO --trained-until DAY`")


@cli.command()
def renew(who: Who, trained_until: Until, for_: Competence = None, data: Data = None) -> None:
    """Say that a reviewer was trained again, or for which collections."""
    from reknown.cli.session import open_context
    from reknown.services.reviews.reviewers import renew_reviewer

    reviewer = _reviewer(who, trained_until, for_)
    with open_context(data) as context:
        renew_reviewer(context, reviewer)
    typer.echo(f"{who} may review until {reviewer.trained_until}")


@cli.command()
def remove(who: Who, data: Data = None) -> None:
    """Let somebody review no more; what they have said stays."""
    from reknown.cli.session import open_context
    from reknown.services.reviews.reviewers import remove_reviewer

    with open_context(data) as context:
        remove_reviewer(context, who)
    typer.echo(f"{who} is no reviewer any more")


def _reviewer(who: str, trained_until: datetime, patterns: list[str] | None) -> Reviewer:
    from reknown.review.reviewers import Reviewer

    return Reviewer(who, trained_until.date(), tuple(patterns or ["*"]))
