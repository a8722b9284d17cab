"""How far the ledger was verified, in the data folder: sealed, so that nobody else can write it."""

from __future__ import annotations

import base64
import hmac
import os
import tempfile
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from reknown.biometrics.errors import InputError
from reknown.ledger.verification.log import VerifiedBefore
from reknown.proofs.merkle import packed, unpacked
from reknown.storage.durable import sync_folder
from reknown.storage.small_files import read_small_file
from reknown.structs import resolved

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.access.vault import Vault

_NAME, _PURPOSE = "ledger.verified", "ledger verified"


class _State(msgspec.Struct, frozen=True):
    origin: str
    size: int
    frontier: bytes
    last_record: int
    expired: int


def read_state(folder: Path, vault: Vault, origin: str) -> VerifiedBefore | None:
    """What was found right before, None where nothing was or the file is not what was written."""
    try:
        text, _, seal = read_small_file(folder / _NAME).strip().partition(b"\n")
        if not hmac.compare_digest(seal, _seal(vault, text)):
            return None
        state = msgspec.json.decode(text, type=resolved(_State))
        if state.origin != origin:
            return None
        return VerifiedBefore(
            unpacked(state.size, state.frontier), state.last_record, state.expired
        )
    except (InputError, ValueError):
        return None


def write_state(folder: Path, vault: Vault, origin: str, end: VerifiedBefore) -> None:
    """Remembers the end of a log in which no fault was found."""
    tree = end.tree
    state = _State(origin, tree.size, packed(tree), end.last_record, end.expired)
    text = msgspec.json.encode(state)
    descriptor, waiting = tempfile.mkstemp(dir=folder, prefix=f".{_NAME}.")
    with os.fdopen(descriptor, "wb") as file:
        file.write(text + b"\n" + _seal(vault, text) + b"\n")
        file.flush()
        os.fsync(descriptor)
    os.replace(waiting, folder / _NAME)
    sync_folder(folder)


def _seal(vault: Vault, text: bytes) -> bytes:
    return base64.b64encode(hmac.digest(vault.derive(_PURPOSE), text, sha256))
