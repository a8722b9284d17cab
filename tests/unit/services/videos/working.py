"""A worker's jobs: added, worked on and read."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from callers import strangers
from reknown.jobs import outbox, queue
from reknown.jobs.queue import NewJob
from reknown.services.context import Actor
from reknown.services.videos.job_records import BY_TIME, JobRequest, ObjectPlace, Task, write
from reknown.services.videos.jobs import ResultRequest, read_job
from reknown.services.videos.work import work
from unit.services.videos.places import QUIET

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.jobs.queue import Lease
    from reknown.services.context import Context
    from reknown.services.videos.job_records import SeenFace
    from reknown.services.videos.jobs import JobResults
    from reknown.services.videos.work import JobOutcome, WorkerContext
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine

MINUTE = timedelta(minutes=1)
ADA = "key:ADA"
VIDEO = "ab" * 32


def add_job(database: Database, task: Task, collection: str | None = None, **wanted: Any) -> str:
    what = JobRequest(ObjectPlace("media", "a.mp4"), **wanted)
    with database.begin() as connection:
        return queue.add(connection, NewJob(task.value, ADA, collection, write(what)))


def claim(database: Database, lease_time: timedelta = MINUTE) -> Lease:
    with database.begin() as connection:
        lease = queue.claim(connection, lease_time)
    assert lease is not None
    return lease


def work_on_next(worker: WorkerContext) -> JobOutcome:
    """Works on the oldest job, as nobody else does."""
    outcome = work(worker, claim(worker.platform.database), QUIET)
    assert outcome is not None
    return outcome


def read(
    context: Context, task: Task, job_id: str, ordering: str = BY_TIME, span: range = range(1000)
) -> JobResults[SeenFace]:
    request = ResultRequest(task, job_id, span, ordering)
    return read_job(context.by(Actor("bob")), request, lambda _: True)


def notices(database: Database) -> list[tuple[str, str, str]]:
    found = []
    with database.begin() as connection:
        while notice := outbox.claim(connection, ["sns", "webhook"], MINUTE):
            found.append((notice.channel, notice.target, notice.body))
    return found


def vector(engine: Engine, number: int) -> NDArray[np.float32]:
    return np.asarray(strangers(9, engine.space.dimension)[number])
