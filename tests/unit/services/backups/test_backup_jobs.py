"""Backups that a server makes: followed, stopped, and ended whatever happens to it."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from contexts import events
from reknown.biometrics.errors import AlreadyExistsError, InputError, NotFoundError
from reknown.jobs import queue
from reknown.jobs.queue import State
from reknown.services.backups import jobs
from reknown.services.backups.backup import back_up
from reknown.services.backups.jobs import end_backup, last_backup_job, start_backup, stop_backup
from reknown.services.backups.place import BackupPlace
from reknown.services.history import list_backups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.jobs.queue import Job
    from reknown.services.backups.backup import Secrets
    from reknown.services.context import Context

_PATIENCE = 30.0


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    (tmp_path / "shelf").mkdir()
    return tmp_path / "shelf"


@pytest.fixture
def allowed(context: Context, secrets: Secrets, shelf: Path) -> Iterator[Context]:
    """A server whose operator allows backups."""
    place = BackupPlace(shelf, lambda: secrets)
    yield replace(context, platform=replace(context.platform, backups=place))
    place.work.close()


class Held:
    """Holds a backup in its middle until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()
        monkeypatch.setattr(jobs, "back_up", self._back_up)

    def _back_up(self, context: Context, target: Path, secrets: Any, *, watch: Any) -> object:
        def held(done: int, total: int) -> None:
            self.begun.set()
            self.let_go.wait(_PATIENCE)
            watch(done, total)

        return back_up(context, target, secrets, watch=held)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    return Held(monkeypatch)


def _ended(context: Context) -> Job:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        last = last_backup_job(context)
        assert last is not None
        if last.job.state is not State.OPEN:
            return last.job
        time.sleep(0.05)
    raise AssertionError("it does not end")


def test_it_is_made_and_recorded_as_by_command(allowed: Context, shelf: Path) -> None:
    start_backup(allowed)
    job = _ended(allowed)
    (file,) = shelf.glob("*.tar")
    assert (job.state, job.message) == (State.SUCCEEDED, file.name)
    assert file.stat().st_mode & 0o777 == 0o600
    (made,) = list_backups(allowed.database)
    assert (made.file, made.size) == (file.name, file.stat().st_size)
    assert (made.actor, made.master_key) == (allowed.actor.name, True)
    assert len(events(allowed, "back up")) == 1


def test_one_is_made_at_a_time_and_can_be_stopped(
    allowed: Context, held: Held, shelf: Path
) -> None:
    with pytest.raises(NotFoundError):
        stop_backup(allowed)
    start_backup(allowed)
    assert held.begun.wait(_PATIENCE)
    with pytest.raises(AlreadyExistsError, match="is being made"):
        start_backup(allowed)
    last = last_backup_job(allowed)
    assert last is not None
    assert last.running
    stop_backup(allowed)
    time.sleep(2.5)  # until the next renewal of the lease
    held.let_go.set()
    job = _ended(allowed)
    assert (job.state, job.message) == (State.FAILED, f"stopped by {allowed.actor.name}")
    assert [*shelf.iterdir()] == []
    assert events(allowed, "back up") == []
    assert len(events(allowed, "stop job")) == 1


def test_a_server_that_is_stopped_says_so_and_leaves_nothing(
    allowed: Context, held: Held, shelf: Path
) -> None:
    start_backup(allowed)
    assert held.begun.wait(_PATIENCE)
    threading.Timer(0.2, held.let_go.set).start()
    allowed.platform.backups.work.close()
    job = _ended(allowed)
    assert (job.state, job.message) == (State.FAILED, "the server was stopped meanwhile")
    assert [*shelf.iterdir()] == []


def _lost(context: Context) -> None:
    """A job whose server was killed."""
    with context.database.begin() as connection:
        queue.add(connection, queue.NewJob(jobs.BACKUP, "cli:ada", None, "{}"))
        assert queue.claim(connection, timedelta(seconds=-1), jobs.BACKUP)


def test_one_whose_server_was_killed_is_in_nobodys_way(allowed: Context) -> None:
    _lost(allowed)
    last = last_backup_job(allowed)
    assert last is not None
    assert (last.interrupted, last.running) == (True, False)
    start_backup(allowed)
    assert _ended(allowed).state is State.SUCCEEDED
    with allowed.database.begin() as connection:
        assert queue.list_open(connection) == []


def test_a_worker_ends_what_was_stopped_or_lost(allowed: Context) -> None:
    _lost(allowed)
    with allowed.database.begin() as connection:
        lease = queue.claim(connection, timedelta(seconds=30))
    assert lease is not None
    ending = end_backup(allowed.database, lease)
    assert ending == queue.Ending(State.FAILED, "the server was stopped meanwhile")
    assert end_backup(allowed.database, lease) is None


def test_none_is_made_where_none_is_allowed(context: Context) -> None:
    assert last_backup_job(context) is None
    with pytest.raises(InputError, match="--backup-folder"):
        start_backup(context)


def test_to_ask_how_far_it_is_is_no_look_at_the_list_of_jobs(allowed: Context) -> None:
    start_backup(allowed)
    assert _ended(allowed).state is State.SUCCEEDED
    assert events(allowed, "list jobs") == []


def test_what_a_killed_server_left_goes_with_the_next_backup(allowed: Context, shelf: Path) -> None:
    old, new, other = (
        shelf / name
        for name in (
            ".reknown-2026-11-01T120000Z.tar.abcd.part",
            ".reknown-2026-11-02T120000Z.tar.abcd.part",
            ".notes.tar.abcd.part",
        )
    )
    for folder in (old, new, other):
        folder.mkdir()
        (folder / "copy.db").write_bytes(b"somebody who was deleted since")
    for folder in (old, other):
        os.utime(folder, (0, 0))
    start_backup(allowed)
    assert _ended(allowed).state is State.SUCCEEDED
    assert (old.exists(), new.exists(), other.exists()) == (False, True, True)


def test_what_is_wrong_is_said(allowed: Context, shelf: Path) -> None:
    shelf.rmdir()
    start_backup(allowed)
    job = _ended(allowed)
    assert job.state is State.FAILED
    assert "the folder of backups is not a folder" in (job.message or "")
    assert str(shelf.parent) not in (job.message or "")


def test_a_place_that_is_taken_is_said_without_its_folder(
    allowed: Context, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(_context: Context, target: Path, *_: Any, **_more: Any) -> None:
        raise InputError(f"{target} exists: choose another name")

    monkeypatch.setattr(jobs, "back_up", taken)
    start_backup(allowed)
    message = _ended(allowed).message or ""
    assert message.startswith("the folder of backups/reknown-")
    assert str(shelf) not in message
