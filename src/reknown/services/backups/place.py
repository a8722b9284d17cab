"""Where a server makes backups, if its operator allows that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.services.background import BackgroundWork

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reknown.services.backups.backup import Secrets


class BackupPlace:
    """The folder, and what seals the master key in backups, which is read when one is made."""

    def __init__(
        self, folder: Path | None = None, secrets: Callable[[], Secrets | None] = lambda: None
    ) -> None:
        self.folder = folder
        self.secrets = secrets
        self.work = BackgroundWork()

    def require_folder(self) -> Path:
        """Raises `InputError` where none is allowed."""
        if self.folder is None:
            raise InputError(
                "backups are not made here: an operator starts the server with --backup-folder, "
                "or makes one with reknown backup"
            )
        return self.folder
