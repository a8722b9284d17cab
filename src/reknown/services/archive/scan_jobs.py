"""What a worker does with a job that scans what people have added to a collection's archive."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reknown.biometrics.errors import DatabaseError, InputError, PolicyError, ReknownError
from reknown.biometrics.errors import UncalibratedError as Uncalibrated
from reknown.biometrics.text import counted
from reknown.jobs import queue
from reknown.jobs.queue import Ending, State
from reknown.services.archive.groups import group_sightings
from reknown.services.archive.scan import ScanOutcome, ScanRequest, ScanTally, count_work, scan
from reknown.services.context import Actor, Context
from reknown.services.executor import LocalExecutor
from reknown.services.videos.leases import LeaseLostError
from reknown.services.videos.work import JobOutcome, JobStoppedError
from reknown.shortages import shortage
from reknown.vision.handling import ARCHIVE

if TYPE_CHECKING:
    from reknown.jobs.queue import Job, Lease
    from reknown.services.context import Platform
    from reknown.services.videos.work import Watch

SCAN = "scan"
_OURS = "Something failed on the server: its log tells more."


def people_own(platform: Platform) -> Platform:
    """The platform for people's own files, of which more is taken than of requests."""
    executor = platform.executor
    if isinstance(executor, LocalExecutor):
        executor = replace(executor, handling=ARCHIVE)
    return replace(platform, executor=executor)


def work_on_scan(platform: Platform, lease: Lease, watch: Watch) -> JobOutcome | None:
    """Scans, groups, and ends the job; None when somebody else has it.

    What was seen is on disk a batch at a time, so that a scan that was stopped goes on where it
    was. Raises as `services.videos.work.work`.
    """
    trouble: Exception | None = None
    faces = 0
    try:
        faces, message = _scanned(platform, lease.job, watch)
        state = State.SUCCEEDED
    except (DatabaseError, LeaseLostError) as error:
        if isinstance(error, LeaseLostError):
            return None
        raise
    except (ReknownError, JobStoppedError) as error:
        state, message = State.FAILED, str(error)
    except Exception as error:  # a fault of ours ends the job too, or it would come again
        if shortage(error) is not None:
            raise
        state, message, trouble = State.FAILED, _OURS, error
    ending = Ending(state, message)
    with platform.database.begin() as connection:
        if not queue.finish(connection, lease, ending):
            return None
    return JobOutcome(ending, faces, trouble)


def _scanned(platform: Platform, job: Job, watch: Watch) -> tuple[int, str]:
    """How many faces were seen, and what to tell people."""
    if job.message is not None:
        raise JobStoppedError(job.message)
    if platform.uploads is None or job.collection is None:
        raise InputError("this worker has no --uploads, where the archive lies")
    context = Context(people_own(platform), Actor(job.actor))
    request = ScanRequest((platform.uploads.archive_of(job.collection),), job.collection)
    files, _ = count_work(context, request)
    done = faces = refused = 0
    for file in scan(context, request, ScanTally()):
        done += 1
        faces += file.faces
        refused += file.outcome is ScanOutcome.REFUSED
        watch.progress(done, files)
        with watch.interruptible():
            pass  # what was seen so far is on disk: here the worker may be stopped
    said = f"{counted(done, 'file')} with {counted(faces, 'face')}, {refused:,} refused"
    try:
        group_sightings(context, job.collection)
    except (PolicyError, Uncalibrated) as error:
        said += f"; not grouped: {error}"
    return faces, said
