"""Opens the largest indexes when a server starts, beside its requests."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ReknownError
from reknown.services.galleries.opening import indexes_to_open, open_index

if TYPE_CHECKING:
    from types import TracebackType

    from structlog.typing import FilteringBoundLogger

    from reknown.services.context import Platform


class Warming:
    """Opens one index after the other in a thread, until the context ends or all are open."""

    def __init__(self, platform: Platform, log: FilteringBoundLogger, *, wanted: bool) -> None:
        """Raises `DatabaseError`; where it is not `wanted` there is nothing to open."""
        self._platform, self._log = platform, log
        self._left = indexes_to_open(platform) if wanted else []
        self._stopping = threading.Event()
        # none waits for an index that is half open
        self._thread = threading.Thread(target=self._run, name="reknown-warming", daemon=True)

    def left(self) -> int:
        """How many are to be opened yet."""
        return len(self._left)

    @property
    def at_work(self) -> bool:
        """Whether the thread has not ended."""
        return self._thread.is_alive()

    def __enter__(self) -> Warming:
        if self._left:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()

    def _run(self) -> None:
        while self._left and not self._stopping.is_set():
            self._open(self._left[0])
            del self._left[0]

    def _open(self, collection: str) -> None:
        began = time.monotonic()
        try:
            references = open_index(self._platform, collection)
        except ReknownError as error:  # a search of it will say so too
            if not self._stopping.is_set():
                self._log.warning(
                    "an index cannot be opened", collection=collection, error=str(error)
                )
            return
        self._log.info(
            "an index is open",
            collection=collection,
            references=references,
            seconds=round(time.monotonic() - began, 3),
        )
