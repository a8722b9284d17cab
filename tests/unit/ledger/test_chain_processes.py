"""Several processes that write at once, and some that are killed while they do."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from reknown.ledger.schema import events
from reknown.ledger.tree import read_head
from reknown.ledger.verification.log import LogEvidence, verify_log
from reknown.proofs.notes import SigningKey
from reknown.proofs.reknown_check import read_checkpoint
from reknown.storage.database import open_database, reading

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

_SEED = bytes(range(32))
_WRITER = """
import sys, threading
from reknown.ledger import log
from reknown.ledger.actor import Actor
from reknown.ledger.records import ListUsersRecord
from reknown.ledger.signing import Signing, sign_with
from reknown.storage.database import open_database

location, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
engine = open_database(location)
sign_with(engine, Signing(lambda: (bytes(range(32)),)))

def write(thread):
    for number in range(count):
        with engine.begin() as connection:
            for _ in range(number % 3 + 1):
                log.append(connection, Actor(f"{name} {thread}"), None, ListUsersRecord(number))
            if number % 7 == 0:
                inner = connection.begin_nested()
                log.append(connection, Actor("never"), None, ListUsersRecord(number))
                inner.rollback()

threads = [threading.Thread(target=write, args=(each,)) for each in range(3)]
print("writing", flush=True)
[each.start() for each in threads]
[each.join() for each in threads]
engine.dispose()
"""


def _start(location: str, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _WRITER, location, name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _require_sound(engine: Engine) -> int:
    with reading(engine) as connection:
        head = read_head(connection)
        count = connection.scalar(select(func.count()).select_from(events))
        never = connection.scalar(
            select(func.count()).select_from(events).where(events.c.actor == "never")
        )
    found = verify_log(engine, None, LogEvidence([SigningKey(_SEED).public(head.origin)]))
    assert found.faults.named == []
    assert (found.size, found.signed, never) == (count, count, 0)
    assert read_checkpoint(str(head.note)).size == count
    return found.size


def test_processes_and_threads_make_one_order(location: str) -> None:
    engine = open_database(location)
    writers = [_start(location, f"process {number}", 12) for number in range(3)]
    for writer in writers:
        with writer:
            assert writer.wait(120) == 0
    # of 12 transactions four have one record, four have two, four three
    assert _require_sound(engine) == 3 * 3 * 24
    engine.dispose()


def test_writers_that_are_killed_leave_a_log_that_verifies(location: str, tmp_path: Path) -> None:
    engine = open_database(location)
    draw = random.Random(7)
    before = 0
    for turn in range(4):
        writers = [_start(location, f"turn {turn} {number}", 100_000) for number in range(2)]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "writing\n"
        _wait_for_more(engine, before)
        time.sleep(draw.random() / 5)
        for writer in writers:
            with writer:
                writer.kill()
        before = _require_sound(engine)
    engine.dispose()


def _wait_for_more(engine: Engine, before: int) -> None:
    while True:
        with reading(engine) as connection:
            if read_head(connection).size > before:
                return
        time.sleep(0.02)
