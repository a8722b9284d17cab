"""What PostgreSQL's errors mean, and what a person can do about them.

By SQLSTATE where there is one (https://www.postgresql.org/docs/current/errcodes-appendix.html).
While a connection is being made libpq passes on none, so there the message has to be looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import DatabaseError, DatabaseUnavailableError

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import ExceptionContext

_STANDBY = (
    "it is a standby, or set to read only: name the primary, or all servers as "
    "postgresql://HOST1,HOST2/NAME, of which the one that can be written to is taken"
)
_FULL = (
    "too many connections: lower --database-connections of each process, or raise max_connections "
    "of the server"
)
_ENDING = "the server stops, starts or has lost a process of its own: try again"
_OTHERS = "others hold what this needs: wait for them to finish, then try again"
_RIGHTS = (
    "the role lacks a right: let it own the database, as docs/deployment/postgresql.md shows, and "
    "use one role for all servers and commands"
)
_PASSWORD = "set REKNOWN_DATABASE_PASSWORD, or write it into ~/.pgpass, which is yours alone"  # noqa: S105
_UNREACHABLE = "check that the server runs and that address, name and password are right"

# What will be different when the same is tried again later.
_PASSING = {
    "25006": _STANDBY,
    "25P03": "a transaction stood still for ten minutes: try again",
    "40001": _OTHERS,
    "40P01": _OTHERS,
    "53300": _FULL,
    "55P03": _OTHERS,
    "57P01": _ENDING,
    "57P02": _ENDING,
    "57P03": _ENDING,
    "57P05": _ENDING,
}
_LASTING = {
    "3F000": "make a schema for the role: CREATE SCHEMA NAME AUTHORIZATION ROLE",
    "42501": _RIGHTS,
    "53100": "free some disk space there",
    "53200": "its machine is short of memory",
    "57014": "an administrator ended it, or statement_timeout of the role is too short for it",
}
# After one of these another connection may lead to another server.
_ELSEWHERE = {"25006"}
_CONNECTING = (
    ("password authentication failed", _PASSWORD),
    ("no password supplied", _PASSWORD),
    ("no pg_hba.conf entry", "let this machine, role and database in: pg_hba.conf of the server"),
    ("read-only", _STANDBY),
    ("too many", _FULL),
    ("remaining connection slots", _FULL),
    ("starting up", _ENDING),
    ("recovery mode", _ENDING),
    ("not yet accepting", _ENDING),
    ("shutting down", _ENDING),
    ('role "', "make the role: CREATE ROLE NAME LOGIN PASSWORD '...'"),
    ('database "', "make the database: CREATE DATABASE NAME OWNER ROLE"),
    ("definition of service", "write it into ~/.pg_service.conf, or name the server by its URL"),
    ("certificate", "see sslmode and sslrootcert of the URL, and the server's certificate"),
    ("SSL", "see sslmode of the URL, and ssl of the server"),
    ("", _UNREACHABLE),
)


def explained(context: ExceptionContext, place: str) -> DatabaseError | None:
    """The error with advice, None for one that is not about the server but about the question.

    Marks connections as lost that lead to a server which cannot be used any more.
    """
    original = context.original_exception
    state = getattr(original, "sqlstate", None) or ""
    message = f"{place}: {' '.join(str(original).split())}"
    if state in _ELSEWHERE:
        context.is_disconnect = True
    if state in _PASSING:
        lost = context.connection is not None and context.is_disconnect
        return DatabaseUnavailableError(f"{message}: {_PASSING[state]}", lost=lost)
    if state in _LASTING:
        return DatabaseError(f"{message}: {_LASTING[state]}")
    if context.connection is None:
        advice = next(advice for sign, advice in _CONNECTING if sign in str(original))
        return DatabaseUnavailableError(f"{message}: {advice}")
    if context.is_disconnect:
        return DatabaseUnavailableError(f"{message}: the connection was lost: try again", lost=True)
    return None
