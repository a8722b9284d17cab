from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from contexts import events
from reknown.access.rights import ALL
from reknown.access.vault import Vault, prepare_key
from reknown.biometrics.errors import AccessError, DatabaseError
from reknown.ledger.records import AdoptMasterKeyRecord
from reknown.services import access
from reknown.services.master_key import find_vault, open_vault, require_database

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.services.context import Context

OTHER = Vault(bytes(range(32)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def _adopted(context: Context) -> list[str]:
    records = [event.record for event in events(context, AdoptMasterKeyRecord.OPERATION)]
    return [each.fingerprint for each in records if isinstance(each, AdoptMasterKeyRecord)]


def test_the_first_key_is_made_once_and_the_ledger_remembers_it(
    context: Context, folder: Path
) -> None:
    assert find_vault(folder, None) is None
    made = open_vault(context, folder, None)
    again = open_vault(context, folder, None)
    assert made.fingerprint == again.fingerprint
    assert _adopted(context) == [made.fingerprint]
    assert made.export() not in str(events(context))


def test_a_crash_before_the_key_is_known_or_in_force_leaves_a_start(
    context: Context, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_key(folder, None)  # the end came before the ledger was told
    with monkeypatch.context() as patch:
        patch.setattr("reknown.services.master_key.publish_key", lambda _folder: None)
        with pytest.raises(AccessError, match="vanished"):  # it came before the key was in force
            open_vault(context, folder, None)
    (known,) = _adopted(context)
    assert open_vault(context, folder, None).fingerprint == known
    assert _adopted(context) == [known]


def test_a_key_without_an_access_key_ever_is_a_start_and_no_loss(
    context: Context, folder: Path
) -> None:
    open_vault(context, folder, None)
    vault = open_vault(context, folder, None)
    assert access.ensure_key(context, vault) is not None


def test_a_key_that_the_database_never_knew_says_that_it_was_begun_anew(
    context: Context, folder: Path
) -> None:
    (folder / "master.key").touch(mode=0o600)
    (folder / "master.key").write_text(OTHER.export())
    with pytest.raises(AccessError, match=r"reknown restore FILE; .* move master\.key away"):
        open_vault(context, folder, None)
    assert events(context) == []
    (folder / "master.key").unlink()
    assert access.ensure_key(context, open_vault(context, folder, None)) is not None


def test_a_database_of_before_takes_its_key_and_no_other(context: Context, folder: Path) -> None:
    access.create_key(context, OTHER, "gate", ALL)
    with pytest.raises(AccessError, match="master key is not the one"):
        open_vault(context, folder, Vault(bytes(32)).export())
    with pytest.raises(AccessError, match=r"master\.key is missing"):
        open_vault(context, folder, None)
    assert not (folder / "master.key").exists()
    open_vault(context, folder, OTHER.export())
    assert _adopted(context) == [OTHER.fingerprint]


def test_without_keys_left_another_master_key_may_follow(context: Context, folder: Path) -> None:
    key, _ = access.create_key(context, open_vault(context, folder, None), "gate", ALL)
    (folder / "master.key").unlink()
    with pytest.raises(AccessError, match="revoke all keys"):
        open_vault(context, folder, None)
    access.revoke_key(context, key.key_id)
    vault = open_vault(context, folder, None)
    assert _adopted(context)[1:] == [vault.fingerprint]
    open_vault(context, folder, OTHER.export())
    assert _adopted(context)[2:] == [OTHER.fingerprint]


@pytest.mark.parametrize("left", ["nothing", "an empty file", "one page"])
def test_a_master_key_without_its_database_begins_nothing(
    empty_folder: Path, tmp_path: Path, left: str
) -> None:
    folder = tmp_path / "lost"
    require_database(folder)  # nothing was there
    folder.mkdir()
    require_database(folder)
    (folder / "master.key").touch()
    if left == "an empty file":
        (folder / "reknown.db").touch()
    if left == "one page":
        _header_alone(folder / "reknown.db")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(DatabaseError, match="reknown restore FILE; to begin anew"):
        require_database(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    shutil.copytree(empty_folder, folder, dirs_exist_ok=True)
    require_database(folder)


def test_a_log_without_its_database_is_kept(tmp_path: Path) -> None:
    (tmp_path / "reknown.db-wal").write_bytes(b"what may still be saved")
    with pytest.raises(DatabaseError, match=r"reknown\.db-wal is there"):
        require_database(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["reknown.db-wal"]


def _header_alone(file: Path) -> None:
    """What a kill leaves of a new database whose log is then lost."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    assert file.stat().st_size == 4096
