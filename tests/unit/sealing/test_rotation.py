"""The master key and the keys of collections change while others go on, or are cut off."""

from __future__ import annotations

import json
import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import select

from contexts import events
from reknown.access.rights import ALL
from reknown.access.vault import Vault, read_vault
from reknown.biometrics.errors import AccessError, InputError
from reknown.gallery.collections import create_collection
from reknown.gallery.templates import load_templates
from reknown.ledger import log
from reknown.ledger.records import AdoptMasterKeyRecord, RotateKeyringRecord
from reknown.ledger.tree import read_head
from reknown.proofs.reknown_check import main, read_checkpoint, read_key, require_signed
from reknown.sealing import rotating
from reknown.sealing.rotating import waiting_keys
from reknown.sealing.schema import collection_keys
from reknown.services import access, rotation
from reknown.services.proofs.checkpoints import public_key
from reknown.services.proofs.signing import sign_with, signing_for
from reknown.services.proofs.verification import LedgerEvidence, verify_ledger
from reknown.services.rotation import rotate_keys
from reknown.storage.database import reading
from remains import SPACE, enrol, remains, unit
from sealed_galleries import gallery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reknown.sealing.keyring import Keyring
    from reknown.services.context import Context


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@contextmanager
def house(
    location: str, folder: Path, secret: str | None = None
) -> Iterator[tuple[Context, Keyring]]:
    """A gallery whose ledger is signed, as the platform opens it."""
    with gallery(location, folder, secret=secret) as (context, keyring):
        signing = signing_for(folder, lambda: secret)
        sign_with(context.database, signing)
        yield context, keyring
        signing.close(context.database)


def _vectors(context: Context) -> list[list[float]]:
    with reading(context.database) as connection:
        return sorted(load_templates(connection, "friends").vectors.tolist())


def _units(*numbers: int) -> list[list[float]]:
    return sorted(np.asarray([unit(number) for number in numbers]).tolist())


def _own(folder: Path) -> Vault:
    found = read_vault(folder, None)
    assert found is not None
    return found


def _faults(context: Context, folder: Path, vault: Vault) -> list[str]:
    found = verify_ledger(context, LedgerEvidence(folder, vault), full=True)
    assert found.signed == found.size
    return [fault.message for fault in found.faults]


def test_a_rotation_changes_all_keys_while_another_process_goes_on(
    location: str, folder: Path, tmp_path: Path
) -> None:
    with house(location, folder) as (server, _), house(location, folder) as (context, keyring):
        former = _own(folder)
        public = public_key(context, former).key
        for number in range(3):
            enrol(context.database, number)
        key, secret = access.create_key(context, former, "gate", ALL)
        with reading(keyring.store) as connection:
            wrapped = connection.execute(select(collection_keys.c.wrapped)).scalars().all()
        done = rotate_keys(context, folder, None)
        assert (done.collections, done.keys) == (1, 2 * 3 + 1)
        # what had only the former key finds the new one
        enrol(server.database, 3)
        with server.database.begin() as connection:
            create_collection(connection, "others", SPACE)
        enrol(server.database, 4, "others")
        assert _vectors(server) == _vectors(context) == _units(0, 1, 2, 3)
        found = access.authenticate(server.database, former, key.key_id)
        assert found is not None
        assert found[1] == secret
        with reading(server.database) as connection:
            note = read_head(connection).note
        assert note is not None
        require_signed(read_checkpoint(note), [read_key(done.public_key)])
    now = _own(folder)
    assert now.former == ()
    assert now.fingerprint == done.fingerprint != former.fingerprint
    assert not remains(folder, former.export().encode(), *map(bytes, wrapped))
    with house(location, folder) as (context, keyring):
        assert _vectors(context) == _units(0, 1, 2, 3)
        assert not _faults(context, folder, now)
        keyring.unlock(former.derive("keyring"))
        with pytest.raises(AccessError, match="cannot be opened"):
            keyring.check()
        said = [event.record for event in events(context)]
    assert AdoptMasterKeyRecord(now.fingerprint, public, done.public_key) in said
    assert RotateKeyringRecord(1, 2 * 3 + 1) in said
    proof = tmp_path / "handover.json"
    proof.write_text(json.dumps(done.handover))
    assert main([str(proof), "--key", public]) == 0
    assert done.public_key in proof.read_text()


def _killed(work: Callable[[], object]) -> None:
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(3)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def _die(*_arguments: object, **_named: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    "place", ["_adopt", "begin_rotation", "make_checkpoint", "finish_rotation", "the middle", "log"]
)
def test_a_rotation_that_was_killed_goes_on(
    location: str, folder: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(rotating, "_PORTION", 2)
    with house(location, folder) as (context, _):
        former = _own(folder)
        for number in range(6):
            enrol(context.database, number)
        _, secret = access.create_key(context, former, "gate", ALL)

    def work() -> None:
        with house(location, folder) as (context, _), monkeypatch.context() as patch:
            if place == "the middle":
                rotate_keys(context, folder, None, lambda done: _die() if done > 2 else None)
            else:
                patch.setattr(*((log, "record") if place == "log" else (rotation, place)), _die)
                rotate_keys(context, folder, None)

    _killed(work)
    waiting = _own(folder)
    assert waiting.former[0].fingerprint == former.fingerprint
    with house(location, folder) as (context, keyring):  # all goes on in between
        assert _vectors(context) == _units(*range(6))
        enrol(context.database, 6)
        done = rotate_keys(context, folder, None)
        assert done.fingerprint == waiting.fingerprint
        assert not waiting_keys(keyring)
    with house(location, folder) as (context, keyring):
        keyring.check()
        assert _own(folder).former == ()
        assert _vectors(context) == _units(*range(7))
        assert not _faults(context, folder, _own(folder))
        (key,) = access.list_keys(context)
        found = access.authenticate(context.database, _own(folder), key.key_id)
        assert found is not None
        assert found[1] == secret


def test_keys_that_are_given_are_changed_in_three_steps(location: str, folder: Path) -> None:
    old, new = (Vault(bytes([number] * 32)).export() for number in (1, 2))
    with house(location, folder, old) as (context, _):
        enrol(context.database, 0)
        with pytest.raises(InputError, match="one master key alone"):
            rotate_keys(context, folder, old)
    with house(location, folder, f"{old},{new}") as (server, _):
        enrol(server.database, 1)
        with house(location, folder, f"{new}\n{old}") as (context, _):
            assert rotate_keys(context, folder, f"{new}\n{old}").keys == 2 * 2 + 1
        enrol(server.database, 2)
        assert _vectors(server) == _units(0, 1, 2)
    with house(location, folder, new) as (context, _):
        assert _vectors(context) == _units(0, 1, 2)
        assert not _faults(context, folder, Vault.of(new, "here"))
        with pytest.raises(InputError, match="one master key alone"):
            rotate_keys(context, folder, new)
    other = pytest.raises(AccessError, match="is not that of the database")
    with other, house(location, folder, old):
        pass
