"""A keyring in another place than the galleries: found there, moved there, told from others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import select

from contexts import events
from postgres_server import as_owner, files_of, own_database
from reknown.biometrics.errors import DatabaseError, InputError
from reknown.gallery.faces import delete_faces
from reknown.gallery.templates import load_templates
from reknown.ledger.actor import Actor
from reknown.ledger.records import MoveKeyringRecord
from reknown.sealing.schema import record_keys
from reknown.services.key_checks import KeyChecks
from reknown.services.moving import move_keyring
from reknown.storage.database import reading
from remains import enrol, remains, unit
from sealed_galleries import gallery, place

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.services.context import Context

_ACTOR = Actor("cli:tester")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def _vectors(context: Context) -> np.ndarray:
    with reading(context.database) as connection:
        return load_templates(connection, "friends").vectors


def test_keys_do_not_move_to_where_they_are(location: str, folder: Path, tmp_path: Path) -> None:
    """Under another name that would destroy them."""
    with gallery(location, folder) as (context, _):
        enrol(context.database, 1)
    same = f"{location}&application_name=other"
    if "://" not in location:
        same = str(tmp_path / "link")
        (tmp_path / "link").symlink_to(folder)
    with pytest.raises(InputError, match="there already"):
        move_keyring(_ACTOR, place(location), None, place(location), place(same))
    with gallery(location, folder) as (context, _):
        assert len(_vectors(context)) == 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_keys_move_to_another_place_and_back(
    location: str, folder: Path, tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    other = str(tmp_path / "elsewhere")
    if kind == "postgresql":
        other = own_database(request.getfixturevalue("postgres_url"))
    with gallery(location, folder) as (context, keyring):
        enrol(context.database, 1)
        (key,) = keyring.find([max(keyring.numbers(1, 10))]).values()
        assert key
    here, there = place(location), place(other)
    for _ in range(2):  # the second time after the first was cut off before its record
        assert move_keyring(_ACTOR, here, None, here, there) == 3
    empty = pytest.raises(DatabaseError, match="name its place with --keyring")
    with empty, gallery(location, folder):
        pass
    with gallery(location, folder, keys=other) as (context, keyring):
        assert np.array_equal(_vectors(context), [unit(1)])
        assert isinstance(events(context)[-1].record, MoveKeyringRecord)
        enrol(context.database, 2)
        assert KeyChecks(here, there).keys().startswith("5, 0 of them")
    assert move_keyring(_ACTOR, here, None, there, here) == 5
    with gallery(location, folder) as (context, _):
        assert len(_vectors(context)) == 2


def test_keys_that_have_moved_are_in_no_file_of_the_server(
    postgres_url: str, folder: Path, tmp_path: Path
) -> None:
    url = own_database(postgres_url)
    with gallery(url, folder) as (context, keyring):
        enrol(context.database, 1)
        with reading(keyring.store) as connection:
            keys = [*map(bytes, connection.execute(select(record_keys.c.wrapped)).scalars())]
        tables = files_of(context.database)
    as_owner(postgres_url, "CHECKPOINT")
    assert sum(map(len, remains(tables, *keys).values())) == len(keys) == 3
    move_keyring(_ACTOR, place(url), None, place(url), tmp_path / "elsewhere")
    as_owner(postgres_url, "CHECKPOINT")
    assert not remains(tables, *keys)


def test_a_thief_of_the_data_folder_has_no_key(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    with gallery(folder, folder, keys=elsewhere) as (context, _):
        enrol(context.database, 1)
    assert not (folder / "keys.db").exists()
    assert (elsewhere / "keys.db").stat().st_mode & 0o77 == 0
    assert not remains(folder, unit(1).tobytes())


def test_a_gallery_does_not_take_the_keyring_of_another(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with gallery(tmp_path / "one", tmp_path / "one", keys=shared) as (context, _):
        enrol(context.database, 1)
    other = pytest.raises(DatabaseError, match="that of another gallery")
    with other, gallery(tmp_path / "two", tmp_path / "two", keys=shared):
        pass
    with gallery(tmp_path / "two", tmp_path / "two") as (context, _):
        enrol(context.database, 2)
    two = tmp_path / "two"
    with pytest.raises(InputError, match="keys of another gallery"):
        move_keyring(_ACTOR, two, None, two, shared)
    with gallery(tmp_path / "one", tmp_path / "one", keys=shared) as (context, _):
        assert len(_vectors(context)) == 1


def test_doctor_counts_what_does_not_fit(folder: Path, tmp_path: Path) -> None:
    checks = KeyChecks(folder, folder)
    assert checks.keys() == "none yet"
    with gallery(folder, folder) as (context, keyring):
        ids = [enrol(context.database, number) for number in range(3)]
        keyring.grant(1, 2)
    assert checks.keys() == "9, 2 of them without a record"
    old = (folder / "reknown.db").read_bytes()
    with gallery(folder, folder) as (context, _), context.database.begin() as connection:
        delete_faces(connection, "friends", ids[:2])
    (folder / "reknown.db").write_bytes(old)
    with pytest.raises(DatabaseError, match="of 2 faces the keys"):
        checks.keys()
