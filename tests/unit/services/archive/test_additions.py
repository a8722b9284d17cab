from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import videos
from reknown.biometrics.errors import InputError, NotFoundError
from reknown.jobs import queue
from reknown.jobs.queue import State
from reknown.ledger.records import AddToArchiveRecord
from reknown.objects.uploads import Uploads
from reknown.services.archive.additions import (
    add_to_archive,
    forget_archives,
    may_add,
    scan_archive,
)
from reknown.services.archive.scan_jobs import SCAN, work_on_scan
from reknown.services.archive.sightings import list_sightings
from reknown.services.galleries.collections import create_collection, delete_collection
from reknown.services.videos.leases import LeaseLostError
from reknown.services.videos.stopping import stop_job
from reknown.services.videos.work import Watch
from reknown.storage.database import reading
from unit.services.ledgers import events

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.jobs.queue import Job, Lease
    from reknown.objects.uploads import Arriving
    from reknown.services.archive.additions import Added
    from reknown.services.context import Context
    from reknown.storage.database import Database

_MINUTE = timedelta(minutes=1)
QUIET = Watch(lambda: None, nullcontext)


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "uploads", 10 * 2**20, 0)


@pytest.fixture
def context(context: Context, uploads: Uploads) -> Context:
    changed = replace(context, platform=replace(context.platform, uploads=uploads))
    create_collection(changed, "people")
    return changed


def _arrived(uploads: Uploads, data: bytes) -> Arriving:
    arriving = uploads.begin()
    arriving.write(data)
    arriving.finish()
    return arriving


def _add(context: Context, **files: bytes) -> Added:
    uploads = context.platform.uploads
    assert uploads is not None
    brought = [
        (name.replace("_", "/") + ".jpg", _arrived(uploads, data)) for name, data in files.items()
    ]
    try:
        return add_to_archive(context, "people", brought)
    finally:
        for _, each in brought:
            each.close()


def _kept(uploads: Uploads) -> list[Path]:
    return sorted(each for each in uploads.root.rglob("*") if each.is_file())


def _jobs(database: Database) -> list[Job]:
    with reading(database) as connection:
        return queue.list_open(connection)


def _claim(database: Database) -> Lease:
    with database.begin() as connection:
        lease = queue.claim(connection, _MINUTE)
    assert lease is not None
    return lease


def _ended(database: Database, job_id: str) -> Job:
    with reading(database) as connection:
        job = queue.find(connection, job_id)
    assert job is not None
    return job


def test_what_is_added_is_kept_by_its_digest_and_called_as_people_call_it(
    context: Context, uploads: Uploads, database: Database, eileen: bytes
) -> None:
    done = _add(context, summer_eileen=eileen, notes=b"no picture")
    assert done.kept == 1
    ((name, why),) = done.refused
    assert name == "notes.jpg"
    assert why
    (path,) = _kept(uploads)
    assert path.read_bytes() == eileen
    assert (path.suffix, path.stat().st_mode & 0o777) == (".jpeg", 0o600)
    (event,) = events(database, "add to archive")
    assert event.record == AddToArchiveRecord((path.stem,), len(eileen))
    (job,) = _jobs(database)
    assert (job.kind, job.collection) == (SCAN, "people")
    outcome = work_on_scan(context.platform, _claim(database), QUIET)
    assert outcome is not None
    assert outcome.ending.state is State.SUCCEEDED
    (seen,) = list_sightings(context, "people")
    assert seen.sighting.medium.name == "eileen.jpg"
    assert [*seen.files] == [str(path)]


def test_a_film_is_added_too(context: Context, database: Database) -> None:
    frames = videos.scene(videos.steady(0, 400), [(videos.grace(), videos.still((0.5, 0.5)))])
    film = videos.rendered(frames)
    assert _add(context, film=film, half=film[: len(film) // 2]).kept == 1
    work_on_scan(context.platform, _claim(database), QUIET)
    assert {each.sighting.medium.name for each in list_sightings(context, "people")} == {"film.jpg"}


def test_the_same_file_again_is_the_same(
    context: Context, uploads: Uploads, database: Database, eileen: bytes
) -> None:
    _add(context, first=eileen)
    work_on_scan(context.platform, _claim(database), QUIET)
    _add(context, second=eileen)
    work_on_scan(context.platform, _claim(database), QUIET)
    assert len(_kept(uploads)) == 1
    (seen,) = list_sightings(context, "people")
    assert seen.sighting.medium.name == "first.jpg"


def test_one_scan_waits_for_all_that_comes_before_it_begins(
    context: Context, database: Database, eileen: bytes, grace: bytes
) -> None:
    _add(context, eileen=eileen)
    _add(context, grace=grace)
    (waiting,) = _jobs(database)
    assert scan_archive(context, "people") == waiting.job_id
    _claim(database)
    # it may have walked through the folder by now
    assert scan_archive(context, "people") != waiting.job_id


def test_a_scan_says_how_far_it_is_and_can_be_stopped(
    context: Context, database: Database, eileen: bytes, grace: bytes
) -> None:
    _add(context, eileen=eileen, grace=grace)
    lease = _claim(database)
    told: list[tuple[int, int]] = []
    stop_job(context, lease.job.job_id, lambda _: True)

    def lost() -> None:
        raise LeaseLostError

    watch = Watch(lost, nullcontext, lambda done, total: told.append((done, total)))
    assert work_on_scan(context.platform, lease, watch) is None
    assert told == [(1, 2)]
    outcome = work_on_scan(context.platform, _claim(database), QUIET)
    assert outcome is not None
    job = _ended(database, lease.job.job_id)
    assert (job.state, job.message) == (State.FAILED, f"stopped by {context.actor.name}")


def test_a_worker_without_the_folder_says_so(context: Context, database: Database) -> None:
    scan_archive(context, "people")
    lease = _claim(database)
    outcome = work_on_scan(replace(context.platform, uploads=None), lease, QUIET)
    assert outcome is not None
    assert "--uploads" in (outcome.ending.message or "")


def test_nothing_is_added_to_nothing(context: Context, uploads: Uploads) -> None:
    with pytest.raises(NotFoundError):
        may_add(context, "nobody")
    without = replace(context, platform=replace(context.platform, uploads=None))
    with pytest.raises(InputError, match="--uploads"):
        may_add(without, "people")


def test_what_was_added_goes_with_its_collection(
    context: Context, uploads: Uploads, eileen: bytes
) -> None:
    _add(context, eileen=eileen)
    without = replace(context, platform=replace(context.platform, uploads=None))
    assert forget_archives(context.platform) == 0
    delete_collection(without, "people")  # by a command that knows no folder
    assert len(_kept(uploads)) == 1
    assert forget_archives(context.platform) == 1
    assert _kept(uploads) == []
    create_collection(context, "people")
    _add(context, eileen=eileen)
    delete_collection(context, "people")
    assert _kept(uploads) == []
