from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete

from contexts import make_context
from reknown.access.vault import Vault
from reknown.biometrics.errors import AccessError, InputError
from reknown.ledger import log
from reknown.ledger.actor import Actor
from reknown.ledger.expiry import expire_records
from reknown.ledger.records import ListUsersRecord
from reknown.ledger.schema import events
from reknown.proofs.reknown_check import Unproven, main, read_checkpoint, read_key, require_cosigned
from reknown.services.proofs.checkpoints import (
    make_checkpoint,
    prove_growth,
    public_key,
    read_checkpoint_file,
)
from reknown.services.proofs.records import export_log, prove_record
from reknown.services.proofs.witness import witness_checkpoint
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.services.context import Context

_VAULT = Vault(bytes(range(32)))


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    database = open_database(tmp_path / "data")
    yield make_context(database)
    database.dispose()


def _sign(context: Context, folder: Path, name: str, records: int = 3) -> Path:
    """A checkpoint in a file, over so many records more."""
    for number in range(records):
        log.record(context.database, Actor("cli:ada"), None, ListUsersRecord(number))
    file = folder / name
    file.write_text(make_checkpoint(context, _VAULT, folder / "data"), encoding="utf-8")
    return file


def _key(context: Context) -> str:
    return public_key(context, _VAULT).key


def test_a_log_that_goes_on_is_signed(context: Context, tmp_path: Path) -> None:
    first, witness = _sign(context, tmp_path, "first"), tmp_path / "witness"
    seen = witness_checkpoint(witness, first, _key(context))
    assert (seen.former_size, seen.size) == (0, 3)
    require_cosigned(read_checkpoint(seen.note), read_key(seen.witness))
    second = _sign(context, tmp_path, "second")
    with pytest.raises(InputError, match="--proof"):
        witness_checkpoint(witness, second)
    proof = tmp_path / "proof"
    proof.write_text(prove_growth(context, first.read_text("utf-8")), encoding="utf-8")
    again = witness_checkpoint(witness, second, proof=proof)
    assert (again.former_size, again.size, again.witness) == (3, 6, seen.witness)
    assert witness_checkpoint(witness, second).size == 6  # the same once more
    with pytest.raises(AccessError, match=r"had 6 records and now has 3.*roots"):
        witness_checkpoint(witness, first)


def test_a_fork_is_refused(context: Context, tmp_path: Path) -> None:
    from reknown.proofs.notes import SigningKey
    from reknown.services.proofs.signing import ledger_key

    first, witness = _sign(context, tmp_path, "first"), tmp_path / "witness"
    found = read_checkpoint(witness_checkpoint(witness, first, _key(context)).note)
    proof = tmp_path / "proof"
    _sign(context, tmp_path, "second")
    proof.write_text(prove_growth(context, first.read_text("utf-8")), encoding="utf-8")
    forged = tmp_path / "forged"
    key = SigningKey(ledger_key(_VAULT))  # by whoever has the master key
    for size, message in ((found.size, "two logs of 3 records"), (6, "do not begin with")):
        note = key.checkpoint(found.origin, size, bytes(32))
        forged.write_text(note, encoding="utf-8")
        with pytest.raises(AccessError, match=message):
            witness_checkpoint(witness, forged, proof=proof)


def test_a_stranger_is_refused(context: Context, tmp_path: Path) -> None:
    first, witness = _sign(context, tmp_path, "first"), tmp_path / "witness"
    with pytest.raises(InputError, match="public key with --key"):
        witness_checkpoint(witness, first)
    from reknown.proofs.notes import SigningKey

    origin = read_checkpoint(first.read_text("utf-8")).origin
    with pytest.raises(AccessError, match="nothing was signed"):
        witness_checkpoint(witness, first, str(SigningKey(bytes(32)).public(origin)))
    assert not (witness / "witness.json").exists()


def test_files_are_checked_with_the_public_key_alone(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = _sign(context, tmp_path, "first")
    _sign(context, tmp_path, "second")
    proof, export, growth = (tmp_path / name for name in ("proof", "log", "growth"))
    proof.write_text(prove_record(context, 2), encoding="utf-8")
    with export.open("wb") as file:
        assert export_log(context, file) == 6
    growth.write_text(prove_growth(context, first.read_text("utf-8")), encoding="utf-8")
    key = ["--key", _key(context)]
    for file_of in (proof, export, growth, first):
        assert main([str(file_of), *key]) == 0
    assert main([str(export), *key, "--earlier", str(first)]) == 0
    capsys.readouterr()
    for file_of in (proof, export):
        text = file_of.read_text("utf-8")
        file_of.write_text(text.replace("cli:ada", "cli:eve", 1), encoding="utf-8")
        assert main([str(file_of), *key]) == 1
        assert "NOT PROVEN" in capsys.readouterr().out
    lines = export.read_text("utf-8").replace("cli:eve", "cli:ada").splitlines(keepends=True)
    for left_out in (lines[:-1], [lines[0], *lines[2:]], [*lines[:2], *lines[:0:-1]]):
        export.write_text("".join(left_out), encoding="utf-8")
        assert main([str(export), *key]) == 1
    growth.write_text(growth.read_text("utf-8").replace('"proof": [', '"proof": ["AAAA",'))
    assert main([str(growth), *key]) == 1
    proof.write_text("{}")
    assert main([str(proof), *key]) == 2


def test_an_exported_log_lacks_no_record_but_those_that_it_says_have_expired(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody who deletes a row of the database hides nothing behind its leaf."""
    _sign(context, tmp_path, "first", records=6)
    with context.database.begin() as connection:
        connection.execute(delete(events).where(events.c.id == 2))
    key, export = ["--key", _key(context)], tmp_path / "log"

    def checked() -> tuple[int, str]:
        with export.open("wb") as file:
            export_log(context, file)
        return main([str(export), *key]), capsys.readouterr().out

    status, said = checked()
    assert status == 1
    assert "record at index 1 is gone, and the log does not say that it has expired" in said
    with context.database.begin() as connection:
        expire_records(connection, Actor("cli:ada"), datetime.now(UTC) + timedelta(days=1))
    _sign(context, tmp_path, "second", records=1)
    status, said = checked()
    assert status == 1
    assert "6 records are gone before index 6, and the log says that 5 have expired" in said


def test_an_exported_log_without_what_has_expired_is_proven(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _sign(context, tmp_path, "first", records=6)
    with context.database.begin() as connection:
        expire_records(connection, Actor("cli:ada"), datetime.now(UTC) + timedelta(days=1))
    _sign(context, tmp_path, "second", records=1)
    export = tmp_path / "log"
    with export.open("wb") as file:
        export_log(context, file)
    assert main([str(export), "--key", _key(context)]) == 0
    assert "All 8 records, 6 of them expired, are those signed" in capsys.readouterr().out


def test_the_ledger_is_no_witness_of_its_own(context: Context, tmp_path: Path) -> None:
    found = read_checkpoint(_sign(context, tmp_path, "first").read_text("utf-8"))
    with pytest.raises(Unproven, match="has not signed"):
        require_cosigned(found, read_key(_key(context)))


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/full"])
def test_what_never_ends_is_no_checkpoint(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{name} has more than 1,048,576 bytes"):
        read_checkpoint_file(Path(name))
    with pytest.raises(InputError, match=f"{name} has more than"):
        witness_checkpoint(tmp_path / "witness", Path(name), None, None)
