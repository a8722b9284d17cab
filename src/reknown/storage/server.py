"""A PostgreSQL server: how it is reached, and whether it is one that galleries can live on."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import QueuePool, create_engine, event, text
from sqlalchemy import exc as sql_errors

from reknown.biometrics.errors import DatabaseError, DatabaseUnavailableError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry, PoolResetState

PLACE = "place"
_ERA = "era"
_SCHEMES = ("postgres://", "postgresql://", "postgresql+psycopg://")
_OLDEST = 140000
_OLDEST_NAME = "14"
_ABOUT = (
    "SELECT CAST(current_setting('server_version_num') AS integer), "
    "current_setting('server_version'), current_setting('server_encoding'), "
    "current_setting('transaction_read_only')"
)
_STATE = (
    "SELECT current_setting('server_version'), clock_timestamp(), "
    "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), "
    "CAST(current_setting('max_connections') AS integer)"
)
# A server that has vanished is noticed within a minute, whatever the network says; a writer waits
# for another one as long as on SQLite; who froze in a transaction keeps others out no longer.
_SESSION = "-c lock_timeout=30s -c idle_in_transaction_session_timeout=600s"
_CONNECTING = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "fallback_application_name": "reknown",
    # of several hosts the one that is no standby; one alone says so at once
    "target_session_attrs": "read-write",
}
_DRIVER = "PostgreSQL needs a driver: pip install 'reknown[postgresql]'"
_FORM = (
    "not a database URL that PostgreSQL's library understands: write "
    "postgresql://USER@HOST:PORT/NAME, with %40 for an @ within a name and %2F for a /"
)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A database on a server: `url` as libpq takes it, so many `connections` of a process.

    `password` goes before what the URL or libpq's own files say. To connect may take so many
    `seconds`, unless the URL says otherwise.
    """

    url: str = field(repr=False)
    password: str | None = field(default=None, repr=False)
    connections: int = 20
    seconds: int = 10


@dataclass(frozen=True, slots=True)
class ServerState:
    """What a server says of itself: version, time, connections that are used and may be at all.

    `seconds` is how long one question took.
    """

    version: str
    now: datetime
    used: int
    most: int
    seconds: float


class _Connections(QueuePool):
    """Says what is the matter when all stay in use."""

    def _do_get(self) -> Any:
        try:
            return super()._do_get()
        except sql_errors.TimeoutError as error:
            raise DatabaseUnavailableError(
                f"all {self.size()} connections to the database have been in use for "
                f"{self.timeout():g} seconds: allow more with --database-connections, or see what "
                "the database is busy with"
            ) from error


def server_engine(address: ServerAddress) -> Engine:
    """Connections to that server, none of which is made yet; raises `DatabaseError`."""
    parts = _parts(address)
    database = create_engine(
        "postgresql+psycopg://",
        connect_args=_CONNECTING
        | {"connect_timeout": address.seconds}
        | parts
        | {"options": f"{_SESSION} {parts.get('options', '')}"},
        poolclass=_Connections,
        pool_size=address.connections,
        max_overflow=0,
        pool_pre_ping=True,
        pool_reset_on_return=None,  # see `give_back`
    )
    database.update_execution_options(**{PLACE: _shown(parts)})

    @event.listens_for(database, "connect")
    def note(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("SELECT pg_postmaster_start_time()")
        entry.info[_ERA] = cursor.fetchone()
        cursor.close()
        connection.rollback()

    @event.listens_for(database, "reset")
    def give_back(
        connection: DBAPIConnection, entry: ConnectionPoolEntry, state: PoolResetState
    ) -> None:
        # The pool itself would call it an error that one which goes back has been cut.
        if not state.transaction_was_reset:
            try:
                connection.rollback()
            except database.dialect.loaded_dbapi.Error as error:
                entry.invalidate(error)

    return database


def era_of(connection: Connection) -> object:
    """Another value wherever the database may have lost what it had acknowledged.

    A standby without synchronous replication does not have the last moments when it takes over.
    None on SQLite, which loses nothing.
    """
    return connection.info.get(_ERA)


def require_usable(database: Engine) -> None:
    """Raises `DatabaseError` for a server that is too old, or where nothing can be written."""
    with database.connect() as connection:
        number, version, encoding, read_only = connection.execute(text(_ABOUT)).one()
    place = database.get_execution_options()[PLACE]
    if number < _OLDEST:
        raise DatabaseError(
            f"{place} is PostgreSQL {version}: {_OLDEST_NAME} or newer is needed: upgrade it, or "
            "choose another server"
        )
    if encoding != "UTF8":
        raise DatabaseError(
            f"{place} keeps text as {encoding}: make a database with ENCODING 'UTF8' "
            "TEMPLATE template0"
        )
    if read_only == "on":
        raise DatabaseUnavailableError(
            f"{place} takes no writing for this role: see default_transaction_read_only there"
        )


def state_of(database: Engine) -> ServerState:
    """Asks it twice, the first time for a connection; raises `DatabaseError`."""
    with database.connect() as connection:
        connection.execute(text("SELECT 1"))
        began = time.perf_counter()
        version, now, used, most = connection.execute(text(_STATE)).one()
        seconds = time.perf_counter() - began
    return ServerState(version, now.astimezone(UTC), used, most, seconds)


def _parts(address: ServerAddress) -> dict[str, Any]:
    """What the URL says, by libpq's names."""
    scheme = next((each for each in _SCHEMES if address.url.startswith(each)), None)
    if scheme is None:
        kind = address.url.partition(":")[0]
        raise DatabaseError(f"{kind} is not supported: give a folder or postgresql://")
    try:
        from psycopg import ProgrammingError  # noqa: PLC0415 - SQLite needs no driver
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415
    except ImportError as error:
        raise DatabaseError(_DRIVER) from error
    try:
        parts = conninfo_to_dict(f"postgresql://{address.url.removeprefix(scheme)}")
    except (ProgrammingError, ValueError):
        # its words may hold a part of a password
        raise DatabaseError(_FORM) from None
    if not re.fullmatch("[0-9,]*", str(parts.get("port") or "")):
        raise DatabaseError(_FORM)
    if address.password is not None:
        parts["password"] = address.password
    return dict(parts)


def _shown(parts: dict[str, Any]) -> str:
    """For people and logs: nothing of it is secret."""
    if parts.get("service"):
        return f"postgresql service {parts['service']}"
    user = f"{parts['user']}@" if parts.get("user") else ""
    port = f":{parts['port']}" if parts.get("port") else ""
    name = parts.get("dbname") or parts.get("user") or ""
    return f"postgresql://{user}{parts.get('host') or ''}{port}/{name}"
