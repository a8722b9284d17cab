"""Files for people and programs: written whole or not at all, and read by their owner alone."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO


@contextlib.contextmanager
def written(
    target: Path, *, through_links: bool = True, private: bool = True, like: Path | None = None
) -> Iterator[BinaryIO]:
    """A file beside `target` that takes its place in the end, unless an error comes first.

    Links are followed, and a device or pipe is written to as it is; without `through_links` only
    a regular file is replaced. Its owner alone may read it, or whoever may read the file that it
    is `like`. What is not `private`, because it is about nobody, has the rights of the file
    before, or of any new one.

    Raises `InputError` when that is not possible.
    """
    try:
        if not through_links and (target.is_symlink() or target.exists() > target.is_file()):
            raise InputError(f"cannot write {target}: it is a link, or no regular file")
        place = target.resolve()
        if place.exists() and not place.is_file():
            with place.open("wb") as file:
                yield file
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        model = place if not private and place.exists() else like
        yield from _replacing(place, model, private=private)
    except OSError as error:
        reason = (error.strerror or "failed").lower()
        raise InputError(f"cannot write {target}: {reason}") from error


def _replacing(place: Path, like: Path | None, *, private: bool) -> Iterator[BinaryIO]:
    # a command writes several into a folder at once
    temporary = place.with_name(f".reknown-{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        with open(temporary, "x+b", opener=_private if private else None) as file:
            if like is not None:
                shutil.copymode(like, temporary)
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def write_text(target: Path, text: str) -> None:
    """Writes `text` as UTF-8, whole or not at all; raises `InputError` where that fails."""
    write_bytes(target, text.encode("utf-8"))


def write_bytes(target: Path, data: bytes) -> None:
    """Writes `data`, whole or not at all; raises `InputError` where that fails."""
    with written(target) as file:
        file.write(data)
