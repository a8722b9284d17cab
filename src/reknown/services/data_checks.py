"""Is a data folder sound, and its machine fit for it? Looks only: nothing is made or mended."""

from __future__ import annotations

import resource
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from reknown.access.vault import read_vault
from reknown.biometrics.errors import DatabaseError, InputError
from reknown.ledger import log
from reknown.services.live.presence import check_watches
from reknown.services.master_key import require_database
from reknown.storage.database import SCHEMA_VERSION, reading, schema_version
from reknown.storage.inspection import find_damage, open_read_only, size_of
from reknown.storage.modes import DATABASE, open_to_others

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from reknown.services.key_checks import KeyChecks
    from reknown.services.server_checks import ServerChecks
    from reknown.storage.database import Database

Answer = TypeVar("Answer")

_GIB = 2**30
# Of a log that checkpoints keep short; more says that they cannot.
_LONGEST_LOG = _GIB // 4
# No clock that goes right shows a time before there was this program.
_RELEASED = datetime(2026, 1, 1, tzinfo=UTC)
_CLOCKS_APART = timedelta(seconds=5)
# Open at once besides the connections: database, models, libraries.
_OTHER_FILES = 512


@dataclass(frozen=True, slots=True)
class DataChecks:
    """The checks of one data folder, for a server with so many `connections`.

    Each says what it found, or raises an error that says what to do.
    """

    folder: Path
    connections: int
    server: ServerChecks | None = None
    keys: KeyChecks | None = None

    def by_name(self) -> Mapping[str, Callable[[], str]]:
        """All of them, in order; with a `server` the database is there."""
        own = {
            "gallery": self.database,
            "write-ahead log": self.log,
            "clock": self.clock,
            "watches": self.watches,
        }
        return {
            "data folder": self.modes,
            **(own if self.server is None else self.server.by_name()),
            **({} if self.keys is None else {"keys": self.keys.keys}),
            "free space": self.space,
            "open files": self.files,
        }

    def modes(self) -> str:
        """Whether others may read what is there."""
        if not self.folder.exists():
            return f"{self.folder} is not there yet: the first command that stores makes it"
        if not self.folder.is_dir():
            raise InputError(f"{self.folder} is not a folder: give a data folder")
        others = " ".join(str(path) for path in open_to_others(self.folder))
        if others:
            raise DatabaseError(f"other users can access {others}; run: chmod go= {others}")
        key = "a master key" if read_vault(self.folder, None) else "no master key"
        return f"{self.folder}, for its owner alone, {key}"

    def database(self) -> str:
        """Whether SQLite reads all of the database without a fault, in a schema that is known."""
        require_database(self.folder)
        size, _ = size_of(self.folder)
        if not size:
            return "none yet"
        database = open_read_only(self.folder / DATABASE)
        try:
            version = schema_version(database) or "of none yet"
            if version.isdecimal() and version > SCHEMA_VERSION:
                raise DatabaseError(
                    f"schema {version}, this Reknown knows up to {SCHEMA_VERSION}: install the "
                    "Reknown that wrote it, or a newer one"
                )
            with reading(database) as connection:
                damage = find_damage(connection)
        finally:
            database.dispose()
        if damage:
            raise DatabaseError(
                f"the file is damaged: {'; '.join(damage)}: stop the server, keep a copy of the "
                "folder, and restore a backup with reknown restore"
            )
        return f"sound: {_mib(size)}, schema {version}"

    def log(self) -> str:
        """Whether the write-ahead log gets back into the database."""
        size, waiting = size_of(self.folder)
        if waiting > max(_LONGEST_LOG, size):
            raise DatabaseError(
                f"{_mib(waiting)} wait for the database: some process has been reading it for "
                "long: restart the server and its workers"
            )
        return f"{_mib(waiting)}"

    def clock(self) -> str:
        """Whether the time can be right; signatures and leases are judged by it."""
        now = datetime.now(UTC)
        if now < _RELEASED:
            raise InputError(f"it says {now:%Y-%m-%d}, which is over: set it, then run NTP")
        newest = self._newest_row()
        if newest is None:
            return f"{now:%Y-%m-%d %H:%M} UTC; whether to the second, timedatectl says"
        if newest > now + _CLOCKS_APART:
            raise InputError(
                f"it says {now:%Y-%m-%d %H:%M:%S} UTC, but the newest row of the ledger is of "
                f"{newest:%Y-%m-%d %H:%M:%S}: set the clock right; until that time has come, "
                "signed requests may be refused or accepted twice"
            )
        return (
            f"{now:%Y-%m-%d %H:%M} UTC, after the newest row of the ledger; "
            "whether to the second, timedatectl says"
        )

    def watches(self) -> str:
        """Whether all watches that were started see something."""

        def seen(database: Database) -> str | None:
            return check_watches(database) if schema_version(database) == SCHEMA_VERSION else None

        return self._asked(seen) or "none that can be asked"

    def space(self) -> str:
        """Whether the file system has room to go on, and for a second copy of the database."""
        place = self.folder
        while not place.exists():
            place = place.parent
        free, wanted = shutil.disk_usage(place).free, max(_GIB, 2 * size_of(self.folder)[0])
        if free < wanted:
            raise InputError(
                f"{_mib(free)} free, {_mib(wanted)} wanted: free some, or move the data folder to "
                "a larger disk"
            )
        return f"{_mib(free)} free"

    def files(self) -> str:
        """Whether a server may open as many files as it takes connections."""
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = self.connections + _OTHER_FILES
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise InputError(
                f"at most {hard} may be open, a server wants {wanted}: raise the hard limit, with "
                "ulimit -Hn or LimitNOFILE="
            )
        return f"{wanted} wanted, at most {'any number' if hard < 0 else hard}"

    def _newest_row(self) -> datetime | None:
        """None where there is none."""

        def newest(database: Database) -> datetime | None:
            with reading(database) as connection:
                return log.newest_time(connection)

        return self._asked(newest)

    def _asked(self, question: Callable[[Database], Answer | None]) -> Answer | None:
        """None where there is no database that can be asked: another check says so."""
        if not size_of(self.folder)[0]:
            return None
        database = open_read_only(self.folder / DATABASE)
        try:
            return None if schema_version(database) is None else question(database)
        except DatabaseError:
            return None
        finally:
            database.dispose()


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
