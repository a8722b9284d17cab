"""Backups hold no keys, and what was erased cannot be read from those made before."""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from contexts import ACTOR, events
from reknown.access.vault import read_vault
from reknown.biometrics.errors import InputError
from reknown.gallery.faces import list_faces
from reknown.gallery.templates import load_templates
from reknown.sealing.copies import COPY
from reknown.services.backups.backup import Secrets, back_up
from reknown.services.backups.restore import check_backup, restore
from reknown.services.galleries.erasure import erase_subject
from reknown.services.moving import move
from reknown.storage.database import reading
from reknown.storage.server import ServerAddress
from remains import enrol, remains, unit
from sealed_galleries import gallery
from unit.databases import new_location
from unit.sealing.test_sealing import kept, stored, vectors, wrapped

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.services.context import Context

PASSPHRASE = "correct horse battery"


def _ask() -> str:
    return PASSPHRASE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    (tmp_path / "shelf").mkdir()
    return tmp_path / "shelf"


def _back_up(context: Context, folder: Path, target: Path) -> None:
    vault = read_vault(folder, None)
    assert vault is not None
    back_up(context, target, Secrets(vault, PASSPHRASE))


def test_a_backup_and_its_keyring_bring_all_back(folder: Path, shelf: Path, tmp_path: Path) -> None:
    with gallery(folder, folder) as (context, _):
        for number in range(3):
            enrol(context.database, number)
        _back_up(context, folder, shelf / "1.tar")
    assert sorted(path.name for path in shelf.iterdir()) == ["1.tar", COPY]
    assert {path.stat().st_mode & 0o777 for path in shelf.iterdir()} == {0o600}
    assert check_backup(shelf / "1.tar", _ask).dropped == 0
    new = tmp_path / "new"
    assert restore(ACTOR, shelf / "1.tar", new, _ask, None).dropped == 0
    with gallery(new, new) as (context, keyring):
        assert np.array_equal(vectors(context), [unit(number) for number in range(3)])
        enrol(context.database, 3)
        assert len(kept(keyring)) == 2 * 4 + 1


def test_a_restore_without_the_master_key_keeps_all(
    folder: Path, shelf: Path, tmp_path: Path
) -> None:
    with gallery(folder, folder) as (context, _):
        enrol(context.database, 1)
        _back_up(context, folder, shelf / "1.tar")
    new = tmp_path / "new"
    assert restore(ACTOR, shelf / "1.tar", new, None, None).dropped == 0
    shutil.copy(folder / "master.key", new / "master.key")
    with gallery(new, new) as (context, _), reading(context.database) as connection:
        assert [face.user for face in list_faces(connection, "friends").items] == ["person-000001"]


def test_who_was_erased_is_not_in_an_older_backup_once_there_is_a_newer_one(
    folder: Path, shelf: Path, tmp_path: Path
) -> None:
    with gallery(folder, folder) as (context, keyring):
        gone = enrol(context.database, 1)
        enrol(context.database, 2)
        _back_up(context, folder, shelf / "1.tar")
        number, _ = stored(context.database, gone)
        key = wrapped(keyring, number)
        assert remains(shelf, key)
        erase_subject(context, "friends", "person-000001")
        enrol(context.database, 3)
        _back_up(context, folder, shelf / "2.tar")
        assert not remains(shelf, key)
    assert check_backup(shelf / "1.tar", _ask).dropped == 2  # a face and its user
    new = tmp_path / "new"
    assert restore(ACTOR, shelf / "1.tar", new, _ask, None).dropped == 2
    assert not remains(new, key)
    with gallery(new, new) as (context, keyring):
        assert np.array_equal(vectors(context), [unit(2)])
        assert len(kept(keyring)) == 3  # that of what came later is of no use
        with reading(context.database) as connection:
            assert [face.user for face in list_faces(connection, "friends").items] == [
                "person-000002"
            ]
        enrol(context.database, 4)
        assert len(vectors(context)) == 2


def test_without_its_keyring_the_ledger_knows_of_no_backup(
    folder: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("reknown.services.backups.backup.copy_keyring", full)
    with gallery(folder, folder) as (context, _):
        with pytest.raises(InputError, match="No space left"):
            back_up(context, shelf / "backup.tar", None)
        assert events(context, "back up") == []
    assert [*shelf.iterdir()] == []


def test_the_former_copy_of_a_keyring_is_overwritten(folder: Path, shelf: Path) -> None:
    with gallery(folder, folder) as (context, keyring):
        number, _ = stored(context.database, enrol(context.database, 1))
        key = wrapped(keyring, number)
        _back_up(context, folder, shelf / "1.tar")
        with (shelf / COPY).open("rb") as former:
            assert key in former.read()
            _back_up(context, folder, shelf / "2.tar")
            former.seek(0)
            assert not former.read().strip(b"\0")


def test_a_backup_without_its_keyring_is_refused(folder: Path, shelf: Path, tmp_path: Path) -> None:
    with gallery(folder, folder) as (context, _):
        enrol(context.database, 1)
        _back_up(context, folder, shelf / "1.tar")
    new = tmp_path / "new"
    (shelf / COPY).rename(tmp_path / COPY)
    with pytest.raises(InputError, match="is missing, which has the keys"):
        restore(ACTOR, shelf / "1.tar", new, _ask, None)
    for content in (b"", b"no database" * 1000, (tmp_path / COPY).read_bytes()[:4096]):
        (shelf / COPY).write_bytes(content)
        with pytest.raises(InputError, match="keyring"):
            restore(ACTOR, shelf / "1.tar", new, _ask, None)
    assert not new.exists()
    shutil.copy(tmp_path / COPY, shelf / COPY)
    assert restore(ACTOR, shelf / "1.tar", new, _ask, None).dropped == 0


def test_galleries_do_not_replace_the_keyrings_of_others(shelf: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        folder = tmp_path / name
        with gallery(folder, folder) as (context, _):
            enrol(context.database, 1)
            if name == "one":
                _back_up(context, folder, shelf / "one.tar")
                before = (shelf / COPY).read_bytes()
                continue
            with pytest.raises(InputError, match="belongs to the backups of another gallery"):
                _back_up(context, folder, shelf / "other.tar")
    assert (shelf / COPY).read_bytes() == before
    assert sorted(path.name for path in shelf.iterdir()) == ["one.tar", COPY]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with gallery(tmp_path / "other", tmp_path / "other") as (context, _):
        _back_up(context, tmp_path / "other", elsewhere / "other.tar")
    shutil.copy(elsewhere / COPY, shelf / COPY)
    with pytest.raises(InputError, match="is the keyring of another gallery"):
        restore(ACTOR, shelf / "one.tar", tmp_path / "new", _ask, None)


def test_a_move_takes_the_keys_along_and_back(
    request: pytest.FixtureRequest, folder: Path, tmp_path: Path
) -> None:
    location = new_location(request, "postgresql", tmp_path)
    with gallery(folder, folder) as (context, _):
        for number in range(3):
            enrol(context.database, number)
        erase_subject(context, "friends", "person-000000")
    move(ACTOR, folder, ServerAddress(location), (folder, None))
    with gallery(location, folder) as (context, keyring):
        assert np.array_equal(vectors(context), [unit(1), unit(2)])
        assert len(kept(keyring)) == 2 * 2 + 1
        erase_subject(context, "friends", "person-000001")
        enrol(context.database, 3)
    new = tmp_path / "back"
    move(ACTOR, ServerAddress(location), new, (folder, None))
    with gallery(new, new) as (context, keyring):
        assert np.array_equal(vectors(context), [unit(2), unit(3)])
        assert len(kept(keyring)) == 2 * 2 + 1
        with reading(context.database) as connection:
            assert len(load_templates(connection, "friends").face_ids) == 2
