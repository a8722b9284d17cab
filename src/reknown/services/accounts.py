"""Accounts of people: made, changed, deleted. Every change is in the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reknown.access import accounts, sign_ins
from reknown.access.accounts import Account, Role
from reknown.access.passwords import (
    code_address,
    hash_password,
    new_code_secret,
    require_password,
    step_of_code,
)
from reknown.biometrics.errors import InputError
from reknown.ledger import log
from reknown.ledger.records import (
    ChangeAccountRecord,
    ChangeRoleRecord,
    CreateAccountRecord,
    DeleteAccountRecord,
)
from reknown.services.live.ending import end_watches_of
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.access.vault import Vault
    from reknown.services.context import Context

__all__ = [
    "Account",
    "CodeSetup",
    "Role",
    "actor_of",
    "change_password",
    "change_role",
    "create_account",
    "delete_account",
    "get_account",
    "list_accounts",
    "offer_codes",
    "remove_codes",
    "role_of",
    "set_up_codes",
]


_DELETED = "The account that started it was deleted."


@dataclass(frozen=True, slots=True)
class CodeSetup:
    """A secret for one-time codes, and the same as the address that an authenticator reads."""

    secret: str
    address: str


def actor_of(name: str) -> str:
    """What the ledger calls whoever is signed in with the account."""
    return f"account:{name}"


def role_of(text: str) -> Role:
    """The role of that name; raises `InputError`."""
    try:
        return Role(text)
    except ValueError as error:
        roles = ", ".join(each.value for each in Role)
        raise InputError(f"there is no role {text!r}: choose one of {roles}") from error


def create_account(
    context: Context, name: str, role: Role, collections: Sequence[str], password: str
) -> Account:
    """A new account; raises `InputError`, `AlreadyExistsError`."""
    require_password(password, name)
    hashed = hash_password(password)
    with context.database.begin() as connection:
        made = accounts.create_account(connection, name, role, collections, hashed)
        record = CreateAccountRecord(made.name, made.role.value, made.collections)
        log.append(connection, context.actor, None, record)
    return made


def list_accounts(context: Context) -> list[Account]:
    """All accounts by name."""
    with reading(context.database) as connection:
        return accounts.list_accounts(connection)


def get_account(context: Context, name: str) -> Account:
    """One account; raises `NotFoundError`."""
    with reading(context.database) as connection:
        return accounts.get_account(connection, name)


def delete_account(context: Context, name: str) -> Account:
    """Deletes it with all its sign-ins and returns what it was; raises `NotFoundError`.

    Watches that it started end.
    """
    with context.database.begin() as connection:
        sign_ins.end_all(connection, name)
        gone = accounts.delete_account(connection, name)
        end_watches_of(connection, actor_of(gone.name), _DELETED, context.actor)
        record = DeleteAccountRecord(gone.name, gone.role.value, gone.collections)
        log.append(connection, context.actor, None, record)
    return gone


def change_role(context: Context, name: str, role: Role, collections: Sequence[str]) -> Account:
    """Other rights from now on, also for whoever is signed in; raises as `create_account` does."""
    with context.database.begin() as connection:
        changed = accounts.set_role(connection, name, role, collections)
        record = ChangeRoleRecord(changed.name, changed.role.value, changed.collections)
        log.append(connection, context.actor, None, record)
    return changed


def change_password(context: Context, name: str, password: str) -> None:
    """Another password; all sign-ins of the account end. Raises `NotFoundError`, `InputError`."""
    require_password(password, name)
    hashed = hash_password(password)
    with context.database.begin() as connection:
        _ = accounts.get_account(connection, name)
        accounts.set_password(connection, name, hashed)
        ended = sign_ins.end_all(connection, name)
        record = ChangeAccountRecord(name, "password", ended)
        log.append(connection, context.actor, None, record)


def offer_codes(name: str) -> CodeSetup:
    """A new secret for one-time codes, which counts once `set_up_codes` has it."""
    secret = new_code_secret()
    return CodeSetup(secret, code_address(secret, name))


def set_up_codes(context: Context, vault: Vault, name: str, secret: str, code: str) -> None:
    """From now on a sign-in needs a code too; `code` shows that the authenticator has the secret.

    Raises `NotFoundError`, or `InputError` for a wrong code.
    """
    if step_of_code(secret, code, datetime.now(UTC)) is None:
        raise InputError("this is not the code of this minute: look at the authenticator again")
    with context.database.begin() as connection:
        _ = accounts.get_account(connection, name)
        accounts.set_code_secret(
            connection, name, vault.seal(secret.encode(), accounts.sealed_for(name))
        )
        log.append(connection, context.actor, None, ChangeAccountRecord(name, "codes set up", 0))


def remove_codes(context: Context, name: str) -> None:
    """For a lost authenticator; all sign-ins of the account end. Raises `NotFoundError`."""
    with context.database.begin() as connection:
        _ = accounts.get_account(connection, name)
        accounts.set_code_secret(connection, name, None)
        ended = sign_ins.end_all(connection, name)
        record = ChangeAccountRecord(name, "codes removed", ended)
        log.append(connection, context.actor, None, record)


def open_code_secret(vault: Vault, found: accounts.Credentials) -> str | None:
    """The secret of an account's one-time codes, None where they are not set up."""
    if found.code_secret is None:
        return None
    return vault.open(found.code_secret, accounts.sealed_for(found.account.name)).decode()
