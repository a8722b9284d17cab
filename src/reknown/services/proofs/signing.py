"""The ledger's own key, which the master key gives: it signs what the ledger is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.access.vault import read_vault
from reknown.ledger.checkpoint_file import NAME, CheckpointFile
from reknown.ledger.signing import Signing, sign_with

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reknown.access.vault import Vault
    from reknown.storage.database import Database

__all__ = ["Signing", "ledger_key", "sign_as", "sign_with", "signing_for"]

_PURPOSE = "ledger"


def ledger_key(vault: Vault) -> bytes:
    """The secret half of the key that signs."""
    return vault.derive(_PURPOSE)


def signing_for(folder: Path, given: Callable[[], str | None]) -> Signing:
    """Signs once there is a master key, in the data folder or given; raises none of it yet."""

    def find() -> tuple[bytes, ...]:
        vault = read_vault(folder, given())
        return () if vault is None else tuple(map(ledger_key, vault.each))

    return Signing(find, CheckpointFile(folder / NAME))


def sign_as(database: Database, vault: Vault | None) -> None:
    """Has the engine sign with this vault's key, where there is one."""
    if vault is not None:
        seeds = tuple(map(ledger_key, vault.each))
        sign_with(database, Signing(lambda: seeds))
