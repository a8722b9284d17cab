"""Backups while others write, and servers that find their database gone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from processes import wait_for
from servers import REKNOWN, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITER = Path(__file__).with_name("backup_writer.py")
TESTS = Path(__file__).parents[1]
PASSPHRASE = {"REKNOWN_BACKUP_PASSPHRASE": "correct horse battery"}
WRITERS, BACKUPS = 3, 2


@dataclass(frozen=True)
class Change:
    """What a writer was told is done; `asked` and `done` in nanoseconds."""

    asked: int
    done: int
    word: str
    face_id: str


def _reknown(*words: object, status: int = 0, **environment: str) -> str:
    command = [str(REKNOWN), *map(str, words)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | PASSPHRASE | environment,
    )
    assert done.returncode == status, done.stderr
    return done.stdout if status == 0 else done.stderr


@contextmanager
def _writing(data: Path, logs: Path) -> Iterator[None]:
    """Several processes that write, until the end."""
    logs.mkdir()
    started = []
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    for number in range(WRITERS):
        name = f"crowd-{number}"
        with (logs / name).open("wb") as log:
            started.append(
                subprocess.Popen(
                    [sys.executable, str(WRITER), str(data), name],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    env=environment,
                )
            )
    try:
        wait_for(lambda: all(len(_changes(log)) > 5 for log in logs.iterdir()))
        yield
    finally:
        for process in started:
            process.communicate(timeout=120)
    assert [process.returncode for process in started] == [0] * WRITERS


def _changes(log: Path) -> list[Change]:
    whole = log.read_text().rpartition("\n")[0]
    lines = [line.split() for line in whole.splitlines()]
    return [Change(int(asked), int(done), word, face) for asked, done, word, face in lines]


def _faces(data: Path) -> set[str]:
    return {face_id for (face_id,) in _select(data, "SELECT face_id FROM faces")}


def _according_to_ledger(data: Path) -> set[str]:
    there: set[str] = set()
    for operation, detail in _select(data, "SELECT operation, detail FROM events ORDER BY id"):
        if operation == "import templates":
            there |= set(json.loads(detail)["faces"])
        if operation == "delete faces":
            there -= set(json.loads(detail)["faces"])
    return there


def _select(data: Path, query: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(data / "reknown.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return connection.execute(query).fetchall()


def test_a_backup_under_load_is_what_was_acknowledged_at_its_moment(tmp_path: Path) -> None:
    data, spans = tmp_path / "writers", []
    with _writing(data, tmp_path / "logs"):
        for number in range(BACKUPS):
            # in folders of their own: the next keyring has no keys of what is deleted meanwhile
            (tmp_path / f"{number}").mkdir()
            start = time.monotonic_ns()
            _reknown("backup", tmp_path / f"{number}" / "it.tar", "--data", data)
            spans.append((start, time.monotonic_ns()))
            time.sleep(0.2)
    changes = [each for log in (tmp_path / "logs").iterdir() for each in _changes(log)]
    for number, (start, end) in enumerate(spans):
        restored = tmp_path / f"restored-{number}"
        _reknown("restore", tmp_path / f"{number}" / "it.tar", "--data", restored)
        there = _faces(restored)
        _require_moment(there, changes, start, end)
        # faces and ledger are of one moment, too; but for what was deleted before its keys came
        gone = {each.face_id for each in changes if each.word == "delete" and each.asked < end}
        assert there == _according_to_ledger(restored) - gone | there


def _require_moment(there: set[str], changes: list[Change], start: int, end: int) -> None:
    added = {each.face_id: each for each in changes if each.word == "add"}
    deleted = {each.face_id: each for each in changes if each.word == "delete"}
    assert any(each.done < start for each in deleted.values())
    assert any(start < each.asked < end for each in changes)
    assert any(each.asked > end for each in changes)
    for face_id, change in added.items():
        gone = deleted.get(face_id)
        if change.done < start and (gone is None or gone.asked > end):
            assert face_id in there
        if change.asked > end or (gone is not None and gone.done < start):
            assert face_id not in there
    assert there <= set(added)


def test_a_backup_of_a_running_server_makes_another_one(tmp_path: Path) -> None:
    data, new = tmp_path / "server", tmp_path / "elsewhere"
    with serving(data) as server:
        server.client().create_collection(CollectionId="staff")
        _reknown("backup", tmp_path / "backup.tar", "--data", data)
        server.client().create_collection(CollectionId="later")
        key = server.key_id, server.secret
    with tarfile.open(tmp_path / "backup.tar") as archive:
        sealed = archive.extractfile("master.key.json")
        assert sealed is not None
        assert json.load(sealed)["n"] == 131072  # tests within their process take less
    _reknown("restore", tmp_path / "backup.tar", "--data", new)
    with serving(new, key=key) as again:
        assert again.client().list_collections()["CollectionIds"] == ["staff"]


def _serve(data: Path) -> tuple[str, str]:
    """What a server that does not start writes."""
    command = [str(REKNOWN), "serve", "--data", str(data), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stdout
    return done.stdout, done.stderr


@pytest.mark.parametrize("left", ["the master key alone", "the database without its log"])
def test_no_server_begins_anew_where_a_master_key_is(tmp_path: Path, left: str) -> None:
    data = tmp_path / "server"
    with serving(data) as server:
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    lost = tmp_path / "lost"
    lost.mkdir(mode=0o700)
    for name in ("master.key", "reknown.db")[: 1 if "alone" in left else 2]:
        shutil.copy2(data / name, lost)
    out, err = _serve(lost)
    assert out == ""
    assert "reknown restore FILE" in err
    assert "reknown restore FILE" in _reknown("ledger", "--data", lost, status=2)
    # what is really there goes on
    with serving(data, key=(server.key_id, server.secret)) as again:
        assert again.client().list_collections()["CollectionIds"] == []
