"""What a process has run out of: the machine's fault, never that of an image or a video."""

from __future__ import annotations

import errno
import os

# As many as a library opens at once that does not say what it lacks.
_FILES_AT_ONCE = 4
_SHORTAGES = {
    errno.EMFILE: "too many open files: allow more (ulimit -n)",
    errno.ENFILE: "too many open files on this machine: end what holds many, or allow more",
    errno.ENOMEM: "out of memory: free some, or allow more (ulimit -v)",
    errno.EAGAIN: "too many processes or threads: end some, or allow more (ulimit -u)",
    errno.ENOSPC: "no space left on the device: free some",
    errno.EDQUOT: "the disk quota is used up: free some space",
    errno.EFBIG: "a file may not grow further: allow larger ones (ulimit -f)",
    errno.EROFS: "the file system is read-only: allow writing there, or choose another folder",
}
# How libraries that are loaded, and threads that are started, say the same.
_WORDS = {
    "can't start new thread": _SHORTAGES[errno.EAGAIN],
    "failed to map segment": _SHORTAGES[errno.ENOMEM],
    "cannot allocate memory": _SHORTAGES[errno.ENOMEM],
    "bad_alloc": _SHORTAGES[errno.ENOMEM],
}


def shortage(error: BaseException) -> str | None:
    """What is short and what to do about it; None where the error is about something else."""
    if isinstance(error, MemoryError):
        return _SHORTAGES[errno.ENOMEM]
    if isinstance(error, OSError):
        return _SHORTAGES.get(error.errno or 0)
    if isinstance(error, ImportError | RuntimeError):
        text = str(error).lower()
        return next((what for words, what in _WORDS.items() if words in text), None)
    return None


def shortage_of_files() -> str | None:
    """The same, found by trying: SQLite says only that it cannot open a file."""
    opened: list[int] = []
    try:
        for _ in range(_FILES_AT_ONCE):
            opened.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))  # noqa: PERF401
    except OSError as error:
        return shortage(error)
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return None
