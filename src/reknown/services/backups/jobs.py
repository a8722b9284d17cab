"""Backups that a server makes beside requests: a job that nobody else carries out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from reknown.biometrics.errors import AlreadyExistsError, InputError, NotFoundError, ReknownError
from reknown.jobs import queue
from reknown.jobs.queue import Ending, Job, NewJob, State
from reknown.services.backups.backup import back_up, forget_remains
from reknown.services.videos.leases import KeptLease, LeaseLostError
from reknown.services.videos.stopping import stop_job
from reknown.storage.database import reading
from reknown.storage.snapshot import file_of

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.jobs.queue import Lease
    from reknown.services.backups.backup import Secrets
    from reknown.services.context import Context
    from reknown.storage.database import Connection, Database

BACKUP = "backup"
_LEASE = timedelta(seconds=30)
_INTERRUPTED = "the server was stopped meanwhile"
_OURS = "Something failed on the server: its log tells more."


@dataclass(frozen=True, slots=True)
class BackupJob:
    """The last one that was begun here; `interrupted` if whoever made it is gone."""

    job: Job
    interrupted: bool

    @property
    def running(self) -> bool:
        """Whether it is being made."""
        return self.job.state is State.OPEN and not self.interrupted


def start_backup(context: Context) -> str:
    """Begins a backup in the folder that the operator allows; the job's id.

    Raises `InputError` where none is allowed, for a database that is no file and without a
    passphrase; `AlreadyExistsError` while one is being made.
    """
    folder = context.platform.backups.require_folder().absolute()
    file_of(context.database)
    secrets = context.platform.backups.secrets()
    with context.database.begin() as connection:
        _end_lost(connection)
        if _open_job(connection) is not None:
            raise AlreadyExistsError("a backup is being made: wait for its end, or stop it")
        made = queue.add(connection, NewJob(BACKUP, context.actor.name, None, "{}"))
        lease = queue.claim(connection, _LEASE, BACKUP)
    assert lease is not None  # there is no other, and this one is not free before the commit
    target = folder / f"reknown-{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.tar"
    work = partial(_perform, context, lease, target, secrets)
    context.platform.backups.work.begin("backup", work)
    return made


def last_backup_job(context: Context) -> BackupJob | None:
    """How far it is, or how it ended; None where there is none of the last seven days."""
    with reading(context.database) as connection:
        found = queue.list_newest(connection, BACKUP, None, None, 1).items
        if not found:
            return None
        lost = found[0].claimed and queue.is_free(connection, found[0])
    return BackupJob(found[0], lost)


def stop_backup(context: Context) -> None:
    """Has the backup that is being made end within some seconds, unless it is whole before.

    Raises `NotFoundError` where none is.
    """
    with reading(context.database) as connection:
        found = _open_job(connection)
    if found is None:
        raise NotFoundError("no backup is being made")
    try:
        stop_job(context, found.job_id, lambda _: True)
    except InputError as error:
        raise NotFoundError("the backup has ended already") from error


def end_backup(database: Database, lease: Lease) -> Ending | None:
    """What a worker does with one that was stopped, or whose server is gone.

    None if somebody else has.
    """
    with database.begin() as connection:
        return _end(connection, lease)


def _perform(context: Context, lease: Lease, target: Path, secrets: Secrets | None) -> None:
    """The work of the thread; however it ends, the job says so."""
    work = context.platform.backups.work
    ending = Ending(State.FAILED, _OURS)
    with KeptLease(context.database, lease, _LEASE) as kept:

        def watch(done: int, total: int) -> None:
            kept.told(done, total)
            work.go_on()
            kept.check()

        try:
            forget_remains(target.parent)
            back_up(context, target, secrets, watch=watch)
            ending = Ending(State.SUCCEEDED, target.name)
        except LeaseLostError:
            pass  # it was stopped, which is said below
        except ReknownError as error:
            ending = Ending(
                State.FAILED, _INTERRUPTED if work.closed else _told(context, target, error)
            )
        finally:
            _note(context.database, lease, ending)


def _told(context: Context, target: Path, error: ReknownError) -> str:
    """What was wrong, without the server's folders, which no browser is told."""
    told = str(error).replace(str(target.parent), "the folder of backups")
    return told.replace(str(file_of(context.database).parent), "the data folder")


def _note(database: Database, lease: Lease, ending: Ending) -> None:
    with database.begin() as connection:
        if not queue.finish(connection, lease, ending):
            _end_lost(connection)


def _end_lost(connection: Connection) -> None:
    while (lease := queue.claim(connection, _LEASE, BACKUP)) is not None:
        _end(connection, lease)


def _end(connection: Connection, lease: Lease) -> Ending | None:
    ending = Ending(State.FAILED, lease.job.message or _INTERRUPTED)
    return ending if queue.finish(connection, lease, ending) else None


def _open_job(connection: Connection) -> Job | None:
    return next((job for job in queue.list_open(connection) if job.kind == BACKUP), None)
