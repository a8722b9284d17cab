"""`reknown ledger check` and `checker`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def check(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A proof, an exported log, a proof of consistency or a checkpoint."
        ),
    ],
    key: Annotated[
        list[str],
        typer.Option(
            "--key",
            metavar="VKEY",
            help="The ledger's public key. May be repeated.",
        ),
    ],
    witness: Annotated[
        list[str] | None,
        typer.Option(
            "--witness",
            metavar="VKEY",
            help="The public key of a witness that must have signed too. May be repeated.",
            show_default=False,
        ),
    ] = None,
    earlier: Annotated[
        Path | None,
        typer.Option(
            "--earlier", metavar="FILE", help="A checkpoint that an exported log has to begin with."
        ),
    ] = None,
) -> None:
    """Check a file of `prove`, `export`, `consistency` or `checkpoint` with a public key alone.

    Needs no database. `reknown ledger checker` prints the same as a single Python file. Status 1
    when it is not proven, 2 when the file cannot be read.
    """
    from reknown.proofs.reknown_check import main

    words = [str(file), *(word for each in key for word in ("--key", each))]
    words += [word for each in witness or () for word in ("--witness", each)]
    words += [] if earlier is None else ["--earlier", str(earlier)]
    raise typer.Exit(main(words))


def checker() -> None:
    """Print the program that checks proofs: one Python file that needs only `cryptography`.

    Give it to an auditor, or let them take it from the source: reknown ledger checker > check.py
    """
    from importlib.resources import files

    typer.echo(files("reknown.proofs").joinpath("reknown_check.py").read_text("utf-8"), nl=False)
