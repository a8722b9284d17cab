"""A worker: takes jobs from the queue one at a time until stopped."""

from __future__ import annotations

import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from reknown.biometrics.errors import DatabaseError
from reknown.jobs import queue
from reknown.ledger import log
from reknown.ledger.records import DeleteExpiredJobsRecord
from reknown.services.archive.scan_jobs import SCAN, work_on_scan
from reknown.services.backups.jobs import BACKUP, end_backup
from reknown.services.context import Actor
from reknown.services.videos.leases import KeptLease
from reknown.services.videos.work import JobOutcome, Watch, work
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from structlog.typing import FilteringBoundLogger

    from reknown.jobs.queue import Lease
    from reknown.services.videos.work import WorkerContext

ACTOR = Actor("worker")
_STOP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class WorkerIntervals:
    """How long a lease is, and seconds between looks at an empty queue and for what expired."""

    lease: timedelta = timedelta(seconds=30)
    poll: float = 1.0
    purge: float = 300.0


class NoticeTeller(Protocol):
    """Tells others what they are to know, in threads of its own from `start` to `stop`."""

    def start(self) -> None:
        """Goes on telling until `stop`."""

    def stop(self, seconds: float) -> None:
        """Waits for what is due by now, and then for what is being told, each for so long."""

    def deliver(self) -> int:
        """Tells all that is due now; raises `DatabaseError`."""
        ...


class StopWork(BaseException):
    """The worker was told to stop in the middle of something that can be left as it is."""


class VideoWorker:
    """Works in the thread that calls `run`; `stop` is for that thread's signal handlers.

    `tellers` tell others what they are to know. `purge` deletes what others keep and has expired;
    it is called now and then. Without `videos` the jobs are left to others, who can read them.
    """

    def __init__(
        self,
        worker: WorkerContext,
        tellers: Sequence[NoticeTeller],
        log: FilteringBoundLogger,
        intervals: WorkerIntervals = WorkerIntervals(),
        purge: Callable[[], None] = lambda: None,
        *,
        videos: bool = True,
    ) -> None:
        self._worker = worker
        self._tellers = tellers
        self._log = log
        self._intervals = intervals
        self._purge_others = purge
        self._videos = videos
        self._purged: float | None = None
        self._stopping = False
        self._interruptible = False

    def run(self, beside: AbstractContextManager[object] = nullcontext()) -> None:
        """Works until `stop`, within `beside`: tellers end after that, and tell its last words."""
        for each in self._tellers:
            each.start()
        try:
            with beside:
                while not self._stopping:
                    if not self._tried():
                        with self._breakable():
                            time.sleep(self._intervals.poll)
        except StopWork:
            pass
        finally:
            for each in self._tellers:
                each.stop(_STOP_SECONDS)

    def run_once(self) -> None:
        """Works on what is there and delivers what is due; raises `DatabaseError`."""
        try:
            self._purge()
            while not self._stopping and self._work():
                self._tell()
            self._tell()
        except StopWork:
            pass

    def stop(self) -> None:
        """Ends `run` soon: what is being analysed is given back to the queue."""
        self._stopping = True
        if self._interruptible:
            self._interruptible = False
            raise StopWork

    def _tell(self) -> None:
        for each in self._tellers:
            each.deliver()

    def _tried(self) -> bool:
        """Whether there was something to do."""
        try:
            self._purge()
            return self._work()
        except DatabaseError as error:
            self._log.error("the queue cannot be used", error=str(error))
        except Exception:  # the job's lease runs out, and nobody is kept from the next one
            self._log.exception("a job was left as it is")
        return False

    def _work(self) -> bool:
        if not self._videos:
            return False
        with reading(self._worker.platform.database) as connection:
            if not queue.has_work(connection):
                return False
        with self._worker.platform.database.begin() as connection:
            lease = queue.claim(connection, self._intervals.lease)
        if lease is None:
            return False
        started = time.perf_counter()
        try:
            with KeptLease(self._worker.platform.database, lease, self._intervals.lease) as kept:
                watch = Watch(kept.check, self._breakable, kept.told)
                if lease.job.kind == SCAN:
                    done = work_on_scan(self._worker.platform, lease, watch)
                elif lease.job.kind == BACKUP:
                    ending = end_backup(self._worker.platform.database, lease)
                    done = None if ending is None else JobOutcome(ending)
                else:
                    done = work(self._worker, lease, watch)
        except StopWork:
            self._release(lease)
            raise
        self._note(lease, done, time.perf_counter() - started)
        return True

    def _release(self, lease: Lease) -> None:
        with self._worker.platform.database.begin() as connection:
            queue.release(connection, lease)
        self._log.info("video job given back", job=lease.job.job_id)

    @contextmanager
    def _breakable(self) -> Iterator[None]:
        self._interruptible = True
        try:
            if self._stopping:
                raise StopWork
            yield
        finally:
            self._interruptible = False

    def _purge(self) -> None:
        now = time.monotonic()
        if self._purged is not None and now - self._purged < self._intervals.purge:
            return
        self._purged = now
        while self._purge_jobs():
            pass
        self._purge_others()

    def _purge_jobs(self) -> bool:
        with reading(self._worker.platform.database) as connection:
            if not queue.has_expired(connection):
                return False
        with self._worker.platform.database.begin() as connection:
            count = queue.purge(connection)
            if count:
                log.append(connection, ACTOR, None, DeleteExpiredJobsRecord(count))
        return count > 0

    def _note(self, lease: Lease, done: JobOutcome | None, seconds: float) -> None:
        job = lease.job
        common = {
            "job": job.job_id,
            "kind": job.kind,
            "key": job.actor.removeprefix("key:"),
            "collection": job.collection,
            "attempt": lease.attempt,
            "seconds": round(seconds, 2),
        }
        if done is None:
            self._log.warning("video job was taken over", **common)
            return
        if done.trouble is not None:
            self._log.error("video job failed", job=job.job_id, exc_info=done.trouble)
        self._log.info(
            "video job",
            **common,
            state=done.ending.state.value,
            reason=done.ending.message or "",
            tracks=done.tracks,
        )
