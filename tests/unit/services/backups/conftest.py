from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reknown.access.rights import ALL
from reknown.services import access
from reknown.services.backups.backup import Secrets, back_up
from reknown.services.galleries.collections import create_collection
from reknown.services.master_key import open_vault

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.access.vault import Vault
    from reknown.services.context import Context

PASSPHRASE = "correct horse battery"


@pytest.fixture
def vault(context: Context, tmp_path: Path) -> Vault:
    """That of the data folder, which has sealed the secret of one access key."""
    vault = open_vault(context, tmp_path / "data", None)
    access.create_key(context, vault, "gate", ALL)
    return vault


@pytest.fixture
def secrets(vault: Vault) -> Secrets:
    return Secrets(vault, PASSPHRASE)


@pytest.fixture
def backup(context: Context, secrets: Secrets, tmp_path: Path) -> Path:
    """Of a gallery with one collection and one access key."""
    create_collection(context, "people")
    return back_up(context, tmp_path / "backup.tar", secrets).file
