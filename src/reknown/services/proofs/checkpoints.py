"""Checkpoints: what the ledger says of itself, signed, to be kept where nobody can change it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import AccessError, InputError
from reknown.ledger.chain import keep, sign_head
from reknown.ledger.checkpoint_file import NAME, CheckpointFile
from reknown.ledger.tree import lock_head, prove_consistency, read_head, root_at
from reknown.proofs.notes import SigningKey
from reknown.proofs.reknown_check import CONSISTENCY, Unproven, read_checkpoint, require_signed
from reknown.services.proofs.encoding import base64_of
from reknown.services.proofs.signing import ledger_key
from reknown.storage.database import reading
from reknown.storage.small_files import read_small_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reknown.access.vault import Vault
    from reknown.proofs.reknown_check import Checkpoint
    from reknown.services.context import Context

__all__ = [
    "PublicKey",
    "make_checkpoint",
    "newest_checkpoint",
    "prove_growth",
    "public_key",
    "read_checkpoint_file",
]

_UNSIGNED = (
    "the ledger is not signed yet, as there is no master key: reknown keys create makes one, then "
    "run reknown ledger checkpoint"
)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What others need to check what this ledger signs."""

    origin: str
    key: str


def public_key(context: Context, vault: Vault) -> PublicKey:
    """The public key of this ledger, as `reknown ledger check` and C2SP's tools take it."""
    with reading(context.database) as connection:
        origin = read_head(connection).origin
    return PublicKey(origin, str(SigningKey(ledger_key(vault)).public(origin)))


def make_checkpoint(context: Context, vault: Vault, folder: Path, *, anew: bool = False) -> str:
    """Signs what the ledger is now, and keeps that in the database and the data folder.

    Where the log does not go on from what was signed last nothing is signed, but `anew`, for who
    has looked into it. Raises `AccessError` then, and `InputError` for a ledger without records.
    """
    key = SigningKey(ledger_key(vault))
    with context.database.begin() as connection:
        head = lock_head(connection)
        if not head.size:
            raise InputError("the ledger has no records yet: there is nothing to sign")
        if root_at(connection, head.size) != head.root:
            raise AccessError("the head is not that of the records: run reknown ledger verify")
        keys = [SigningKey(ledger_key(each)) for each in vault.each]
        before = None if head.note is None else _signed(head.note, keys, head.origin)
        last = CheckpointFile(folder / NAME).last()
        known = [each for each in (before, last) if each is not None and each.origin == head.origin]
        goes_on = (head.note is None) == (before is None) and all(
            each.size <= head.size and root_at(connection, each.size) == each.root for each in known
        )
        if not goes_on and not anew:
            raise AccessError(
                "the ledger does not go on from what was signed last: run reknown ledger verify; "
                "if you know why, --anew signs what is there"
            )
        if before is not None and head.note is not None:
            keep(connection, before.size, head.note)  # with the signature of a key that goes
        note = key.checkpoint(head.origin, head.size, head.root)
        sign_head(connection, note)
        keep(connection, head.size, note)
    CheckpointFile(folder / NAME).append(note)
    return note


def newest_checkpoint(context: Context) -> str:
    """What was signed last; raises `InputError` where nothing was."""
    with reading(context.database) as connection:
        note = read_head(connection).note
    if note is None:
        raise InputError(_UNSIGNED)
    return note


def prove_growth(context: Context, old: str) -> str:
    """The proof, as JSON, that the newest checkpoint begins with an older one's records.

    Raises `InputError` for a checkpoint that is none, of another ledger, or of a longer one.
    """
    with reading(context.database) as connection:
        head = read_head(connection)
        if head.note is None:
            raise InputError(_UNSIGNED)
        before, now = _read(old, "this"), read_checkpoint(head.note)
        if before.origin != head.origin:
            raise InputError(f"this checkpoint is of {before.origin}, the ledger is {head.origin}")
        if not 0 < before.size <= now.size:
            raise InputError(
                f"this checkpoint says that there were {before.size:,} records, {now.size:,} are "
                "signed: was the ledger cut off? See reknown ledger verify --checkpoint"
            )
        proof = prove_consistency(connection, before.size, now.size)
    document = {
        "format": CONSISTENCY,
        "old": old,
        "new": head.note,
        "proof": [base64_of(each) for each in proof],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def read_checkpoint_file(file: Path) -> Checkpoint:
    """The checkpoint in a file; raises `InputError`."""
    return checkpoint_in(file)[0]


def checkpoint_in(file: Path) -> tuple[Checkpoint, str]:
    """The same with the note that it is in."""
    text = read_small_text(file)
    return _read(text, str(file)), text


def _read(text: str, name: str) -> Checkpoint:
    try:
        return read_checkpoint(text)
    except ValueError as error:
        raise InputError(f"{name} is no checkpoint: reknown ledger checkpoint makes one") from error


def _signed(note: str, keys: Sequence[SigningKey], origin: str) -> Checkpoint | None:
    """What it says, if it is of this ledger."""
    try:
        found = read_checkpoint(note)
        require_signed(found, [key.public(origin) for key in keys])
    except (ValueError, Unproven):
        return None
    return found
