"""`reknown ledger prove` and `export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reknown.cli.ledger.options import Out, counting, put
from reknown.cli.options import Data, Json


def prove(
    record: Annotated[
        int, typer.Argument(metavar="RECORD_ID", help="Its id, as `reknown ledger --json` shows.")
    ],
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint",
            metavar="FILE",
            help="Prove it for this checkpoint, such as one that a witness signed too.  "
            "[default: the newest]",
            show_default=False,
        ),
    ] = None,
    out: Out = None,
    data: Data = None,
) -> None:
    """Write a record with the proof that it is in the ledger, as JSON.

    Whoever has the ledger's public key checks it without Reknown: `reknown ledger checker` prints
    the program for that. The file holds this one record, and hashes of others.
    """
    from reknown.cli.session import open_context
    from reknown.services.proofs.records import prove_record

    with open_context(data) as context:
        put(prove_record(context, record, checkpoint), out)


def export(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Where to write the log.")
    ],
    data: Data = None,
    json: Json = False,
) -> None:
    """Write all signed records into a file for an auditor, one a line.

    The first line has the checkpoint that is over them. It holds no names of people, but ids,
    digests of images, and who searched when.
    """
    from reknown.cli.output import counted, print_json, printable
    from reknown.cli.session import open_context
    from reknown.reporting.files import written
    from reknown.services.proofs.records import export_log

    with open_context(data) as context, counting("export") as watch, written(out) as file:
        size = export_log(context, file, watch)
    if json:
        print_json({"file": str(out), "records": size})
    else:
        typer.echo(printable(f"{counted(size, 'record')} in {out}"))
