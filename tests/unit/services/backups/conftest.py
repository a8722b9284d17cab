from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from contexts import make_context
from reknown.access.rights import ALL
from reknown.access.vault import read_vault
from reknown.services import access
from reknown.services.backups.backup import Secrets, back_up
from reknown.services.galleries.collections import create_collection
from reknown.services.master_key import open_vault
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.access.vault import Vault
    from reknown.services.context import Context
    from reknown.vision.analyze import Engine

PASSPHRASE = "correct horse battery"


@pytest.fixture
def secrets(context: Context, tmp_path: Path) -> Secrets:
    """The master key of a data folder, which has sealed the secret of one access key."""
    vault = open_vault(context, tmp_path / "data", None)
    access.create_key(context, vault, "gate", ALL)
    return Secrets(vault, PASSPHRASE)


@pytest.fixture(scope="session")
def backed_up(empty_folder: Path, tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Path:
    """A folder with a data folder and its backup: one collection and one access key."""
    root = tmp_path_factory.mktemp("backed up")
    database = open_database(shutil.copytree(empty_folder, root / "data"))
    context = make_context(database, engine)
    vault = open_vault(context, root / "data", None)
    access.create_key(context, vault, "gate", ALL)
    create_collection(context, "people")
    back_up(context, root / "backup.tar", Secrets(vault, PASSPHRASE))
    database.dispose()
    return root


@pytest.fixture
def backup(backed_up: Path, tmp_path: Path) -> Path:
    """The backup, beside the data folder that it is of."""
    shutil.copytree(backed_up, tmp_path, dirs_exist_ok=True)
    return tmp_path / "backup.tar"


@pytest.fixture
def vault(backed_up: Path) -> Vault:
    """That of the backup."""
    vault = read_vault(backed_up / "data", None)
    assert vault is not None
    return vault
