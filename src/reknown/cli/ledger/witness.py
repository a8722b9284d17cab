"""`reknown ledger witness`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reknown.cli.ledger.options import Out, put
from reknown.cli.options import Json


def witness(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT", help="What the ledger signed of itself.")
    ],
    proof: Annotated[
        Path | None,
        typer.Option(
            "--proof",
            metavar="FILE",
            help="That it goes on from the last one seen: what `reknown ledger consistency` wrote.",
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="VKEY", help="The ledger's public key, the first time."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder",
            metavar="DIR",
            help="Where the witness keeps its key and what it has seen.  "
            "[default: witness in the data folder]",
            show_default=False,
        ),
    ] = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Sign a checkpoint of another machine's ledger, if it goes on from the last one seen.

    A log that is shorter than before, or another one, is refused. Run it where those who run
    the ledger cannot reach: then nobody can put back an older state, or show two people two logs.
    """
    from reknown.cli.output import print_json
    from reknown.services.proofs.witness import witness_checkpoint
    from reknown.settings import read_settings

    own = folder or read_settings(None).data / "witness"
    seen = witness_checkpoint(own, checkpoint, key, proof)
    if out is not None:
        put(seen.note, out)
    if json:
        print_json(seen)
    elif out is None:
        put(seen.note, None)
    else:
        typer.echo(f"{seen.origin}: {seen.former_size:,} -> {seen.size:,} records\n{seen.witness}")
