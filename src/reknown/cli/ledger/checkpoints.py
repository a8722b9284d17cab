"""`reknown ledger checkpoint`, `key` and `consistency`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reknown.cli.ledger.options import Out, put, require_key
from reknown.cli.options import Data, Json


def checkpoint(
    anew: Annotated[
        bool,
        typer.Option(
            "--anew",
            help="Sign what is there though it does not go on from what was signed before. For "
            "after a restore by other means, or a new master key, once you know why.",
        ),
    ] = False,
    out: Out = None,
    data: Data = None,
) -> None:
    """Sign what the ledger is now: how many records, and the hash over all of them.

    Give it to somebody else: what was in the ledger then can never be changed without their
    noticing. Checkpoints are kept in the database and the data folder too.
    """
    from reknown.cli.session import open_context
    from reknown.services.proofs.checkpoints import make_checkpoint
    from reknown.settings import read_settings

    vault, folder = require_key(data), read_settings(data).data
    with open_context(data) as context:
        put(make_checkpoint(context, vault, folder, anew=anew), out)


def key(data: Data = None, json: Json = False) -> None:
    """Print the public key of the ledger, which checks all that it signs.

    Hand it over by a way that nobody can tamper with. It is the same for the life of the master
    key.
    """
    from reknown.cli.output import print_json
    from reknown.cli.session import open_context
    from reknown.services.proofs.checkpoints import public_key

    vault = require_key(data)
    with open_context(data) as context:
        found = public_key(context, vault)
    if json:
        print_json(found)
    else:
        typer.echo(found.key)


def consistency(
    old: Annotated[
        Path, typer.Argument(metavar="OLD_CHECKPOINT", help="A checkpoint of some time ago.")
    ],
    out: Out = None,
    data: Data = None,
) -> None:
    """Write the proof that the ledger still begins with what an older checkpoint was over."""
    from reknown.cli.session import open_context
    from reknown.services.proofs.checkpoints import checkpoint_in, prove_growth

    _, note = checkpoint_in(old)
    with open_context(data) as context:
        put(prove_growth(context, note), out)
