from __future__ import annotations

import errno
import os
import resource

import pytest

from reknown.shortages import shortage, shortage_of_files


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "ulimit -n"),
        (OSError(errno.ENOSPC, "No space left on device"), "free some"),
        (OSError(errno.EROFS, "Read-only file system"), "choose another folder"),
        (MemoryError(), "out of memory"),
        (RuntimeError("can't start new thread"), "ulimit -u"),
        (ImportError("cv2.so: failed to map segment from shared object"), "ulimit -v"),
        (ImportError("Exception caught: std::bad_alloc"), "ulimit -v"),
    ],
)
def test_what_is_short_is_said_with_what_to_do(error: Exception, what: str) -> None:
    found = shortage(error)
    assert found is not None
    assert what in found


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOENT, "No such file"), OSError("no number"), RuntimeError("x"), ValueError()],
)
def test_other_errors_are_about_something_else(error: Exception) -> None:
    assert shortage(error) is None


def test_a_shortage_of_files_is_found_by_trying() -> None:
    assert shortage_of_files() is None
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    # the next one to be opened: descriptors may be free below others
    next_one = os.open(os.devnull, os.O_RDONLY)
    os.close(next_one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_one, before[1]))
    try:
        assert shortage_of_files() == "too many open files: allow more (ulimit -n)"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert shortage_of_files() is None
