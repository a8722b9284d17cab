"""The master key and the keys of collections changed, while servers and commands go on.

Each step can be cut off: until the last one both master keys are there, and the same again goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.access import accounts, keys
from reknown.access.vault import VARIABLE, new_vault, read_vault, replace_key
from reknown.biometrics.errors import AccessError, InputError
from reknown.gallery.keys import keyring_in
from reknown.ledger import log
from reknown.ledger.records import AdoptMasterKeyRecord, RotateKeyringRecord
from reknown.sealing.rotating import begin_rotation, finish_rotation, waiting_keys
from reknown.services.master_key import known_key, unlock_with, wrapping_key
from reknown.services.proofs.checkpoints import make_checkpoint, public_key
from reknown.services.proofs.records import proof_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from reknown.access.vault import Vault
    from reknown.services.context import Context

__all__ = ["Rotated", "rotate_keys"]


@dataclass(frozen=True, slots=True)
class Rotated:
    """What was done: so many `collections` have new keys, and `keys` of records were wrapped again.

    `public_key` is the ledger's from now on; `handover` proves, with the former one, that the
    ledger says so. It is None where a rotation that was cut off has been ended.
    """

    fingerprint: str
    public_key: str
    collections: int
    keys: int
    handover: Mapping[str, object] | None


def rotate_keys(
    context: Context,
    folder: Path,
    secret: str | None,
    watch: Callable[[int], None] = lambda _done: None,
) -> Rotated:
    """Puts another master key in force, and gives all collections new keys.

    Where the key is in the data folder a new one is made, and the former is overwritten in the
    end. Where it is given, `secret` has the new one before the former, and all servers know both.
    `watch` is told how many keys of records are done.

    Raises `InputError` where there is nothing to change to, `AccessError` for wrong keys.
    """
    vault = _prepared(folder, secret)
    keyring = keyring_in(context.database)
    assert keyring is not None, "the platform has one"
    unlock_with(keyring, vault)
    handover = _adopt(context, vault)
    begin_rotation(keyring, wrapping_key(vault))
    make_checkpoint(context, vault, folder)
    collections = waiting_keys(keyring)
    moved = finish_rotation(keyring, watch)
    keyring.compact()
    log.record(context.database, context.actor, None, RotateKeyringRecord(collections, moved))
    if secret is None:
        replace_key(folder, vault.alone())
    public = public_key(context, vault).key
    return Rotated(vault.fingerprint, public, collections, moved, handover)


def _prepared(folder: Path, secret: str | None) -> Vault:
    """The new key and the former ones, which others find from now on."""
    vault = read_vault(folder, secret)
    if vault is None:
        raise AccessError("there is no master key yet: what seals first makes one")
    if vault.former:
        return vault
    if secret is not None:
        raise InputError(
            "one master key alone is given: to change it, give all servers the former and a new "
            f"one, as {VARIABLE}=OLD,NEW or lines of their file; then run this with NEW,OLD"
        )
    both = new_vault(vault)
    replace_key(folder, both)
    return both


def _adopt(context: Context, vault: Vault) -> Mapping[str, object] | None:
    """Seals secrets with the new key, as the ledger says under the signature of the former one."""
    with context.database.begin() as connection:
        keys.claim(connection)
        known = known_key(connection)
        if known == vault.fingerprint:
            return None
        former = next((each for each in vault.former if each.fingerprint == known), None)
        if former is None:
            raise AccessError("none of the master keys here is that of the database: put it back")
        keys.seal_again(connection, vault)
        accounts.seal_again(connection, vault)
        record = AdoptMasterKeyRecord(
            vault.fingerprint,
            public_key(context, former).key,
            public_key(context, vault).key,
        )
        number = log.append(connection, context.actor, None, record)
    return proof_of(context, number)
