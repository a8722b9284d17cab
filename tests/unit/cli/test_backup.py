from __future__ import annotations

import os
import pty
import subprocess
import termios
from typing import TYPE_CHECKING

import pytest

from processes import wait_for
from reknown.biometrics.errors import AccessError, DatabaseError, InputError
from servers import REKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

PASSPHRASE = "correct horse battery"


@pytest.fixture
def key(run: Callable[..., Run]) -> str:
    """The id of an access key: with it there is a master key."""
    made = run("keys", "create", "--json")
    return str(made.lines[0]["access_key_id"])


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    file = tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\nand more\n")
    return file


def test_there_and_back(
    run: Callable[..., Run], key: str, tmp_path: Path, passphrase: Path
) -> None:
    file, new = tmp_path / "backup.tar", tmp_path / "new"
    made = run("backup", file, "--passphrase-file", passphrase)
    assert made.status == 0
    assert f"backed up to {file}: everything acknowledged until" in made.out
    assert "1 access key, " in made.out
    checked = run("restore", file, "--check", "--passphrase-file", passphrase, "--data", new)
    assert "this backup is sound" in checked.out
    assert not new.exists()
    restored = run("restore", file, "--passphrase-file", passphrase, "--data", new, "--json")
    (about,) = restored.lines
    assert about["data"] == str(new)
    assert about["master_key"] is True
    assert about["counts"]["access_keys"] == 1
    listed = run("keys", "list", "--json", "--data", new).lines
    assert [each["access_key_id"] for each in listed] == [key]
    assert run("keys", "rotate", key, "--data", new).status == 0
    told = run("ledger", "--json", "--data", new).lines
    assert [row["operation"] for row in told] == [
        "adopt master key",
        "create key",
        "restore",
        "rotate key",
    ]


def test_the_passphrase_may_be_in_the_environment(
    run: Callable[..., Run], key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REKNOWN_BACKUP_PASSPHRASE", PASSPHRASE)
    assert run("backup", tmp_path / "backup.tar").status == 0
    monkeypatch.setenv("REKNOWN_BACKUP_PASSPHRASE", "another passphrase")
    with pytest.raises(AccessError, match="passphrase"):
        run("restore", tmp_path / "backup.tar", "--check")


def test_without_a_passphrase_nothing_is_written(
    run: Callable[..., Run], key: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"--passphrase-file FILE.*--without-keys"):
        run("backup", tmp_path / "backup.tar")
    empty = tmp_path / "empty"
    empty.touch()
    for file, reason in ((empty, "empty first line"), (tmp_path / "absent", "cannot read")):
        with pytest.raises(InputError, match=reason):
            run("backup", tmp_path / "backup.tar", "--passphrase-file", file)
    assert not (tmp_path / "backup.tar").exists()


def test_the_key_may_be_left_out_on_both_ways(
    run: Callable[..., Run], key: str, tmp_path: Path, passphrase: Path
) -> None:
    file, new = tmp_path / "backup.tar", tmp_path / "new"
    assert "keep it too" in run("backup", file, "--without-keys").out
    run("restore", file, "--data", new)
    with pytest.raises(AccessError, match=r"master\.key is missing"):
        run("keys", "create", "--data", new)
    run("backup", file, "--force", "--passphrase-file", passphrase)
    run("restore", file, "--without-keys", "--data", tmp_path / "other")
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == ["keys.db", "reknown.db"]


def test_a_mistyped_folder_is_not_backed_up(run: Callable[..., Run], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no gallery in"):
        run("backup", tmp_path / "backup.tar", "--data", tmp_path / "mistyped")
    assert list(tmp_path.glob("mistyped")) == []


def test_whoever_sits_there_is_asked_and_shown_nothing(
    run: Callable[..., Run], key: str, tmp_path: Path
) -> None:
    terminal, side = pty.openpty()
    command = [str(REKNOWN), "backup", str(tmp_path / "backup.tar"), "--json"]
    process = subprocess.Popen(
        command, stdin=side, stdout=subprocess.PIPE, stderr=side, start_new_session=True, text=True
    )
    os.close(side)
    shown = b""
    for question in (b"Passphrase", b"Repeat"):
        while question not in shown.rpartition(b"\n")[2]:
            shown += os.read(terminal, 1000)
        # what is typed before the echo is off is thrown away
        wait_for(lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO)
        os.write(terminal, PASSPHRASE.encode() + b"\n")
    out, _ = process.communicate(timeout=60)
    os.close(terminal)
    assert process.returncode == 0
    assert PASSPHRASE.encode() not in shown
    assert out.count("\n") == 1


@pytest.mark.parametrize(
    "command", ["ledger", "collections list", "keys list", "serve --print-env"]
)
def test_a_lost_database_is_an_error_and_not_an_empty_one(
    run: Callable[..., Run], key: str, tmp_path: Path, command: str
) -> None:
    for file in (tmp_path / "data").glob("reknown.db*"):
        file.unlink()
    with pytest.raises(DatabaseError, match=r"reknown restore FILE; to begin anew"):
        run(*command.split())
    left = sorted(path.name for path in (tmp_path / "data").iterdir())
    assert left == ["keys.db", "ledger.checkpoints", "master.key"]
