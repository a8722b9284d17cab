from __future__ import annotations

import hashlib
import os
import random
import resource
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import AccessError, DatabaseError, InputError, ReknownError
from reknown.services import data_checks
from reknown.services.data_checks import DataChecks
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from pathlib import Path

ROW = "INSERT INTO events (at, actor, operation, detail) VALUES (?, '', '', ?)"


@pytest.fixture
def folder(empty_folder: Path, tmp_path: Path) -> Path:
    """A gallery with a ledger of some pages."""
    folder = shutil.copytree(empty_folder, tmp_path / "data")
    with closing(sqlite3.connect(folder / "reknown.db")) as connection, connection:
        rows = [("2026-11-28T00:00:00+00:00", f"row {number} " * 50) for number in range(500)]
        connection.executemany(ROW, rows)
    return folder


def _checks(folder: Path) -> DataChecks:
    return DataChecks(folder, connections=100)


def _failed(folder: Path) -> dict[str, str]:
    failed = {}
    for name, check in _checks(folder).by_name().items():
        try:
            assert check()
        except ReknownError as error:
            failed[name] = str(error)
    return failed


def _state(folder: Path) -> dict[str, str]:
    """What is in the files of the database; that SQLite puts an index of its log beside is fine."""
    files = (folder / name for name in ("reknown.db", "reknown.db-wal", "master.key"))
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.exists() and path.stat().st_size
    }


def test_a_sound_folder_passes_and_stays_as_it_is(folder: Path) -> None:
    before = _state(folder)
    assert _failed(folder) == {}
    assert _state(folder) == before


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert _failed(tmp_path / "absent" / "data") == {}
    assert "not there yet" in _checks(tmp_path / "absent").modes()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    assert "not a folder" in _failed(tmp_path / "file")["data folder"]


def test_flipped_bytes_are_found_and_nothing_is_made_worse(folder: Path) -> None:
    whole, chance = (folder / "reknown.db").read_bytes(), random.Random(3)
    damaged = bytearray(whole)
    pages = len(whole) // 4096
    for page in range(2, pages, 2):  # the head of a page says how it is laid out
        damaged[page * 4096 + chance.randrange(8)] ^= 0xFF
    (folder / "reknown.db").write_bytes(damaged)
    before = _state(folder)
    failed = _failed(folder)
    assert list(failed) == ["gallery"]
    assert "reknown restore" in failed["gallery"]
    assert _state(folder) == before


@pytest.mark.parametrize("share", [0.9, 0.5, 0.01])
def test_a_file_cut_short_is_found(folder: Path, share: float) -> None:
    file = folder / "reknown.db"
    os.truncate(file, int(file.stat().st_size * share) // 4096 * 4096 or 4096)
    before = _state(folder)
    assert "gallery" in _failed(folder)
    assert _state(folder) == before


def test_an_empty_file_beside_its_log_is_found_and_the_log_kept(folder: Path) -> None:
    (folder / "reknown.db-wal").write_bytes(b"what may still be saved")
    os.truncate(folder / "reknown.db", 0)
    before = _state(folder)
    assert "gallery" in _failed(folder)
    assert _state(folder) == before
    assert "reknown.db-wal" in before


def test_a_log_that_is_lost_is_found_by_the_master_key(tmp_path: Path) -> None:
    folder, copy = tmp_path / "data", tmp_path / "copy"
    database = open_database(folder)  # still open: what it wrote is in the log
    copy.mkdir(mode=0o700)
    shutil.copy(folder / "reknown.db", copy)
    assert (folder / "reknown.db").stat().st_size == (copy / "reknown.db").stat().st_size == 4096
    database.dispose()
    (copy / "reknown.db").chmod(0o600)
    assert _failed(copy) == {}  # as after a first start that was cut off
    (copy / "master.key").touch(mode=0o600)
    (copy / "master.key").write_text("A" * 43 + "=")
    assert list(_failed(copy)) == ["gallery"]


def test_a_log_in_use_is_read_too(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "reknown.db")) as connection:
        with connection:
            connection.execute(ROW, ("2026-11-28T00:00:00+00:00", "{}"))
        assert (folder / "reknown.db-wal").stat().st_size
        (folder / "reknown.db-wal").chmod(0o600)
        before = _state(folder)
        assert _failed(folder) == {}
        assert _state(folder) == before


def test_rows_without_what_they_belong_to_are_found(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "reknown.db")) as connection, connection:
        connection.execute("INSERT INTO collection_tags VALUES (77, 'tag of', 'nothing')")
    with pytest.raises(DatabaseError, match="1 rows belong"):
        _checks(folder).database()


def test_a_newer_schema_is_found(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "reknown.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseError, match=r"schema 9999.*newer"):
        _checks(folder).database()


@pytest.mark.parametrize("name", ["", "reknown.db"])
def test_what_others_may_read_is_found_and_left(folder: Path, name: str) -> None:
    (folder / name).chmod(0o755)
    with pytest.raises(DatabaseError, match=f"run: chmod go= {folder / name}"):
        _checks(folder).modes()
    assert (folder / name).stat().st_mode & 0o777 == 0o755


def test_a_master_key_that_others_may_read_is_found(folder: Path) -> None:
    (folder / "master.key").write_text("A" * 43 + "=")
    (folder / "master.key").chmod(0o644)
    with pytest.raises(AccessError, match="chmod 600"):
        _checks(folder).modes()


def test_a_clock_before_the_ledger_is_found(folder: Path) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=13)
    with closing(sqlite3.connect(folder / "reknown.db")) as connection, connection:
        connection.execute(ROW, (ahead.isoformat(), "{}"))
    with pytest.raises(InputError, match="set the clock right"):
        _checks(folder).clock()


def test_a_clock_before_the_program_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_checks, "_RELEASED", datetime.now(UTC) + timedelta(days=1))
    with pytest.raises(InputError, match="set it"):
        _checks(tmp_path).clock()


def test_little_space_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_checks, "_GIB", 2**62)
    with pytest.raises(InputError, match="larger disk"):
        _checks(folder).space()


def test_a_long_log_is_found(folder: Path) -> None:
    with (folder / "reknown.db-wal").open("wb") as file:
        file.truncate(2**29)
    with pytest.raises(DatabaseError, match="restart"):
        _checks(folder).log()


def test_too_few_files_are_found(tmp_path: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        pytest.skip("no limit here")
    assert DataChecks(tmp_path, 1).files()
    with pytest.raises(InputError, match="LimitNOFILE"):
        DataChecks(tmp_path, hard).files()
