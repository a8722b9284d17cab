from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import sqlite3
import sys
import tarfile
from contextlib import closing
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

import old_galleries
from contexts import ACTOR, events, make_context
from reknown.access.rights import ALL
from reknown.access.vault import Vault, read_vault
from reknown.biometrics.errors import AccessError, DatabaseError, InputError, ReknownError
from reknown.ledger.records import RestoreRecord
from reknown.services import access
from reknown.services.backups.backup import Secrets, back_up
from reknown.services.backups.restore import KnownLedger, check_backup, restore
from reknown.services.proofs.signing import Signing, sign_with, signing_for
from reknown.storage.database import SCHEMA_VERSION, Database, close_database, open_database
from reknown.watches import events as live
from unit.services.backups.conftest import PASSPHRASE
from unit.watches.live_events import arrival

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


FLIPS = 150
# Calls that read and change files; the later ones put things in place.
_CALLS = {"open", "os.mkdir", "os.link", "os.remove", "os.rmdir", "os.chmod"}
_STEPS = (2, 5, *range(9, 18))


def _ask() -> str:
    return PASSPHRASE


def _rows(file: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute(_TABLES)]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}


_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"


def test_all_is_there_again(backup: Path, tmp_path: Path, vault: Vault) -> None:
    new = tmp_path / "elsewhere" / "data"
    found = restore(ACTOR, backup, new, _ask, None)
    assert sorted(path.name for path in new.iterdir()) == ["master.key", "reknown.db"]
    modes = {path.stat().st_mode & 0o777 for path in new.iterdir()}
    assert (new.stat().st_mode & 0o777, modes) == (0o700, {0o600})
    restored = read_vault(new, None)
    assert restored is not None
    assert restored.fingerprint == vault.fingerprint
    assert found.manifest.counts.collections == 1
    then, now = _rows(tmp_path / "data" / "reknown.db"), _rows(new / "reknown.db")
    *before, backed_up = then.pop("events")
    *kept, record = now.pop("events")
    assert kept == before
    assert (backed_up[3], record[3]) == ("back up", "restore")
    for table in (
        "sqlite_sequence",
        "ledger_leaves",
        "ledger_heads",
        "ledger_checkpoints",
        "live_sequence",
    ):
        then.pop(table), now.pop(table)  # of the ledger, as well; and what goes on elsewhere
    assert now == then
    database = open_database(new)
    again = make_context(database)
    access.check_vault(database, restored)
    assert events(again)[-1].record == RestoreRecord(found.sha256, found.manifest.taken_at, True)
    database.dispose()


def test_no_event_gets_a_number_that_another_had_after_the_backup(
    backup: Path, tmp_path: Path
) -> None:
    def append(data: Path) -> int:
        database = open_database(data)
        with database.begin() as connection:
            number = live.append(connection, arrival())
        close_database(database)
        return number

    numbers = [append(tmp_path / "data")]
    for name in ("once", "again"):
        restore(ACTOR, backup, tmp_path / name, _ask, None)
        numbers.append(append(tmp_path / name))
    assert numbers == sorted(set(numbers))
    assert numbers[-1] < 2**53  # what JavaScript counts to


def test_a_backup_of_an_older_version_is_migrated(backup: Path, tmp_path: Path) -> None:
    parts = _parts(backup)
    with old_galleries.schema(tmp_path / "old", "0006") as connection:
        assert connection.execute(text("SELECT count(*) FROM tracks")).scalar_one() == 0
    del parts["master.key.json"]
    manifest = json.loads(parts["manifest.json"])
    manifest |= {"schema": "0006", "master_key": False}
    manifest["counts"] = dict.fromkeys(manifest["counts"], 0)
    database = (tmp_path / "old" / "reknown.db").read_bytes()
    changed = {"manifest.json": json.dumps(manifest).encode(), "reknown.db": database}
    old = _write(tmp_path / "old.tar", parts | changed)
    found = restore(ACTOR, old, tmp_path / "new", None, None)
    assert found.manifest.schema == "0006"
    with closing(sqlite3.connect(tmp_path / "new" / "reknown.db")) as connection:
        (version,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert version == SCHEMA_VERSION


def test_a_check_writes_nothing(backup: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    found = check_backup(backup, _ask)
    assert found.manifest.counts.access_keys == 1
    assert check_backup(backup, None) == found
    with pytest.raises(AccessError, match="passphrase"):
        check_backup(backup, lambda: "another passphrase")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_wrong_passphrase_leaves_nothing(backup: Path, tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="passphrase"):
        restore(ACTOR, backup, tmp_path / "new", lambda: "another passphrase", None)
    assert not (tmp_path / "new").exists()


def test_without_the_key_the_secrets_stay_sealed(backup: Path, tmp_path: Path) -> None:
    restore(ACTOR, backup, tmp_path / "new", None, None)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["reknown.db"]


def test_a_folder_in_use_is_left_alone(backup: Path, tmp_path: Path) -> None:
    def state() -> dict[Path, bytes]:
        files = (path for path in tmp_path.rglob("*") if path.is_file())
        return {path: path.read_bytes() for path in files}

    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    before = state()
    with pytest.raises(InputError, match=r"not empty.* reknown\.db"):
        restore(ACTOR, backup, tmp_path / "data", _ask, None)
    with pytest.raises(InputError, match=r"not empty.* notes\.txt"):
        restore(ACTOR, backup, tmp_path / "other", _ask, None)
    assert state() == before


def test_an_empty_folder_becomes_private(backup: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    (new / "lost+found").mkdir(parents=True)
    new.chmod(0o755)
    restore(ACTOR, backup, new, _ask, None)
    assert new.stat().st_mode & 0o777 == 0o700


def test_a_master_key_that_is_there_has_to_be_the_one(
    backup: Path, tmp_path: Path, vault: Vault
) -> None:
    other = Vault(bytes(32))
    for name, key in (("same", vault), ("other", other)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "master.key").touch(mode=0o600)
        (tmp_path / name / "master.key").write_text(key.export())
    restore(ACTOR, backup, tmp_path / "same", _ask, None)
    with pytest.raises(AccessError, match="not the master key of this backup"):
        restore(ACTOR, backup, tmp_path / "other", _ask, None)
    with pytest.raises(AccessError, match="master key"):
        restore(ACTOR, backup, tmp_path / "other", None, None)
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["master.key"]
    with pytest.raises(AccessError, match="REKNOWN_MASTER_KEY"):
        restore(ACTOR, backup, tmp_path / "given", _ask, other.export())
    restore(ACTOR, backup, tmp_path / "given", _ask, vault.export())
    assert [path.name for path in (tmp_path / "given").iterdir()] == ["reknown.db"]


def test_a_damaged_backup_is_refused_wherever_it_is_damaged(backup: Path, tmp_path: Path) -> None:
    whole, chance, new = backup.read_bytes(), random.Random(5), tmp_path / "new"
    places = [chance.randrange(len(whole)) for _ in range(FLIPS)]
    with tarfile.open(backup) as archive:  # and where it is not a matter of the database's digest
        for member in archive.getmembers():
            if member.name != "reknown.db":
                end = member.offset_data + member.size + 600
                places += [chance.randrange(member.offset, end) for _ in range(20)]
    damaged = [_flipped(whole, place % len(whole), chance) for place in places]
    damaged += [whole[: chance.randrange(len(whole))] for _ in range(30)]
    damaged += [b"", whole[:-1], whole[:-512], whole + b"\0", whole + whole]
    file = tmp_path / "damaged.tar"
    for content in damaged:
        file.write_bytes(content)
        with pytest.raises(InputError, match="take another one"):
            restore(ACTOR, file, new, _ask, None)
        assert not new.exists()


def _flipped(whole: bytes, place: int, chance: random.Random) -> bytes:
    return whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :]


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "", "absent"):
        with pytest.raises(InputError, match="give a backup"):
            check_backup(tmp_path / name, None)


def _parts(backup: Path) -> dict[str, bytes]:
    with tarfile.open(backup) as archive:
        files = {member.name: archive.extractfile(member) for member in archive}
        return {name: file.read() for name, file in files.items() if file is not None}


def _write(file: Path, parts: dict[str, bytes]) -> Path:
    """A backup with right digests, as a stranger would make one."""
    content = BytesIO()
    parts = {name: part for name, part in parts.items() if name != "SHA256SUMS"}
    sums = "".join(f"{hashlib.sha256(part).hexdigest()}  {name}\n" for name, part in parts.items())
    for name, part in (parts | {"SHA256SUMS": sums.encode()}).items():
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(part), 0o600
        content.write(info.tobuf(tarfile.GNU_FORMAT) + part + bytes(-len(part) % 512))
    file.write_bytes(content.getvalue() + bytes(1024))
    return file


def _changed(backup: Path, file: Path, statement: str) -> Path:
    """The backup with another database in it."""
    parts, database = _parts(backup), file.with_suffix(".db")
    database.write_bytes(parts["reknown.db"])
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(statement)
    return _write(file, parts | {"reknown.db": database.read_bytes()})


def test_who_lacks_the_passphrase_cannot_change_what_is_sealed(
    backup: Path, tmp_path: Path
) -> None:
    same = _write(tmp_path / "same.tar", _parts(backup))
    assert same.read_bytes() == backup.read_bytes()
    forged = _changed(backup, tmp_path / "forged.tar", "UPDATE access_keys SET rights = '{}'")
    with pytest.raises(AccessError, match="somebody without it"):
        restore(ACTOR, forged, tmp_path / "new", _ask, None)
    assert not (tmp_path / "new").exists()


HOSTILE = {
    "a trigger": (
        "CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM faces; END",
        "did not write",
    ),
    "a trigger of ours that does more": (
        "DROP TRIGGER users_subject; CREATE TRIGGER users_subject AFTER INSERT ON users "
        "BEGIN DELETE FROM faces; END",
        "did not write",
    ),
    "a view": ("CREATE VIEW v AS SELECT 1", "did not write"),
    "a missing table": ("DROP TABLE faces", "damaged"),
    "more than it says": (
        "INSERT INTO events (at, actor, operation, detail) VALUES ('', '', '', '{}')",
        "what the manifest says",
    ),
    "another schema": ("UPDATE alembic_version SET version_num = '0001'", "not of the schema"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_database_that_is_not_ours_is_refused(backup: Path, tmp_path: Path, kind: str) -> None:
    statement, reason = HOSTILE[kind]
    file = _changed(backup, tmp_path / "hostile.tar", statement)
    with pytest.raises(InputError, match=reason):
        restore(ACTOR, file, tmp_path / "new", None, None)
    assert not (tmp_path / "new").exists()


MANIFESTS: dict[str, tuple[Callable[[bytes], bytes], type[ReknownError]]] = {
    "no JSON": (lambda _: b"{", InputError),
    "nested deeply": (lambda _: b"[" * 60_000, InputError),
    "a newer form": (lambda _: b'{"format": 2}', DatabaseError),
    "a newer schema": (
        lambda manifest: manifest.replace(SCHEMA_VERSION.encode(), b"9999"),
        DatabaseError,
    ),
    "a version with controls": (
        lambda manifest: manifest.replace(b'"reknown": "', b'"reknown": "\\u001b[2J'),
        InputError,
    ),
    "no key though it is there": (
        lambda manifest: manifest.replace(b'"master_key": true', b'"master_key": false'),
        InputError,
    ),
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_manifest_that_makes_no_sense_is_refused(backup: Path, tmp_path: Path, kind: str) -> None:
    parts = _parts(backup)
    change, error = MANIFESTS[kind]
    manifest = change(parts["manifest.json"])
    assert manifest != parts["manifest.json"]
    file = _write(tmp_path / "odd.tar", parts | {"manifest.json": manifest})
    with pytest.raises(error):
        restore(ACTOR, file, tmp_path / "new", None, None)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "name", ["../../reknown.db", "/etc/passwd", "reknown.db\0", "other", "./reknown.db"]
)
def test_no_name_in_a_backup_is_a_path(backup: Path, tmp_path: Path, name: str) -> None:
    parts = _parts(backup)
    renamed = {name if part == "reknown.db" else part: body for part, body in parts.items()}
    file = _write(tmp_path / "odd.tar", renamed)
    if name == "reknown.db\0":  # tar ends names there: the same again
        assert file.read_bytes()[:512] == backup.read_bytes()[:512]
        return
    with pytest.raises(InputError, match=r"reknown\.db is not there"):
        restore(ACTOR, file, tmp_path / "new", _ask, None)


@pytest.mark.parametrize("size", [2**62, 2**33, -1])
def test_a_size_is_not_believed(backup: Path, tmp_path: Path, size: int) -> None:
    whole = bytearray(backup.read_bytes())
    info = tarfile.TarInfo("manifest.json")
    info.size, info.mode = size, 0o600
    whole[:512] = info.tobuf(tarfile.GNU_FORMAT)
    (tmp_path / "odd.tar").write_bytes(whole)
    with pytest.raises(InputError, match="impossible size"):
        check_backup(tmp_path / "odd.tar", None)


@pytest.mark.parametrize("steps", _STEPS)
def test_cut_off_anywhere_it_leaves_all_or_nothing_and_can_be_done_again(
    backup: Path, tmp_path: Path, steps: int
) -> None:
    new = tmp_path / "new"
    child = os.fork()
    if not child:
        _die_after(steps, new)
        code = 1
        try:
            restore(ACTOR, backup, new, _ask, None)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    done = os.waitstatus_to_exitcode(status)
    assert done in (0, 77)
    if (new / "reknown.db").exists():
        assert (new / "master.key").exists()
        restored = read_vault(new, None)
        database = open_database(new)
        assert restored is not None
        access.check_vault(database, restored)
        database.dispose()
    else:
        assert done == 77
        restore(ACTOR, backup, new, _ask, None)
        assert sorted(path.name for path in new.iterdir()) == ["master.key", "reknown.db"]


def _die_after(steps: int, folder: Path) -> None:
    """Ends this process, without any cleaning up, before that call on the folder's files."""
    left, place = steps, str(folder)

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in _CALLS and any(str(each).startswith(place) for each in arguments):
            left -= 1
            if left == 0:
                os._exit(77)

    sys.addaudithook(watch)


def _signed(data: Path) -> tuple[Database, Signing]:
    """The database of a data folder, as a process opens it that signs the ledger."""
    database = open_database(data)
    signing = signing_for(data, lambda: None)
    sign_with(database, signing)
    return database, signing


def _back_up(data: Path, target: Path, change: str | None = None) -> Path:
    """A backup with one more record, once this statement was carried out past Reknown."""
    database, signing = _signed(data)
    vault = read_vault(data, None)
    assert vault is not None
    context = make_context(database)
    access.create_key(context, vault, target.name, ALL)
    if change is not None:
        with database.begin() as connection:
            connection.execute(text(change))
    back_up(context, target, Secrets(vault, PASSPHRASE))
    signing.close(database)
    close_database(database)
    return target


def test_a_restore_says_that_its_ledger_is_whole(backup: Path, tmp_path: Path) -> None:
    file = _back_up(tmp_path / "data", tmp_path / "signed.tar")
    found = restore(ACTOR, file, tmp_path / "new", _ask, None)
    assert found.records
    assert not found.faults
    assert check_backup(file, _ask).records == found.records
    assert found.records > check_backup(backup, _ask).records


def test_a_backup_whose_ledger_was_changed_is_restored_only_when_told(
    backup: Path, tmp_path: Path
) -> None:
    change = "UPDATE events SET actor = 'cli:mallory' WHERE id = 1"
    file = _back_up(backup.parent / "data", tmp_path / "changed.tar", change)
    new = tmp_path / "new"
    with pytest.raises(InputError, match="is not what was signed"):
        check_backup(file, _ask)
    with pytest.raises(InputError, match="is not what was signed"):
        restore(ACTOR, file, new, _ask, None)
    assert not new.exists()
    found = restore(ACTOR, file, new, _ask, None, known=KnownLedger(anyway=True))
    assert found.faults
    database, _ = _signed(new)
    (record,) = [
        event.record for event in events(make_context(database)) if event.operation == "restore"
    ]
    assert isinstance(record, RestoreRecord)
    assert record.faults == found.faults
    close_database(database)


def test_a_backup_that_is_older_than_what_is_known_is_restored_only_when_told(
    backup: Path, tmp_path: Path
) -> None:
    data, new = backup.parent / "data", tmp_path / "new"
    old = _back_up(data, tmp_path / "old.tar")
    _back_up(data, tmp_path / "newer.tar")
    new.mkdir()
    shutil.copy(data / "ledger.checkpoints", new)
    with pytest.raises(InputError, match="older than what is known"):
        restore(ACTOR, old, new, _ask, None)
    note = tmp_path / "checkpoint"
    note.write_text(json.loads((data / "ledger.checkpoints").read_text().splitlines()[-1])["note"])
    with pytest.raises(InputError, match="older than what is known"):
        check_backup(old, _ask, known=KnownLedger((note,)))
    assert not check_backup(old, _ask).faults
    assert sorted(path.name for path in new.iterdir()) == ["ledger.checkpoints"]
    assert restore(ACTOR, old, new, _ask, None, known=KnownLedger(anyway=True)).faults
