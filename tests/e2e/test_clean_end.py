"""Whatever ends a process, short of SIGKILL: the database's own file holds everything."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from processes import wait_for
from servers import REKNOWN

if TYPE_CHECKING:
    from pathlib import Path

_FILES = ["keys.db", "ledger.checkpoints", "master.key", "reknown.db"]


def _start(*words: object) -> subprocess.Popen[bytes]:
    command = [str(REKNOWN), *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _query(file: Path, sql: str) -> Any:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(sql).fetchone()[0]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 0)])
def test_a_command_that_follows(tmp_path: Path, number: int, status: int) -> None:
    data = tmp_path / "data"
    follower = _start("ledger", "--follow", "--data", data)
    wait_for((data / "reknown.db-wal").exists)
    subprocess.run([REKNOWN, "collections", "create", "people", "--data", data], check=True)
    assert follower.stdout is not None
    while b"create collection" not in follower.stdout.readline():
        pass
    assert (data / "reknown.db-wal").stat().st_size
    follower.send_signal(number)
    follower.communicate(timeout=30)
    assert follower.returncode == status
    assert sorted(path.name for path in data.iterdir()) == _FILES
    shutil.copy(data / "reknown.db", tmp_path / "alone.db")
    assert _query(tmp_path / "alone.db", "SELECT name FROM collections") == "people"


def test_a_command_that_enrols(tmp_path: Path, people: Path) -> None:
    data, image = tmp_path / "data", people / "Eileen Collins" / "1.jpg"
    content = image.read_bytes()
    for number in range(200):  # other images, as far as their bytes go
        (image.parent / f"{number}.jpg").write_bytes(content + bytes([number]))
    enrolling = _start("enroll", people, "--data", data)

    def enrolled(file: Path = data / "reknown.db") -> int:
        try:
            return int(_query(file, "SELECT count(*) FROM faces"))
        except sqlite3.OperationalError:  # before there is one
            return 0

    wait_for(lambda: enrolled() > 3)
    enrolling.terminate()
    enrolling.communicate(timeout=60)
    assert enrolling.returncode == 143
    assert sorted(path.name for path in data.iterdir()) == _FILES
    shutil.copy(data / "reknown.db", tmp_path / "alone.db")
    assert 3 < enrolled(tmp_path / "alone.db") < 200
