"""`reknown usage`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.options import Data, Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.services.oversight.usage import ActorUsage, Month
    from reknown.services.quotas import KeyQuota

_Month = Annotated[
    str | None,
    typer.Option(
        "--month",
        metavar="MONTH",
        help="The month in UTC, such as 2026-11.  [default: this one, until now]",
        show_default=False,
    ),
]
_Key = Annotated[str | None, typer.Option("--key", metavar="KEY_ID", help="Only this access key.")]
_Csv = Annotated[
    Path | None,
    typer.Option(
        "--csv",
        metavar="FILE",
        help="Write one number a line to a table; - for standard output, and nothing else there.",
    ),
]
_COLUMNS = ("actor", "name", "done ", "refused ", "failed ", "enrolled ", "deleted ", "stored ")
_TABLE = ("month", "actor", "name", "measure", "operation", "count")


def usage(
    month: _Month = None,
    key: _Key = None,
    csv: _Csv = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show who did how much in a month.

    Operations, refusals and faces of each access key and account, counted in the ledger: the same
    ledger gives the same numbers, and the same table byte for byte. Faces stored are those that a
    key enrolled and that were there at the month's end. Of this month it also tells what keys have
    used of their quotas, and what is left.
    """
    from datetime import UTC, datetime

    from reknown.cli.exports import STANDARD_OUTPUT
    from reknown.cli.output import print_json, progress
    from reknown.cli.session import open_context
    from reknown.services.oversight.usage import KEY, Month, month_of, read_usage
    from reknown.services.quotas import list_quotas

    now = datetime.now(UTC)
    wanted = Month(now.year, now.month) if month is None else month_of(month)
    actor = None if key is None else f"{KEY}{key}"
    present = wanted == Month(now.year, now.month)
    with open_context(data) as context, progress() as bar:
        task = bar.add_task("records read", total=None)
        actors = read_usage(context, wanted, actor, lambda more: bar.advance(task, more))
        counts = list_quotas(context.database) if present else []
    counts = [each for each in counts if key in {None, each.key_id}]
    if csv is not None:
        _write(csv, wanted, actors)
    if json:
        for each in actors:
            print_json({"month": str(wanted), **_plain(each)})
        for it in counts:
            print_json(_plain_quota(it))
    elif csv != STANDARD_OUTPUT:
        _show(wanted, actors)
        _show_quotas(counts)


def _write(target: Path, month: Month, actors: tuple[ActorUsage, ...]) -> None:
    from reknown.cli.exports import csv_table
    from reknown.services.oversight.usage import lines

    with csv_table(target, _TABLE, mark=False) as table:
        for each in actors:
            head = (str(month), each.actor, each.name)
            table.write([(*head, *line) for line in lines(each)])


def _show(month: Month, actors: tuple[ActorUsage, ...]) -> None:
    from reknown.cli.output import print_table

    if not actors:
        typer.echo(f"the ledger has nothing of {month}")
        return
    rows = [
        (
            each.actor,
            each.name or "-",
            *(f"{sum(counts.values()):,}" for counts in (each.done, each.refused, each.failed)),
            *(f"{count:,}" for count in (each.enrolled, each.deleted, each.stored)),
        )
        for each in actors
    ]
    print_table(_COLUMNS, rows, f"{month}, operations and faces")


def _show_quotas(counts: Sequence[KeyQuota]) -> None:
    from reknown.cli.output import print_table

    if counts:
        rows = [
            (
                each.key_id,
                f"{each.count.quota.measure} a {each.count.quota.period}",
                *(f"{it:,}" for it in (each.count.quota.most, each.count.used, each.count.left)),
            )
            for each in counts
        ]
        typer.echo()
        print_table(("key", "quota", "most ", "used ", "left "), rows, "quotas, until now")


def _plain_quota(quota: KeyQuota) -> dict[str, object]:
    count = quota.count
    return {
        "key": quota.key_id,
        "measure": count.quota.measure,
        "period": count.quota.period,
        "since": count.since,
        "most": count.quota.most,
        "used": count.used,
        "left": count.left,
    }


def _plain(usage: ActorUsage) -> dict[str, object]:
    return {
        "actor": usage.actor,
        "name": usage.name,
        "done": usage.done,
        "refused": usage.refused,
        "failed": usage.failed,
        "faces_enrolled": usage.enrolled,
        "faces_deleted": usage.deleted,
        "faces_stored": usage.stored,
    }
