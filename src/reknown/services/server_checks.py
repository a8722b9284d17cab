"""Is a database on a server fit for use? Looks only: nothing is made or mended."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reknown.biometrics.errors import DatabaseError, InputError
from reknown.services.live.presence import check_watches
from reknown.storage.database import SCHEMA_VERSION, connect_to, schema_version
from reknown.storage.server import state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from reknown.storage.database import Database
    from reknown.storage.server import ServerAddress

# Signatures count by this machine's clock, leases of jobs by the server's.
_CLOCKS_APART = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class ServerChecks:
    """The checks of a database on a server."""

    address: ServerAddress

    def by_name(self) -> Mapping[str, Callable[[], str]]:
        """All of them, in order."""
        return {"gallery": self.database, "clock": self.clock, "watches": self.watches}

    def database(self) -> str:
        """Whether it can be reached and written to, in a schema that is known."""
        with self._connected() as database:
            version = schema_version(database) or "of none yet"
            state = state_of(database)
        if version.isdecimal() and version > SCHEMA_VERSION:
            raise DatabaseError(
                f"schema {version}, this Reknown knows up to {SCHEMA_VERSION}: install the "
                "Reknown that wrote it, or a newer one"
            )
        return (
            f"PostgreSQL {state.version}, schema {version}, an answer in "
            f"{1000 * state.seconds:.1f} ms, {state.used} of {state.most} connections used"
        )

    def clock(self) -> str:
        """Whether this machine and the server agree on the time."""
        with self._connected() as database:
            apart = datetime.now(UTC) - state_of(database).now
        if abs(apart) > _CLOCKS_APART:
            raise InputError(
                f"this machine's is {apart.total_seconds():+.0f} seconds from the database's: set "
                "both right with NTP; until then signed requests and jobs may be taken for late"
            )
        return f"within {_CLOCKS_APART.seconds} seconds of the database's"

    def watches(self) -> str:
        """Whether all watches that were started see something."""
        with self._connected() as database:
            if schema_version(database) != SCHEMA_VERSION:
                return "none that can be asked"
            return check_watches(database)

    @contextmanager
    def _connected(self) -> Iterator[Database]:
        database = connect_to(self.address)
        try:
            yield database
        finally:
            database.dispose()
