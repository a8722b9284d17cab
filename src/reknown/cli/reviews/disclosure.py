"""`reknown reviews packet`, `check` and `checker`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reknown.cli.options import CollectionName, Data, Json
from reknown.cli.reviews.options import CaseId
from reknown.configuration import DEFAULT_COLLECTION


def packet(
    case: CaseId,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="The packet: a .json or a .zip.")
    ],
    version: Annotated[
        list[Path] | None,
        typer.Option(
            "--version",
            metavar="FILE",
            help="A version of the probe, the original first, then each that was made of the one "
            "before. One of them is what was searched with.",
        ),
    ] = None,
    evaluation: Annotated[
        Path | None,
        typer.Option(
            "--evaluation",
            metavar="FILE",
            help="What `reknown evaluate groups --json` wrote: error rates by group.",
        ),
    ] = None,
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
    json: Json = False,
) -> None:
    """Write all that is known of a decided case into one file that can be checked offline.

    The probe's digest, quality and edits; all candidates, also where there were none; threshold,
    gallery size, model and its false matches to expect; what reviewers said; the ledger's
    records. No image, no template and no name.
    """
    from reknown.biometrics.errors import InputError
    from reknown.cli.output import print_json, printable
    from reknown.cli.session import open_context
    from reknown.reporting.files import written
    from reknown.services.reviews.packets import Enclosures, make_packet

    kind = out.suffix.lower()
    if kind not in {".json", ".zip"}:
        raise InputError(f"--out {out}: the name must end in .json or .zip")
    enclosures = Enclosures(tuple(version or ()), evaluation)
    with open_context(data) as context:
        made = make_packet(context, collection, case, enclosures)
        with written(out) as file:
            file.write(made.as_json() if kind == ".json" else made.as_zip())
    if json:
        print_json({"packet": str(out), "sha256": made.sha256, "parts": sorted(made.parts)})
    else:
        typer.echo(printable(f"packet: {out}, contents {made.sha256}"))


def check(
    file: Annotated[Path, typer.Argument(metavar="PACKET", help="What `reviews packet` wrote.")],
    json: Json = False,
) -> None:
    """Check a packet, without any gallery: status 1 where anything in it was changed.

    It names the parts. Whether the packet is the one that was handed out, its digest says: the
    ledger's record `disclose case` has it.
    """
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, print_json, printable
    from reknown.services.reviews.packets import check_file

    sha256, faults = check_file(file)
    if json:
        print_json({"packet": str(file), "sha256": sha256, "faults": faults})
    else:
        for fault in faults:
            typer.echo(printable(fault))
        if not faults:
            typer.echo(f"nothing was changed in the packet with the contents {sha256}")
    raise typer.Exit(EXIT_NEGATIVE if faults else EXIT_DONE)


def checker() -> None:
    """Print the program that checks packets: one file for those who have nothing but Python.

    `reknown reviews checker > check_packet.py`, then `python check_packet.py PACKET`.
    """
    from importlib.resources import files

    typer.echo(files("reknown.review").joinpath("check_packet.py").read_text("utf-8"), nl=False)
