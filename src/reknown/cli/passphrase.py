"""Where the passphrase of a backup comes from: never from the command line, which others see."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from reknown.biometrics.errors import InputError
from reknown.configuration import BACKUP_PASSPHRASE

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        metavar="FILE",
        help=f"Take the passphrase from this file's first line.  [default: {BACKUP_PASSPHRASE} "
        "from the environment, else asked for]",
        show_default=False,
    ),
]


def ask_passphrase(file: Path | None, *, confirm: bool) -> str:
    """From the file, else the environment, else whoever sits at the terminal; `InputError`."""
    if file is not None:
        return _first_line(file)
    given = os.environ.get(BACKUP_PASSPHRASE)
    if given:
        return given
    if not os.isatty(0):
        raise InputError(
            "the master key in a backup is sealed with a passphrase: give --passphrase-file FILE, "
            f"set {BACKUP_PASSPHRASE}, or leave the key out with --without-keys"
        )
    answer: str = typer.prompt("Passphrase", hide_input=True, err=True, confirmation_prompt=confirm)
    return answer


def _first_line(file: Path) -> str:
    from reknown.access.passphrases import LONGEST

    try:
        with file.open(encoding="utf-8") as lines:
            line = lines.readline(LONGEST + 2).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(f"cannot read {file}: {reason}") from error
    if not line:
        raise InputError(f"{file} has an empty first line: write the passphrase there")
    return line
