from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import tarfile
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from contexts import events, make_context
from reknown import __version__
from reknown.access.vault import Vault
from reknown.biometrics.errors import AccessError, DatabaseError, InputError
from reknown.ledger.records import BackUpRecord
from reknown.services.backups.backup import Secrets, back_up, require_gallery
from reknown.storage.database import SCHEMA_VERSION, open_database
from unit.databases import new_location
from unit.services.backups.conftest import PASSPHRASE

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.services.context import Context


def test_it_is_one_private_file_that_common_tools_can_check(
    context: Context, secrets: Secrets, tmp_path: Path
) -> None:
    target, before = tmp_path / "kept" / "backup.tar", datetime.now(UTC)
    target.parent.mkdir()
    mask = os.umask(0)
    try:
        made = back_up(context, target, secrets)
    finally:
        os.umask(mask)
    assert [path.name for path in target.parent.iterdir()] == ["backup.tar"]
    assert target.stat().st_mode & 0o777 == 0o600
    assert (made.file, made.size) == (target, target.stat().st_size)
    assert secrets.vault.export().encode() not in target.read_bytes()
    names = ["manifest.json", "reknown.db", "master.key.json", "SHA256SUMS"]
    with tarfile.open(target) as archive:
        assert archive.getnames() == names
    unpack = ["tar", "--extract", "--file", str(target), "--directory", str(target.parent)]
    subprocess.run(unpack, check=True)
    check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    subprocess.run(check, check=True, cwd=target.parent, capture_output=True)
    manifest = json.loads((target.parent / "manifest.json").read_text())
    taken_at = datetime.fromisoformat(manifest.pop("taken_at"))
    assert before <= taken_at == made.manifest.taken_at <= datetime.now(UTC)
    assert manifest == {
        "format": 1,
        "reknown": __version__,
        "schema": SCHEMA_VERSION,
        "master_key": True,
        "counts": {
            "collections": 0,
            "faces": 0,
            "users": 0,
            "sightings": 0,
            "access_keys": 1,
            "events": 2,
        },
        "keyring": None,
    }


def test_the_ledger_has_it_and_the_backup_does_not(
    context: Context, secrets: Secrets, tmp_path: Path
) -> None:
    made = back_up(context, tmp_path / "backup.tar", secrets)
    (told,) = events(context, "back up")
    name = "backup.tar"
    expected = BackUpRecord(made.sha256, made.manifest.taken_at, True, name, made.size)
    assert told.record == expected
    assert made.manifest.counts.events == len(events(context)) - 1


def test_the_key_is_left_out_on_request(context: Context, secrets: Secrets, tmp_path: Path) -> None:
    made = back_up(context, tmp_path / "backup.tar", None)
    assert not made.manifest.master_key
    with tarfile.open(made.file) as archive:
        assert "master.key.json" not in archive.getnames()


def test_what_was_deleted_is_not_even_in_unused_pages(context: Context, tmp_path: Path) -> None:
    insert = "INSERT INTO events (at, actor, operation, detail) VALUES ('', '', '', ?)"
    file = tmp_path / "data" / "reknown.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete=OFF")
        connection.executemany(insert, [("remains " * 1000,) for _ in range(20)])
        connection.execute("DELETE FROM events")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"remains" in file.read_bytes()
    made = back_up(context, tmp_path / "backup.tar", None)
    assert b"remains" not in made.file.read_bytes()


def test_a_file_that_is_there_is_kept_unless_it_is_to_be_replaced(
    context: Context, tmp_path: Path
) -> None:
    target = tmp_path / "backup.tar"
    target.write_bytes(b"the last good one")
    with pytest.raises(InputError, match="--force"):
        back_up(context, target, None)
    assert target.read_bytes() == b"the last good one"
    assert events(context) == []
    back_up(context, target, None, replace=True)
    with tarfile.open(target) as archive:
        assert archive.getnames()[0] == "manifest.json"


def test_no_link_pipe_or_folder_is_replaced(context: Context, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "link", "pipe"):
        with pytest.raises(InputError, match="it is no file"):
            back_up(context, tmp_path / name, None, replace=True)
    assert not (tmp_path / "elsewhere").exists()


def test_a_backup_lies_elsewhere_than_what_it_is_of(context: Context, tmp_path: Path) -> None:
    (tmp_path / "data" / "deep").mkdir()
    (tmp_path / "way").symlink_to(tmp_path / "data")
    for folder in ("data", "data/deep", "way"):
        with pytest.raises(InputError, match="in the data folder"):
            back_up(context, tmp_path / folder / "backup.tar", None)
    with pytest.raises(InputError, match="is not a folder"):
        back_up(context, tmp_path / "absent" / "backup.tar", None)


def test_what_goes_wrong_leaves_the_old_file_and_no_other(
    context: Context, secrets: Secrets, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "backup.tar").write_bytes(b"the last good one")

    def interrupted(done: int, of: int) -> None:
        if done > of / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(context, folder / "backup.tar", secrets, replace=True, watch=interrupted)
    short = Secrets(secrets.vault, "too short")
    with pytest.raises(InputError, match="12 to 1024 characters"):
        back_up(context, folder / "backup.tar", short, replace=True)
    wrong = Secrets(Vault(bytes(32)), PASSPHRASE)
    with pytest.raises(AccessError, match="master key is not the one"):
        back_up(context, folder / "backup.tar", wrong, replace=True)
    assert [path.name for path in folder.iterdir()] == ["backup.tar"]
    assert (folder / "backup.tar").read_bytes() == b"the last good one"
    assert events(context, "back up") == []


def test_a_damaged_database_replaces_no_good_backup(context: Context, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "data" / "reknown.db")) as connection, connection:
        connection.execute("INSERT INTO collection_tags VALUES (77, 'tag of', 'nothing')")
    target = tmp_path / "backup.tar"
    target.write_bytes(b"the last good one")
    with pytest.raises(DatabaseError, match="damaged"):
        back_up(context, target, None, replace=True)
    assert target.read_bytes() == b"the last good one"


def test_a_file_that_may_be_called_like_a_person_is_not_named_in_the_ledger(
    context: Context, tmp_path: Path
) -> None:
    made = back_up(context, tmp_path / "Ada Lovelace.tar", None)
    (told,) = events(context, "back up")
    assert told.record == BackUpRecord(made.sha256, made.manifest.taken_at, False, size=made.size)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_what_never_got_its_name_is_not_in_the_ledger(
    context: Context, tmp_path: Path, share: float
) -> None:
    target = tmp_path / "backup.tar"

    def others(done: int, of: int) -> None:
        if done >= share * of:
            target.write_bytes(b"somebody else's")

    with pytest.raises(InputError, match="exists"):
        back_up(context, target, None, watch=others)
    assert target.read_bytes() == b"somebody else's"
    assert events(context, "back up") == []


def test_progress_goes_from_nothing_to_all(context: Context, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    back_up(context, tmp_path / "backup.tar", None, watch=lambda *at: seen.append(at))
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1] > 0


def test_postgresql_is_sent_to_its_own_tools(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    database = open_database(new_location(request, "postgresql", tmp_path))
    with pytest.raises(InputError, match="pg_dump"):
        back_up(make_context(database), tmp_path / "backup.tar", None)
    database.dispose()


def test_nothing_is_no_gallery(tmp_path: Path, empty_folder: Path) -> None:
    require_gallery(empty_folder)
    with pytest.raises(InputError, match="--data"):
        require_gallery(tmp_path / "mistyped")
    assert not (tmp_path / "mistyped").exists()
