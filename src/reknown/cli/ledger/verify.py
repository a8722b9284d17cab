"""`reknown ledger verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import InputError
from reknown.cli.ledger.options import Keys, countings, find_key
from reknown.cli.options import Data, Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.proofs.reknown_check import VerifyingKey
    from reknown.services.proofs.verification import Verified

_MOST_SHOWN = 20


def verify(
    full: Annotated[
        bool, typer.Option("--full", help="Read all records, also those found right before.")
    ] = False,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            "--checkpoint",
            metavar="FILE",
            help="A checkpoint kept elsewhere, such as a witness's: the log has to go on from it. "
            "May be repeated.",
            show_default=False,
        ),
    ] = None,
    key: Keys = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Say whether the ledger was changed.

    Reads every record and compares it with the log that was made as it was written, the log with
    the checkpoints that were signed, in the database and in the data folder, and what is allowed
    now (rights and quotas of access keys, policies, stops, consents, reviewers) with the records
    that allowed it. The next time it reads what is new; --full reads
    all. Where the master key is not, --key gives the public one.

    Status 1 when anything was changed, removed, inserted, re-ordered or cut off; each is named.
    """
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, print_json
    from reknown.cli.session import open_context
    from reknown.services.proofs.verification import LedgerEvidence, verify_ledger
    from reknown.settings import read_settings

    settings = read_settings(data)
    evidence = LedgerEvidence(settings.data, find_key(data), read_keys(key or ()), checkpoint or ())
    bars = countings("records", "rights and rules")
    with open_context(data) as context, bars as (watch, compared):
        found = verify_ledger(context, evidence, full=full, watch=watch, compared=compared)
    if json:
        print_json(found)
    else:
        _show(found)
    raise typer.Exit(EXIT_NEGATIVE if found.fault_count else EXIT_DONE)


def read_keys(texts: Sequence[str]) -> list[VerifyingKey]:
    """Public keys; raises `InputError`."""
    from reknown.proofs.reknown_check import read_key

    try:
        return [read_key(text) for text in texts]
    except ValueError as error:
        raise InputError(f"--key: {error}") from error


def _show(found: Verified) -> None:
    from reknown.cli.output import counted, printable

    for fault in found.faults[:_MOST_SHOWN]:
        typer.echo(printable(f"{fault.what}: {fault.message}"))
    if found.fault_count > _MOST_SHOWN:
        typer.echo(f"and {found.fault_count - _MOST_SHOWN:,} more; --json names them")
    before = found.size - found.checked
    read = f"{found.checked:,} read now, {before:,} before" if before else "all read"
    gone = f", {found.expired:,} of them expired" if found.expired else ""
    typer.echo(f"{found.origin}: {counted(found.size, 'record')}{gone}, {read}")
    typer.echo(_signatures(found))
    if found.fault_count:
        typer.echo(f"NOT RIGHT: {counted(found.fault_count, 'fault')}")
    else:
        typer.echo("nothing was changed")


def _signatures(found: Verified) -> str:
    from reknown.cli.output import counted

    if not found.signed:
        return "not signed yet: there was no master key when it was written"
    compared = counted(found.checkpoints, "checkpoint")
    if not found.signatures:
        return f"{compared} compared, and no key here to verify their signatures: give --key"
    return f"signed through record {found.signed:,} of the log, {compared} compared"
