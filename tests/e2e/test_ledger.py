"""`reknown ledger` as a process: pipes and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reknown.ledger.actor import Actor
from reknown.ledger.log import append, record
from reknown.ledger.records import ListUsersRecord
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.storage.database import Database

REKNOWN = Path(sys.executable).with_name("reknown")
BOB = Actor("cli:bob")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    subprocess.run([REKNOWN, "ledger"], check=True)  # its first record is of the master key
    database = open_database(tmp_path / "data")
    with database.begin() as connection:
        for number in range(5000):
            append(connection, BOB, None, ListUsersRecord(number))
    yield database
    database.dispose()


def test_a_reader_that_has_seen_enough_is_no_drama(database: Database) -> None:
    for words in ("ledger", "ledger --json", "ledger --follow"):
        done = subprocess.run(
            ["bash", "-c", f"{REKNOWN} {words} | head -n 1"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (len(done.stdout.splitlines()), done.stderr) == (1, "")


def test_following_shows_what_others_do_until_ctrl_c(database: Database) -> None:
    # a shell's background jobs ignore Ctrl-C and hand that down, unless it is handled here
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [REKNOWN, "ledger", "--json", "--follow", "--limit", "1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["record"] == {"listed": 4999}
        record(database, BOB, None, ListUsersRecord(7))
        assert json.loads(process.stdout.readline())["record"] == {"listed": 7}
        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate(timeout=60)
    assert (process.returncode, rest, complaints) == (0, "", "")
