"""A witness: it remembers the last checkpoint of each log, and signs only what goes on from there.

It runs on another machine, with a key of its own, and needs nothing of the ledger's.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from reknown.biometrics.errors import AccessError, InputError
from reknown.proofs.notes import SigningKey
from reknown.proofs.reknown_check import (
    CONSISTENCY,
    COSIGNATURE,
    Unproven,
    is_consistent,
    read_checkpoint,
    read_key,
    require_signed,
)
from reknown.services.proofs.checkpoints import checkpoint_in
from reknown.services.proofs.encoding import base64_of
from reknown.storage.durable import sync_folder
from reknown.storage.small_files import read_small_file
from reknown.structs import resolved

if TYPE_CHECKING:
    from reknown.proofs.reknown_check import Checkpoint

__all__ = ["Seen", "witness_checkpoint"]

_KEY_FILE, _STATE_FILE = "witness.key", "witness.json"
_BYTES = 32
# That of a witness of thousands of logs.
_LARGEST_STATE = 16 * 2**20


class _Log(msgspec.Struct, frozen=True):
    key: str
    checkpoint: str


class _State(msgspec.Struct, frozen=True):
    name: str
    logs: dict[str, _Log]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the witness signed: the checkpoint with its line, and its own public key."""

    origin: str
    size: int
    former_size: int
    witness: str
    note: str


def witness_checkpoint(
    folder: Path, checkpoint: Path, key: str | None = None, proof: Path | None = None
) -> Seen:
    """Co-signs a checkpoint that goes on from the last one seen of its log.

    `folder` is the witness's own: its key and what it has seen; both are made the first time. The
    ledger's public `key` is needed once, the `proof` of consistency whenever the log has grown.

    Raises `AccessError` for a log that is shorter than it was, or another one, and `InputError`
    for files that will not do.
    """
    found, text = checkpoint_in(checkpoint)
    state = _read_state(folder)
    known = state.logs.get(found.origin)
    public = _public_key(known, key, found.origin)
    try:
        require_signed(found, [read_key(public)])
    except (ValueError, Unproven) as error:
        raise AccessError(f"{checkpoint}: {error}: nothing was signed") from error
    former = None if known is None else read_checkpoint(known.checkpoint)
    if former is not None:
        _require_growth(former, found, proof)
    signing = _own_key(folder)
    line = signing.cosignature(state.name, found.body, int(time.time()))
    note = text + line
    # the memory first: what was signed is never forgotten
    _write_state(folder, state, found.origin, _Log(public, text))
    witness = str(signing.public(state.name, COSIGNATURE))
    return Seen(found.origin, found.size, 0 if former is None else former.size, witness, note)


def _public_key(known: _Log | None, given: str | None, origin: str) -> str:
    if known is None and given is None:
        raise InputError(
            f"{origin} is new to this witness: give its public key with --key, as reknown ledger "
            "key prints it on its own machine"
        )
    if known is not None and given is not None and known.key != given.strip():
        raise AccessError(f"{origin} had another public key before: nothing was signed")
    return known.key if known is not None else str(given).strip()


def _require_growth(former: Checkpoint, found: Checkpoint, proof: Path | None) -> None:
    roots = f"roots {base64_of(former.root)} and {base64_of(found.root)}"
    if found.size < former.size:
        raise AccessError(
            f"{found.origin} had {former.size:,} records and now has {found.size:,}: it was cut "
            f"off or put back; {roots}: nothing was signed"
        )
    if found.size == former.size:
        if found.root != former.root:
            raise AccessError(
                f"{found.origin} is forked: two logs of {found.size:,} records; {roots}: nothing "
                "was signed"
            )
        return
    if proof is None:
        raise InputError(
            f"the log has grown from {former.size:,} to {found.size:,} records: give --proof, the "
            "file that reknown ledger consistency makes from the checkpoint signed before"
        )
    if not is_consistent(former.size, found.size, _hashes(proof), former.root, found.root):
        raise AccessError(
            f"{found.origin} is forked: its {found.size:,} records do not begin with the "
            f"{former.size:,} of before, or the proof is for others; {roots}: nothing was signed"
        )


class _Consistency(msgspec.Struct, frozen=True):
    format: str
    proof: list[bytes]


def _hashes(file: Path) -> list[bytes]:
    try:
        document = msgspec.json.decode(read_small_file(file), type=resolved(_Consistency))
    except msgspec.DecodeError as error:
        raise InputError(f"{file} is no proof of consistency: {error}") from error
    if document.format != CONSISTENCY:
        raise InputError(f"{file} is no proof of consistency: reknown ledger consistency makes one")
    return document.proof


def _read_state(folder: Path) -> _State:
    path = folder / _STATE_FILE
    try:
        if not path.exists():
            return _State(f"reknown.witness/{secrets.token_hex(8)}", {})
        return msgspec.json.decode(read_small_file(path, _LARGEST_STATE), type=resolved(_State))
    except (OSError, InputError, msgspec.DecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}: put back a copy of it") from error


def _write_state(folder: Path, state: _State, origin: str, log: _Log) -> None:
    document = {
        "name": state.name,
        "logs": {
            name: {"key": each.key, "checkpoint": each.checkpoint}
            for name, each in sorted({**state.logs, origin: log}.items())
        },
    }
    _put(folder / _STATE_FILE, json.dumps(document, indent=1, ensure_ascii=False).encode())


def _own_key(folder: Path) -> SigningKey:
    path = folder / _KEY_FILE
    if not path.exists():
        _put(path, secrets.token_bytes(_BYTES))
    seed = read_small_file(path)
    if len(seed) != _BYTES:
        raise AccessError(f"{path} is not the key of a witness: put back a copy of it")
    return SigningKey(seed)


def _put(path: Path, content: bytes) -> None:
    """All of it or nothing, for its owner alone."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, waiting = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        Path(waiting).replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}: allow it") from error
