from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, delete, func, select, text, update

from postgres_server import own_database
from reknown.access import keys
from reknown.access.rights import ALL
from reknown.access.vault import Vault, read_vault, write_key
from reknown.biometrics.errors import AccessError, DatabaseError, InputError
from reknown.gallery.collections import get_collection
from reknown.gallery.faces import delete_faces
from reknown.gallery.schema import collections, deleted_faces, faces, users
from reknown.gallery.users import create_user
from reknown.ledger import log
from reknown.ledger.actor import Actor
from reknown.ledger.records import AdoptMasterKeyRecord, MigrateRecord
from reknown.services.access import check_secrets
from reknown.services.moving import move
from reknown.storage.database import open_database, reading
from reknown.storage.moving import copying, places
from reknown.storage.moving.tables import sequences
from reknown.storage.server import ServerAddress
from servers import REKNOWN
from unit.plans import filling
from unit.plans.filling import COLLECTION, face_id, user

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from reknown.services.moving import Location, Moved

_ACTOR = Actor("tester")
_DELETED = 50
_NAME_OF_17 = "SELECT name_key FROM users WHERE id = 17"
_FEW = {"FACES": 600, "OF_USERS": 400, "_OTHER_FACES": 200, "_ROWS": 200, "_EMPTY_COLLECTIONS": 30}


@pytest.fixture(autouse=True)
def _who_leaves_may_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a server takes seconds to see that a connection has ended."""
    monkeypatch.setattr(places, "_PATIENCE", 60.0)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with rows in all tables, after deletions, and with an access key."""
    folder = tmp_path_factory.mktemp("original") / "data"
    database = open_database(folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, count in _FEW.items():
            patch.setattr(filling, name, count)
        filling.fill(database)
    vault = Vault(bytes(range(32)))
    write_key(folder / "master.key", vault)
    with database.begin() as connection:
        connection.execute(text("DELETE FROM access_keys"))
        log.append(connection, _ACTOR, None, AdoptMasterKeyRecord(vault.fingerprint))
        keys.create_key(connection, vault, "gate", ALL)
        # the last keys of faces and users were given out and are gone
        gone = [face_id(_FEW["FACES"] - 1 - number) for number in range(_DELETED)]
        assert delete_faces(connection, COLLECTION, gone) == set(gone)
        newest = select(func.max(users.c.id)).scalar_subquery()
        connection.execute(delete(users).where(users.c.id == newest))
        assert create_user(connection, COLLECTION, "Zoë \U0001f600 ́")
    database.dispose()
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(original, tmp_path / "source"))


@pytest.fixture
def server(postgres_url: str) -> ServerAddress:
    """An empty database."""
    return ServerAddress(own_database(postgres_url))


@pytest.fixture(params=["to a server", "to a folder"])
def both_ways(
    request: pytest.FixtureRequest, folder: Path, server: ServerAddress, tmp_path: Path
) -> tuple[Location, Location]:
    """The same rows in the first one; the second is empty. The key is in `folder`."""
    if request.param == "to a server":
        return folder, server
    move(_ACTOR, folder, server, (folder, None))
    return server, tmp_path / "target"


def asked(place: Location, ask: Callable[[Connection], Any]) -> Any:
    database = open_database(place)
    try:
        with reading(database) as connection:
            return ask(connection)
    finally:
        database.dispose()


def dump(folder: Path) -> list[str]:
    connection = sqlite3.connect(folder / "reknown.db")
    lines = list(connection.iterdump())
    connection.close()
    return lines


def digests(moved: Moved, *without: str) -> dict[str, str]:
    return {table.name: table.target_digest for table in moved.tables if table.name not in without}


def test_all_rows_come_to_the_server_and_back(
    folder: Path, server: ServerAddress, tmp_path: Path
) -> None:
    before, back = dump(folder), tmp_path / "back"
    there = move(_ACTOR, folder, server, (folder, None))
    assert dump(folder) == before
    assert there.rows > 6_000
    assert all(table.source_digest == table.target_digest for table in there.tables)
    assert there.key_file == folder / "master.key"
    again = move(_ACTOR, server, back, (folder, None))
    # the ledger has grown by the line which says that it was moved
    grown = ("events", "ledger_leaves", "ledger_heads", "ledger_checkpoints")
    assert digests(again, *grown) == digests(there, *grown)
    # the record, its leaf and a checkpoint
    assert again.rows == there.rows + 3
    assert again.key_file == back / "master.key"
    vault = read_vault(back, None)
    assert vault is not None
    for place, moved in ((server, there), (back, again)):
        asked(place, lambda connection: check_secrets(connection, vault))
        kind: Any = "sqlite" if moved is there else "postgresql"
        (last,) = asked(place, lambda c: log.read(c, after=log.newest(c, log.EVERYTHING, 1)))
        assert last.record == MigrateRecord(kind, moved.rows, moved.sha256)
    given = [asked(place, sequences) for place in (folder, server, back)]
    assert given[0]["faces"] == given[1]["faces"] == given[2]["faces"]
    assert [{**each, "events": 0} for each in given] == 3 * [{**given[0], "events": 0}]


def test_counts_and_triggers_go_on_as_before(both_ways: tuple[Location, Location]) -> None:
    source, target = both_ways

    def counts(connection: Connection) -> tuple[int, int, int]:
        found = get_collection(connection, COLLECTION)
        noted = connection.execute(select(func.count()).select_from(deleted_faces)).scalar_one()
        return found.faces, found.users, noted

    secrets = _folder(*both_ways), None
    before = asked(source, counts)
    move(_ACTOR, source, target, secrets)
    assert asked(target, counts) == before
    database = open_database(target)
    last = asked(source, sequences)
    with database.begin() as connection:
        assert delete_faces(connection, COLLECTION, [face_id(0), face_id(1)])
        create_user(connection, COLLECTION, "new")
        assert counts(connection) == (before[0] - 2, before[1] + 1, before[2] + 2)
        key = connection.execute(select(users.c.id).where(users.c.name_key == "new")).scalar_one()
        assert key == last["users"] + 1
        kept = connection.execute(
            select(collections.c.face_count).where(collections.c.name == COLLECTION)
        ).scalar_one()
        real = connection.execute(
            select(func.count())
            .select_from(faces.join(collections))
            .where(collections.c.name == COLLECTION)
        ).scalar_one()
        assert kept == real == before[0] - 2
    database.dispose()


def test_a_move_that_was_killed_goes_on_and_finds_what_was_changed_meanwhile(
    both_ways: tuple[Location, Location],
) -> None:
    source, target = both_ways
    _kill(source, target, _folder(*both_ways))
    with pytest.raises(DatabaseError, match="run it again"):
        open_database(target)
    name = asked(source, lambda c: c.execute(text(_NAME_OF_17)).scalar_one())
    _change(target, "UPDATE users SET name_key = 'Mallory' WHERE id = 17")
    _change(target, "DELETE FROM collection_tags WHERE collection_id = 5")
    with pytest.raises(DatabaseError) as raised:
        move(_ACTOR, source, target, (_folder(*both_ways), None))
    told = str(raised.value)
    assert "not the same, and the target stays closed" in told
    assert "users: 1 of 800 rows, such as row 17 has another name_key" in told
    assert "collection_tags: 1 of 32 rows, such as row 5, kind is missing" in told
    assert "Mallory" not in told
    with pytest.raises(DatabaseError, match="run it again"):
        open_database(target)
    _change(target, f"UPDATE users SET name_key = '{name}' WHERE id = 17")
    _change(target, "INSERT INTO collection_tags VALUES (5, 'kind', 'empty')")
    done = _run(source, target, _folder(*both_ways))
    assert done.returncode == 0, done.stderr
    *tables, total = [json.loads(line) for line in done.stdout.splitlines() if "rows" in line]
    assert total["rows"] == sum(table["rows"] for table in tables) > 6_000


def test_a_move_that_was_cut_off_within_a_table_copies_no_row_twice(
    both_ways: tuple[Location, Location], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = both_ways
    monkeypatch.setattr(copying, "_ROWS", 100)
    copied: list[tuple[str, int]] = []

    def until(stage: str, table: str, rows: int) -> None:
        if stage == "copy" and rows:
            copied.append((table, rows))
            if copied[-1] == ("faces", 100) and copied.count(("faces", 100)) == 3:
                raise TimeoutError

    secrets = _folder(*both_ways), None
    with pytest.raises(TimeoutError):
        move(_ACTOR, source, target, secrets, until)
    moved = move(_ACTOR, source, target, secrets, until)
    counted = sum(rows for _, rows in copied)
    assert counted == moved.rows


def test_what_changed_in_the_source_after_the_first_attempt_is_found(
    folder: Path, server: ServerAddress
) -> None:
    _kill(folder, server, folder)
    database = open_database(folder)
    with database.begin() as connection:
        connection.execute(update(users).where(users.c.name_key == user(3)).values(urls="[]"))
    database.dispose()
    with pytest.raises(DatabaseError, match=r"written to after a first attempt[\s\S]*users: 2 of"):
        move(_ACTOR, folder, server, (folder, None))


def test_a_source_in_use_is_refused(
    both_ways: tuple[Location, Location], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = both_ways
    monkeypatch.setattr(places, "_PATIENCE", 0.1)
    user = open_database(source)
    with reading(user) as connection:
        get_collection(connection, COLLECTION)
    # it stays connected, as a server that waits for requests does
    with pytest.raises(DatabaseError, match="is in use: stop the servers"):
        move(_ACTOR, source, target, (_folder(*both_ways), None))
    user.dispose()


def test_a_target_that_another_move_fills_is_refused(
    both_ways: tuple[Location, Location], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = both_ways
    monkeypatch.setattr(places, "_PATIENCE", 0.1)
    keys_in = _folder(*both_ways)
    with places.target(target), pytest.raises(DatabaseError, match="is in use: stop the servers"):
        move(_ACTOR, source, target, (keys_in, None))
    assert move(_ACTOR, source, target, (keys_in, None)).rows > 6_000


def test_who_leaves_within_a_moment_is_waited_for(folder: Path, server: ServerAddress) -> None:
    user = open_database(server)
    threading.Timer(0.5, user.dispose).start()
    assert move(_ACTOR, folder, server, (folder, None)).rows > 6_000


def test_a_vacuum_of_the_server_is_waited_for(
    folder: Path, server: ServerAddress, tmp_path: Path
) -> None:
    move(_ACTOR, folder, server, (folder, None))
    vacuum = create_engine(server.url)
    with vacuum.connect() as connection:
        # the lock that one takes
        connection.execute(text("LOCK TABLE jobs IN SHARE UPDATE EXCLUSIVE MODE"))
        threading.Timer(0.5, connection.rollback).start()
        assert move(_ACTOR, server, tmp_path / "back", (folder, None)).rows > 6_000
    vacuum.dispose()


def test_a_target_with_anything_in_it_or_for_another_source_is_refused(
    folder: Path, server: ServerAddress, tmp_path: Path, empty_folder: Path
) -> None:
    other = Path(shutil.copytree(empty_folder, tmp_path / "other"))
    database = open_database(other)
    with database.begin() as connection:
        log.append(connection, _ACTOR, None, AdoptMasterKeyRecord("ab" * 32))
    database.dispose()
    with pytest.raises(InputError, match="holds events already"):
        move(_ACTOR, folder, other, (folder, None))
    with pytest.raises(InputError, match="the same"):
        move(_ACTOR, folder, folder, (folder, None))
    with pytest.raises(InputError, match="no gallery"):
        move(_ACTOR, tmp_path / "nowhere", server, (folder, None))
    with pytest.raises(InputError, match="no gallery"):
        move(_ACTOR, server, tmp_path / "new", (folder, None))
    _kill(folder, server, folder)
    with pytest.raises(InputError, match="from another database"):
        move(_ACTOR, other, server, (other, None))


def test_the_master_key_has_to_be_that_of_the_access_keys(
    folder: Path, server: ServerAddress
) -> None:
    (folder / "master.key").unlink()
    with pytest.raises(AccessError, match="the master key of this database is neither"):
        move(_ACTOR, folder, server, (folder, None))
    with pytest.raises(AccessError, match="cannot be opened"):
        move(_ACTOR, folder, server, (folder, Vault(bytes(32)).export()))
    moved = move(_ACTOR, folder, server, (folder, Vault(bytes(range(32))).export()))
    assert moved.key_file is None


def test_text_that_a_server_cannot_keep_is_named(folder: Path, server: ServerAddress) -> None:
    database = open_database(folder)
    with database.begin() as connection:
        connection.execute(update(users).where(users.c.id == 5).values(name_key="a\0b"))
    database.dispose()
    with pytest.raises(InputError, match=r"users: the name_key of row 5 holds a zero character"):
        move(_ACTOR, folder, server, (folder, None))


def _folder(source: Location, target: Location) -> Path:
    """Where the master key is."""
    return source if isinstance(source, Path) else Path(str(target)).with_name("source")


def _command(source: Location, target: Location, keys_in: Path) -> list[str]:
    places = [place if isinstance(place, Path) else place.url for place in (source, target)]
    words = ["--from", str(places[0]), "--to", str(places[1]), "--data", str(keys_in), "--json"]
    return [str(REKNOWN), "migrate", *words]


def _run(source: Location, target: Location, keys_in: Path) -> subprocess.CompletedProcess[str]:
    command = _command(source, target, keys_in)
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def _kill(source: Location, target: Location, keys_in: Path) -> None:
    """In the middle of the faces, perhaps of a portion."""
    command = _command(source, target, keys_in)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line) == {"stage": "copy", "table": "faces"}:
            break
    process.send_signal(signal.SIGKILL)
    assert process.wait(30) == -signal.SIGKILL
    process.stdout.close()


def _change(target: Location, statement: str) -> None:
    """By somebody who does not care."""
    if isinstance(target, Path):
        connection = sqlite3.connect(target / "reknown.db")
        connection.execute(statement)
        connection.commit()
        connection.close()
        return
    from psycopg import connect

    with connect(target.url) as server:
        server.execute(statement.encode())
