"""Searches that go on and on while all of them are stopped."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ENOUGH = 8


@dataclass(slots=True)
class Searcher:
    """Asks again and again, and remembers when it asked for what was answered or refused."""

    search: Callable[[], object]
    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def go_on(self, ended: threading.Event) -> None:
        """Until the event; raises for any other refusal."""
        while not ended.is_set():
            begun = time.monotonic()
            try:
                self.search()
            except ClientError as error:
                if "stopped: a drill" not in str(error):
                    raise
                self.refused.append(begun)
            else:
                self.answered.append(begun)


def require_stopped(searches: Sequence[Callable[[], object]], stop: Callable[[], object]) -> None:
    """Whether no search is answered that began after `stop` came back, for `a drill`."""
    searchers, ended = [Searcher(each) for each in searches], threading.Event()
    with ThreadPoolExecutor(len(searchers)) as pool:
        going = [pool.submit(each.go_on, ended) for each in searchers]
        try:
            processes.wait_for(lambda: all(len(each.answered) >= ENOUGH for each in searchers))
            stop()
            stopped = time.monotonic()
            processes.wait_for(
                lambda: all(
                    sum(begun > stopped for begun in each.answered + each.refused) >= ENOUGH
                    for each in searchers
                )
            )
        finally:
            ended.set()
        for done in going:
            done.result()
    for each in searchers:
        assert max(each.answered) < stopped
        assert max(each.refused) > stopped
