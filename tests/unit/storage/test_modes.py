from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from reknown.biometrics.errors import DatabaseError
from reknown.storage.database import open_database
from reknown.storage.modes import open_to_others


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_all_that_is_made_is_for_its_owner_alone(tmp_path: Path, umask: int) -> None:
    folder, before = tmp_path / "data", os.umask(umask)
    try:
        database = open_database(folder)
        with database.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE t (a)")
            assert open_to_others(folder) == []
            assert (folder / "reknown.db-wal").exists()
        database.dispose()
    finally:
        os.umask(before)


@pytest.mark.parametrize("folder_mode", [0o777, 0o755, 0o750, 0o701])
def test_a_folder_for_others_is_closed_with_a_line(
    tmp_path: Path, folder_mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(folder_mode)
    open_database(folder).dispose()
    assert mode(folder) == folder_mode & 0o700
    assert f"other users could access {folder}: now its owner alone can" in caplog.text


@pytest.mark.parametrize("file_mode", [0o666, 0o644, 0o660])
def test_a_database_for_others_is_closed_with_a_line(
    tmp_path: Path, file_mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    open_database(tmp_path / "data").dispose()
    file = tmp_path / "data" / "reknown.db"
    file.chmod(file_mode)
    assert open_to_others(tmp_path / "data") == [file]
    open_database(tmp_path / "data").dispose()
    assert mode(file) == 0o600
    assert str(file) in caplog.text


def test_what_only_its_owner_could_close_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o777)

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(DatabaseError, match="give a data folder of your own"):
        open_database(folder)


def test_nothing_is_said_of_what_is_right(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    open_database(tmp_path / "data").dispose()
    open_database(tmp_path / "data").dispose()
    assert not caplog.text
