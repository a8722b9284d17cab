"""However somebody is deleted: no file has template, name or key, and no copy from before opens."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from contexts import ACTOR, events
from postgres_server import as_owner, own_database
from reknown.access.vault import read_vault
from reknown.biometrics.policy import Policy
from reknown.gallery.faces import list_faces
from reknown.gallery.users import list_users
from reknown.sealing.ciphers import SealError
from reknown.services.backups.backup import Secrets, back_up
from reknown.services.backups.restore import restore
from reknown.services.galleries.collections import delete_collection
from reknown.services.galleries.erasure import erase_subject
from reknown.services.galleries.faces import delete_faces
from reknown.services.galleries.users import UserRequest, delete_user
from reknown.services.policies.consents import withdraw_consent
from reknown.services.policies.retention import sweep
from reknown.services.policies.rules import set_policy
from reknown.storage.database import reading
from remains import enrol, remains, traces
from sealed_galleries import gallery
from unit.sealing.test_sealing import kept, pieces_of, vectors

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.services.context import Context

PERSON = "person-000001"
_PASSPHRASE = "correct horse battery"


def _delete_both(context: Context) -> None:
    """As clients of AWS do: the face, then the user; file names go with the face."""
    with reading(context.database) as connection:
        gone = [face.face_id for face in list_faces(connection, "friends", user=PERSON).items]
    delete_faces(context, "friends", gone, of_users=True)
    delete_user(context, UserRequest("friends", PERSON), keep_faces=False)


def _expire(context: Context) -> None:
    """Time passes for everybody."""
    set_policy(context, "friends", Policy(keep_faces=30))
    (swept,) = sweep(context, datetime.now(UTC) + timedelta(days=31))
    assert swept.faces == 2
    delete_user(context, UserRequest("friends", PERSON), keep_faces=False)


WAYS: dict[str, tuple[Callable[[Context], object], int, int, str]] = {
    "erase": (lambda context: erase_subject(context, "friends", PERSON), 3, 2, "erase"),
    "delete faces and user": (_delete_both, 3, 2, "delete faces"),
    "delete user with faces": (
        lambda context: delete_user(context, UserRequest("friends", PERSON), keep_faces=False),
        3,
        2,
        "delete user",
    ),
    "withdraw": (
        lambda context: withdraw_consent(context, "friends", PERSON),
        3,
        2,
        "withdraw consent",
    ),
    "expire": (_expire, 2, 3, "purge faces"),
    "delete collection": (
        lambda context: delete_collection(context, "friends"),
        0,
        4,
        "delete collection",
    ),
}
"""How, how many keys are left of two faces', two users' and one to look names up with, how many
faces and users an older backup has lost, and one of the records that it leaves."""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where programs put what is for a moment."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    for name in ("TMPDIR", "SQLITE_TMPDIR"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_left_in_files_and_no_copy_from_before_opens(
    tmp_path: Path, temporary: Path, way: str
) -> None:
    erase, left, dropped, operation = WAYS[way]
    folder, old, shelf = tmp_path / "data", tmp_path / "old", tmp_path / "shelf"
    shelf.mkdir()
    with gallery(folder, folder) as (context, keyring):
        gone = enrol(context.database, 1)
        enrol(context.database, 2)
        pieces = (*pieces_of(context.database, keyring, gone), *traces(1))
        _back_up(context, folder, shelf / "before.tar")
        shutil.copytree(folder, old)
        assert remains(folder, *pieces)
        erase(context)
        assert not remains(folder, *pieces)
        assert not remains(temporary, *pieces)
        assert len(kept(keyring)) == left
        assert operation in {event.operation for event in events(context)}
        _back_up(context, folder, shelf / "after.tar")
    assert not remains(folder, *pieces)
    # the database of before, with today's keys
    for file in old.glob("keys.db*"):
        file.unlink()
    shutil.copy(folder / "keys.db", old)
    with gallery(old, old) as (context, _):
        with pytest.raises(SealError, match="no key in the keyring"):
            vectors(context)
        with (
            reading(context.database) as connection,
            pytest.raises(SealError, match="no key in the keyring"),
        ):
            list_users(connection, "friends")
    # the backup of before, with the keys that lie beside it today
    done = restore(ACTOR, shelf / "before.tar", tmp_path / "new", lambda: _PASSPHRASE, None)
    assert done.dropped == dropped
    assert not remains(tmp_path / "new", *pieces)


def _back_up(context: Context, folder: Path, target: Path) -> None:
    vault = read_vault(folder, None)
    assert vault is not None
    back_up(context, target, Secrets(vault, _PASSPHRASE))


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_left_in_tables_of_postgresql(
    postgres_url: str, tmp_path: Path, way: str
) -> None:
    """In a database of its own, of which all files are read after each checkpoint."""
    location = own_database(postgres_url)
    with gallery(location, tmp_path / "data") as (context, keyring):
        gone = enrol(context.database, 1)
        enrol(context.database, 2)
        pieces = pieces_of(context.database, keyring, gone)
        found = partial(_in_tables, postgres_url, context, *pieces, *traces(1))
        assert found() == set(pieces)
        WAYS[way][0](context)
        assert not found()


def _in_tables(url: str, context: Context, *pieces: bytes) -> set[bytes]:
    as_owner(url, "CHECKPOINT")
    query = text(
        "SELECT current_setting('data_directory') || '/base/' || oid FROM pg_database "
        "WHERE datname = current_database()"
    )
    with reading(context.database) as connection:
        folder = Path(connection.execute(query).scalar_one())
    assert os.listdir(folder)
    return {piece for each in remains(folder, *pieces).values() for piece in each}
