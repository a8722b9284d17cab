"""The data folder that a backup is restored into: empty, and for one process alone."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from reknown.access.vault import FILE
from reknown.biometrics.errors import InputError
from reknown.ledger.checkpoint_file import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What file systems put at their top.
_OF_OTHERS = "lost+found"


def require_empty(folder: Path, stage: str) -> None:
    """Raises `InputError` for a folder with anything in it but a master key and checkpoints.

    `stage` is where a restore that was cut off left its work.
    """
    try:
        found = sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"cannot use {folder}: {error.strerror}: choose another one") from error
    others = [name for name in found if name not in (FILE, NAME, stage, _OF_OTHERS)]
    if others:
        raise InputError(
            f"{folder} is not empty: stop all that uses it, then move away {', '.join(others[:5])}"
        )


@contextmanager
def locked(folder: Path, stage: str) -> Iterator[Path]:
    """A new folder `stage` inside, for this process alone and gone afterwards.

    The data folder is made where it is not there, and is unmade on a failure. It is for its owner
    alone. Raises `InputError` while another process restores into it, and `OSError`.
    """
    made = not folder.exists()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(descriptor, folder)
        # it may have been restored while we were waiting for nothing but the system
        require_empty(folder, stage)
        if stat.S_IMODE(os.fstat(descriptor).st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
            os.fchmod(descriptor, 0o700)
        work = folder / stage
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(mode=0o700)
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except BaseException:
        if made:
            with suppress(OSError):  # something is in it
                folder.rmdir()
        raise
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InputError(f"another process restores into {folder}: wait for it") from error
