from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from reknown.services.background import BackgroundWork

if TYPE_CHECKING:
    import pytest


def test_work_that_begins_while_all_is_closed_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work, done, closed = BackgroundWork(), threading.Event(), list[Future[None]]()
    start = threading.Thread.start
    with ThreadPoolExecutor(1) as pool:

        def slow(thread: threading.Thread) -> None:
            if thread.name == "slow":
                closed.append(pool.submit(work.close))
                time.sleep(0.3)
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", slow)
        work.begin("slow", done.set)
        closed[0].result(10)
    assert done.is_set()
