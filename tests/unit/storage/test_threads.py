from __future__ import annotations

import os
import sys
import threading

import pytest

from reknown.storage.threads import give_way


@pytest.mark.skipif(sys.platform != "linux", reason="niceness is of whole processes elsewhere")
def test_what_gives_way_is_nicer_and_nobody_else_becomes_so() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = niceness()
    assert give_way(niceness) > before or before == 19
    assert niceness() == before


def test_its_errors_are_its_callers() -> None:
    def fail() -> None:
        raise FileNotFoundError("gone")

    with pytest.raises(FileNotFoundError, match="gone"):
        give_way(fail)
