"""Requests seen before: what is signed once is done once, what is retried is answered again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import bindparam, delete, func, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from reknown.biometrics.errors import ReplayError, TokenMismatchError
from reknown.ledger.schema import horizons, nonces, tokens
from reknown.storage.clock import as_text

if TYPE_CHECKING:
    from sqlalchemy import Connection, Delete, Table

    from reknown.ledger.actor import Actor, Nonce
    from reknown.storage.database import Database

# As long as Amazon Rekognition remembers the tokens of its video jobs.
_TOKEN_LIFE = timedelta(days=7)
# What was accepted just before it expired may take that long to be carried out.
_GRACE = timedelta(hours=1)
# Made once: to build a statement takes longer than to run it.
_INSERT = insert(nonces)
_OWN = horizons.c.name == "nonces"
_HORIZON = select(horizons.c.moment).where(_OWN)
_CLAIM_HORIZON = _HORIZON.with_for_update(skip_locked=True)
_MOVE_HORIZON = update(horizons).where(_OWN).values(moment=bindparam("until"))
_NEWEST_EXPIRED = select(func.max(nonces.c.expires_at)).where(
    nonces.c.expires_at <= bindparam("moment")
)
_FORGET = delete(nonces).where(nonces.c.expires_at <= bindparam("until"))


@dataclass(frozen=True, slots=True)
class RequestToken:
    """A caller's name for a request that may be sent again; `request` is a digest of it."""

    value: str
    request: str


def consume_nonce(connection: Connection, nonce: Nonce, now: datetime) -> None:
    """Marks the nonce as used in this transaction.

    Raises `ReplayError` if it was already, or may have been: a clock that went ahead and back has
    let nonces be forgotten that are asked for again.
    """
    values = {"nonce": nonce.value, "expires_at": as_text(nonce.expires_at)}
    try:
        with connection.begin_nested():
            connection.execute(_INSERT, values)
    except IntegrityError as error:
        raise ReplayError(
            "a request with this signature has been received before: sign it again to repeat it"
        ) from error
    # after the insertion, which waits for whoever is forgetting the very same one
    if as_text(nonce.expires_at) <= connection.execute(_HORIZON).scalar_one():
        raise ReplayError(
            "a request with this signature may have been received before a clock was set: sign it "
            "again"
        )
    _forget_nonces(connection, now - _GRACE)


def check_writable(database: Database) -> None:
    """Writes a nonce and takes it back; raises `DatabaseError` when nothing can be written."""
    now = datetime.now(UTC)
    nonce = f"rehearsal {uuid4()}"
    with database.begin() as connection:
        connection.execute(_INSERT, {"nonce": nonce, "expires_at": as_text(now)})
        connection.execute(delete(nonces).where(nonces.c.nonce == nonce))


def find_answer(
    connection: Connection, actor: Actor, operation: str, token: RequestToken
) -> str | None:
    """The answer given to this request before, None if it is new.

    Raises `TokenMismatchError` when the token stands for another request.
    """
    query = select(tokens.c.request, tokens.c.answer).where(
        tokens.c.actor == actor.name,
        tokens.c.operation == operation,
        tokens.c.token == token.value,
        tokens.c.expires_at > as_text(datetime.now(UTC)),
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    if row.request != token.request:
        raise _taken(token)
    return str(row.answer)


def keep_answer(
    connection: Connection, actor: Actor, operation: str, token: RequestToken, answer: str
) -> None:
    """Keeps the answer for the request sent again.

    Raises `TokenMismatchError` when another request has taken the token meanwhile.
    """
    now = datetime.now(UTC)
    _forget_old(connection, tokens, now)
    values = {
        "actor": actor.name,
        "operation": operation,
        "token": token.value,
        "request": token.request,
        "answer": answer,
        "expires_at": as_text(now + _TOKEN_LIFE),
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(tokens).values(values))
    except IntegrityError as error:
        raise _taken(token) from error


def _forget_nonces(connection: Connection, moment: datetime) -> None:
    """Forgets what has expired, and remembers until when."""
    newest = connection.execute(_NEWEST_EXPIRED, {"moment": as_text(moment)}).scalar_one()
    if newest is None:
        return
    # where another transaction is at it already, this one is not needed
    if connection.execute(_CLAIM_HORIZON).one_or_none() is not None:
        connection.execute(_MOVE_HORIZON, {"until": newest})
        connection.execute(_FORGET, {"until": newest})


def _forget_old(connection: Connection, table: Table, moment: datetime) -> None:
    connection.execute(_expired(table), {"moment": as_text(moment)})


@cache
def _expired(table: Table) -> Delete:
    """Made once for each table: every change runs it."""
    # What another transaction is deleting already is not waited for.
    key, end = table.primary_key.columns, table.c.expires_at
    old = select(*key).where(end <= bindparam("moment")).with_for_update(skip_locked=True)
    return delete(table).where(tuple_(*key).in_(old))


def _taken(token: RequestToken) -> TokenMismatchError:
    return TokenMismatchError(
        f"The ClientRequestToken: {token.value} you have supplied is already in use"
    )
