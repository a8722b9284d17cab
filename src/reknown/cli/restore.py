"""`reknown restore`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from reknown.cli.backup import show_backup, watching
from reknown.cli.options import Data, Json
from reknown.cli.passphrase import PassphraseFile, ask_passphrase


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `reknown backup` wrote.")],
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Only find out whether FILE could be restored; write nothing."
        ),
    ] = False,
    without_keys: Annotated[
        bool,
        typer.Option(
            "--without-keys",
            help="Leave the master key out, and ask for no passphrase: nothing works until it is "
            "put back.",
        ),
    ] = False,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            "--checkpoint",
            metavar="FILE",
            help="A checkpoint that its ledger has to go on from. May be repeated.",
            show_default=False,
        ),
    ] = None,
    unverified: Annotated[
        bool,
        typer.Option(
            "--unverified",
            help="Restore it though its ledger is not what was signed, or is older than what is "
            "known; the ledger says so.",
        ),
    ] = False,
    passphrase_file: PassphraseFile = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make a data folder of a backup.

    The folder has to be empty, or not there yet; a ledger.checkpoints that was there stays, and the
    backup's ledger has to go on from it. Checksums, ledger, database, passphrase and the
    reknown.keyring beside FILE are all found right before anything is put in place. Faces that
    were deleted since are left out where the keyring is newer than that; names of people who were
    deleted are back: delete them again.
    """
    from reknown.runtime.location import given_key
    from reknown.services.backups.restore import KnownLedger, check_backup
    from reknown.services.backups.restore import restore as put_back
    from reknown.settings import read_settings

    ask = None if without_keys else partial(ask_passphrase, passphrase_file, confirm=False)
    known = KnownLedger(tuple(checkpoint or ()), unverified)
    if check:
        with watching("check") as watch:
            found = check_backup(file, ask, watch, known)
        show_backup(found, "this backup is sound,", json=json)
        return
    settings = read_settings(data)
    with watching("restore") as watch:
        found = put_back(
            settings.actor, file, settings.data, ask, given_key(settings), watch, known
        )
    show_backup(found, "restored to", json=json, data=str(settings.data))
    if settings.database is not None and not json:
        typer.echo(
            f"  Commands use {settings.database.shown} and not this folder: reknown migrate --from "
            "DIR --to URL brings it there"
        )
