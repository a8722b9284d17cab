"""Files that people name and that are small: never more of them is read than such a file has."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 2**20


def read_small_file(path: Path, most: int = MOST_BYTES) -> bytes:
    """Its bytes; raises `InputError` where it cannot be read, or has more than `most`."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {(error.strerror or 'failed').lower()}") from error
    except ValueError as error:
        raise InputError("cannot read a file whose name contains a NUL") from error
    if len(data) > most:
        raise InputError(f"{path} has more than {most:,} bytes: is it the file that you mean?")
    return data


def read_small_text(path: Path, most: int = MOST_BYTES) -> str:
    """The same as text in UTF-8; raises `InputError` for anything else, too."""
    try:
        return read_small_file(path, most).decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text in UTF-8: is it the file that you mean?") from error


def read_private_text(path: Path, most: int = MOST_BYTES) -> str:
    """The text of a file with secrets, which may be a mounted one that its group reads.

    Raises `InputError`, too, where any user could read it or its group could write it.
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        mode = stat.S_IFREG  # reading says what is wrong
    if not stat.S_ISREG(mode):
        raise InputError(f"{path} is not a file")
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise InputError(
            f"{path} holds secrets, and can be read by any user or changed by its group: "
            f"run chmod o=,g-w {path}"
        )
    return read_small_text(path, most)
