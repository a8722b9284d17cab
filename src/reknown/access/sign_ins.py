"""Sign-ins to the console: rows by the hash of a token that the browser alone has.

Every function takes the connection whose transaction it becomes part of.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, or_, select, update

from reknown.access.schema import sign_ins
from reknown.storage.clock import as_text

if TYPE_CHECKING:
    from sqlalchemy import Connection

LONGEST = timedelta(hours=12)
IDLE = timedelta(hours=1)
LINK = timedelta(minutes=10)
# How often a sign-in that is used is written down: not at every request.
_NOTED = timedelta(minutes=1)
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who signed in: with an account, an access key, or a link, which is neither.

    `digest` is the SHA-256 of its token.
    """

    digest: str
    actor: str
    account: str | None
    key_id: str | None
    created_at: datetime
    seen_at: datetime


def begin(
    connection: Connection,
    actor: str,
    now: datetime,
    *,
    account: str | None = None,
    key_id: str | None = None,
    link: bool = False,
) -> str:
    """A new token; with `link` one that `redeem` takes, once and soon, and nothing else.

    Those that have expired make room for it.
    """
    _sweep(connection, now)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    values = {
        "digest": _digest(token),
        "actor": actor,
        "account": account,
        "key_id": key_id,
        "link": int(link),
        "created_at": as_text(now),
        "seen_at": as_text(now),
        "expires_at": as_text(now + (LINK if link else LONGEST)),
    }
    connection.execute(insert(sign_ins).values(values))
    return token


def find(connection: Connection, token: str, now: datetime) -> SignIn | None:
    """The sign-in of this token unless it has expired, also for want of use."""
    query = select(sign_ins).where(sign_ins.c.digest == _digest(token), sign_ins.c.link == 0)
    row = connection.execute(query).one_or_none()
    if row is None or row.expires_at <= as_text(now) or row.seen_at <= as_text(now - IDLE):
        return None
    return SignIn(
        row.digest,
        row.actor,
        row.account,
        row.key_id,
        datetime.fromisoformat(row.created_at),
        datetime.fromisoformat(row.seen_at),
    )


def stale(found: SignIn, now: datetime) -> bool:
    """Whether it is time to write down that it is used."""
    return found.seen_at < now - _NOTED


def touch(connection: Connection, found: SignIn, now: datetime) -> None:
    """Writes down that it is used."""
    own = sign_ins.c.digest == found.digest
    connection.execute(update(sign_ins).where(own).values(seen_at=as_text(now)))


def redeem(connection: Connection, token: str, now: datetime) -> str | None:
    """The actor that a link is for, None where it is none, or no longer; it is used up."""
    statement = delete(sign_ins).where(sign_ins.c.digest == _digest(token), sign_ins.c.link == 1)
    row = connection.execute(
        statement.returning(sign_ins.c.actor, sign_ins.c.expires_at)
    ).one_or_none()
    return None if row is None or row.expires_at <= as_text(now) else str(row.actor)


def end(connection: Connection, digest: str) -> None:
    """Nobody is signed in with it any more."""
    connection.execute(delete(sign_ins).where(sign_ins.c.digest == digest))


def end_all(connection: Connection, account: str) -> int:
    """Ends every sign-in of an account; how many there were."""
    return connection.execute(delete(sign_ins).where(sign_ins.c.account == account)).rowcount


def _sweep(connection: Connection, now: datetime) -> None:
    old = or_(sign_ins.c.expires_at <= as_text(now), sign_ins.c.seen_at <= as_text(now - IDLE))
    connection.execute(delete(sign_ins).where(old))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
