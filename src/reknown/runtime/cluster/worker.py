"""A worker's end: models loaded once, and the function that tasks name.

Schedulers import this too, to learn of the function, so nothing here loads before it is asked.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from distributed import get_worker
from distributed.diagnostics.plugin import WorkerPlugin

if TYPE_CHECKING:
    from distributed import Worker

NAME = "reknown"


class Models(WorkerPlugin):
    """The packs of a worker process, by its own settings; loaded when a task needs them.

    Commands install it on all workers there are and will be. It stays there after them, and lets
    go of models as a server does.
    """

    name = NAME
    idempotent = True  # a second command does not pull it away under the first

    def __init__(self, *, started_here: bool = False) -> None:
        """`started_here` says that the worker belongs to the command, which ends it."""
        self._started_here = started_here

    def setup(self, worker: Worker) -> None:
        """Called by Dask; loads no network yet."""
        from reknown.runtime.cluster.work import Bench  # noqa: PLC0415
        from reknown.settings import read_settings  # noqa: PLC0415

        if self._started_here:  # the terminal sends Ctrl-C to all, and the command knows what to do
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.bench = Bench(read_settings(), worker.state.nthreads, worker.address)

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002 - Dask gives it
        """Called by Dask; ends the decoders."""
        self.bench.close()


def work(*tasks: bytes) -> list[bytes]:
    """The answers to tasks, on a worker; all are of `messages`.

    Raises `RuntimeError` for what another worker may be able to do.
    """
    from reknown.runtime.cluster.work import unprepared  # noqa: PLC0415

    worker = get_worker()
    models = worker.plugins.get(NAME)
    if not isinstance(models, Models) or not hasattr(models, "bench"):
        return [unprepared(worker.address)] * len(tasks)
    return [models.bench.answer(task) for task in tasks]
