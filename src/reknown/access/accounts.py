"""Accounts: people who sign in to the console, and what each may do.

A password is kept as its Argon2id hash, the secret of the one-time codes sealed. Every function
takes the connection whose transaction it becomes part of.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from reknown.access.rights import Rights
from reknown.access.schema import accounts
from reknown.biometrics.errors import AlreadyExistsError, InputError, NotFoundError
from reknown.storage.clock import as_text
from reknown.storage.erasure import erase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

    from reknown.access.vault import Vault

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
# Wrong passwords one after the other that are only answered; then each costs a wait.
_FREE_FAILURES = 5
_FIRST_WAIT = timedelta(seconds=2)
_LONGEST_WAIT = timedelta(minutes=15)


class Role(Enum):
    """What somebody does here."""

    KEEPER = "keeper"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    OPERATOR = "operator"


_LOOKING = ("ListCollections", "DescribeCollection")
# The names that keys have rights to; those that only the console asks for begin with Reknown too.
_OPERATIONS: Mapping[Role, tuple[str, ...]] = {
    Role.KEEPER: (
        *_LOOKING,
        "CreateCollection",
        "*Face*",
        "*User*",
        "Reknown*Group*",
        "ReknownFindSightings",
        "ReknownKeepApart",
        "ReknownProposeMerges",
        "ReknownAddToArchive",
        "ReknownScanArchive",
        "ReknownListArchive",
        "ReknownDeleteFromArchive",
        "ReknownListJobs",
        "ReknownStopJob",
        "ReknownListStoredFilms",
        "ReknownEvaluate",
        "StartFaceSearch",
        "GetFaceSearch",
        "ListStreamProcessors",
        "DescribeStreamProcessor",
        "StartStreamProcessor",
        "StopStreamProcessor",
        "ReknownLookThroughCamera",
    ),
    Role.REVIEWER: (*_LOOKING, "ReknownListCases", "ReknownReadCase", "ReknownJudgeCandidate"),
    Role.AUDITOR: (*_LOOKING, "ReknownReadLedger", "ReknownReadReports"),
    Role.OPERATOR: ("*",),
}


@dataclass(frozen=True, slots=True)
class Account:
    """A person by the name to sign in with; `collections` are patterns as those of keys.

    `second_factor` says whether one-time codes are set up.
    """

    name: str
    role: Role
    collections: tuple[str, ...]
    second_factor: bool
    created_at: datetime

    @property
    def rights(self) -> Rights:
        """As those of an access key."""
        return Rights(_OPERATIONS[self.role], self.collections)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a sign-in is checked against; nothing of it is shown.

    `code_step` is the 30 seconds since 1970 whose code was taken last, `blocked_until` when the
    next attempt is looked at.
    """

    account: Account
    password: str
    code_secret: bytes | None
    code_step: int
    failures: int
    blocked_until: datetime | None

    def waits(self, now: datetime) -> bool:
        """Whether too many answers were wrong for another to be looked at."""
        return self.blocked_until is not None and now < self.blocked_until


def create_account(
    connection: Connection, name: str, role: Role, collections: Sequence[str], password: str
) -> Account:
    """A new account; `password` is a hash. Raises `InputError`, `AlreadyExistsError`."""
    if not _NAME.fullmatch(name):
        raise InputError(
            "an account's name takes 1 to 64 lower-case letters, digits, dots, hyphens and "
            "underscores, and begins with a letter or digit"
        )
    _ = Rights(_OPERATIONS[role], tuple(collections))
    if find_credentials(connection, name) is not None:
        raise AlreadyExistsError(f"account {name!r} already exists")
    values = {
        "name": name,
        "role": role.value,
        "collections": json.dumps(list(collections)),
        "password": password,
        "created_at": as_text(datetime.now(UTC)),
    }
    connection.execute(insert(accounts).values(values))
    return get_account(connection, name)


def list_accounts(connection: Connection) -> list[Account]:
    """All accounts by name."""
    return [_account(row) for row in connection.execute(select(accounts).order_by(accounts.c.name))]


def get_account(connection: Connection, name: str) -> Account:
    """One account; raises `NotFoundError`."""
    found = find_credentials(connection, name)
    if found is None:
        raise NotFoundError(f"account {name!r} does not exist: see `reknown accounts list`")
    return found.account


def find_credentials(connection: Connection, name: str) -> Credentials | None:
    """What a sign-in as this account is checked against, None where there is none."""
    if not _NAME.fullmatch(name):  # no database has to look at what strangers type
        return None
    row = connection.execute(select(accounts).where(accounts.c.name == name)).one_or_none()
    if row is None:
        return None
    blocked = row.blocked_until
    return Credentials(
        _account(row),
        row.password,
        row.code_secret,
        row.code_step,
        row.failures,
        None if blocked is None else datetime.fromisoformat(blocked),
    )


def set_role(connection: Connection, name: str, role: Role, collections: Sequence[str]) -> Account:
    """Other rights, from the next page on; raises `NotFoundError`, `InputError`."""
    _ = get_account(connection, name), Rights(_OPERATIONS[role], tuple(collections))
    _update(connection, name, role=role.value, collections=json.dumps(list(collections)))
    return get_account(connection, name)


def set_password(connection: Connection, name: str, password: str) -> None:
    """Another password, as a hash; the account is free to sign in at once."""
    _update(connection, name, password=password, failures=0, blocked_until=None)
    erase(connection, accounts)


def set_code_secret(connection: Connection, name: str, sealed: bytes | None) -> None:
    """Sets up one-time codes of this sealed secret, or does without."""
    _update(connection, name, code_secret=sealed, code_step=0)
    erase(connection, accounts)


def seal_again(connection: Connection, vault: Vault) -> None:
    """Seals all secrets with the vault's own key; raises `AccessError` where one does not open."""
    secrets = select(accounts.c.name, accounts.c.code_secret)
    for row in connection.execute(secrets.where(accounts.c.code_secret.is_not(None))).all():
        context = sealed_for(row.name)
        sealed = vault.seal(vault.open(row.code_secret, context), context)
        own = update(accounts).where(accounts.c.name == row.name)
        connection.execute(own.values(code_secret=sealed))
    erase(connection, accounts)


def sealed_for(name: str) -> str:
    """The context in which the secret of an account's codes is sealed."""
    return f"one-time codes of {name}"


def use_code(connection: Connection, name: str, step: int) -> bool:
    """Takes the code of these 30 seconds; whether it was not taken before."""
    statement = update(accounts).where(accounts.c.name == name, accounts.c.code_step < step)
    return connection.execute(statement.values(code_step=step)).rowcount == 1


def note_failure(connection: Connection, name: str, now: datetime) -> bool:
    """One more wrong answer; whether the next attempt has to wait.

    That is so from the sixth on, and each doubles the wait.
    """
    own = update(accounts).where(accounts.c.name == name)
    counted = own.values(failures=accounts.c.failures + 1).returning(accounts.c.failures)
    over = int(connection.execute(counted).scalar_one()) - _FREE_FAILURES
    if over > 0:
        wait = min(_FIRST_WAIT * 2 ** min(over - 1, 10), _LONGEST_WAIT)
        _update(connection, name, blocked_until=as_text(now + wait))
    return over > 0


def forget_failures(connection: Connection, name: str) -> None:
    """The right answer came."""
    _update(connection, name, failures=0, blocked_until=None)


def delete_account(connection: Connection, name: str) -> Account:
    """Deletes it and returns what it was; raises `NotFoundError`."""
    found = get_account(connection, name)
    connection.execute(delete(accounts).where(accounts.c.name == name))
    erase(connection, accounts)
    return found


def _update(connection: Connection, name: str, **values: object) -> None:
    connection.execute(update(accounts).where(accounts.c.name == name).values(values))


def _account(row: Row[Any]) -> Account:
    return Account(
        row.name,
        Role(row.role),
        tuple(json.loads(row.collections)),
        row.code_secret is not None,
        datetime.fromisoformat(row.created_at),
    )
