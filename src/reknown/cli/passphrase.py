"""Where the passphrase of a backup comes from: never from the command line, which others see."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from reknown.biometrics.errors import InputError
from reknown.configuration import BACKUP_PASSPHRASE

_OPTION = "--passphrase-file"
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        _OPTION,
        metavar="FILE",
        help=f"Take the passphrase from this file's first line.  [default: {BACKUP_PASSPHRASE} "
        "from the environment, else asked for]",
        show_default=False,
    ),
]


def ask_passphrase(file: Path | None, *, confirm: bool) -> str:
    """From the file, else the environment, else whoever sits at the terminal; `InputError`."""
    from reknown.runtime.backups import given_passphrase

    given = given_passphrase(file, _OPTION)
    if given is not None:
        return given
    if not os.isatty(0):
        raise InputError(
            "the master key in a backup is sealed with a passphrase: give "
            f"{_OPTION} FILE, set {BACKUP_PASSPHRASE}, or leave the key out with --without-keys"
        )
    answer: str = typer.prompt("Passphrase", hide_input=True, err=True, confirmation_prompt=confirm)
    return answer
