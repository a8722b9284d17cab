"""A certificate of an erasure is proven to whoever has the ledger's public key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from reknown.access.vault import read_vault
from reknown.proofs.reknown_check import main
from reknown.services.galleries.erasure import erase_subject
from reknown.services.proofs.checkpoints import public_key
from reknown.services.proofs.signing import sign_as
from remains import enrol
from sealed_galleries import gallery

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.services.context import Context


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def _signed(context: Context, folder: Path) -> str:
    """Signs from now on; the public key."""
    vault = read_vault(folder, None)
    assert vault is not None
    sign_as(context.database, vault)
    return public_key(context, vault).key


def test_a_certificate_is_checked_offline_and_no_byte_of_it_can_be_changed(
    folder: Path, tmp_path: Path
) -> None:
    with gallery(folder, folder) as (context, _):
        key = _signed(context, folder)
        face = enrol(context.database, 1)
        done = erase_subject(context, "friends", face)
    assert done.proof is not None
    file = tmp_path / "certificate.json"
    written = json.dumps(done.proof, ensure_ascii=False).encode()
    file.write_bytes(written)
    assert main([str(file), "--key", key]) == 0
    record = done.proof["record"]
    assert isinstance(record, dict)
    assert (record["id"], record["operation"]) == (done.record, "erase")
    assert set(done.keys) == set(record["detail"]["keys"])
    for place in range(len(written)):
        if written[place : place + 1].isspace():
            continue
        changed = bytearray(written)
        changed[place] ^= 1
        file.write_bytes(changed)
        assert main([str(file), "--key", key]) != 0, changed[max(0, place - 20) : place + 20]


def test_without_signatures_a_certificate_has_no_proof(folder: Path) -> None:
    with gallery(folder, folder) as (context, _):
        face = enrol(context.database, 1)
        with context.database.begin() as connection:
            connection.execute(text("UPDATE ledger_heads SET note = NULL"))
        assert erase_subject(context, "friends", face).proof is None
