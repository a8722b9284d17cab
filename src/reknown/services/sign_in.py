"""Signing in to the console: with an account, an access key, or a link from the command line."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from reknown.access import accounts, keys, sign_ins
from reknown.access.passwords import step_of_code, verify_password
from reknown.access.rights import ALL, BY_NAME, Rights
from reknown.biometrics.errors import AccessError, NotFoundError
from reknown.ledger import log
from reknown.ledger.records import (
    OfferLinkRecord,
    RefuseSignInRecord,
    SignInRecord,
    SignOutRecord,
)
from reknown.services.accounts import actor_of, open_code_secret
from reknown.services.context import Actor
from reknown.storage.database import reading

if TYPE_CHECKING:
    from reknown.access.sign_ins import SignIn
    from reknown.access.vault import Vault
    from reknown.services.context import Context
    from reknown.storage.database import Connection, Database

SETTINGS, POLICY, STOP, CONSENTS = (
    "ReknownManageSettings",
    "ReknownManagePolicy",
    "ReknownStopSearches",
    "ReknownManageConsents",
)
LOOK = "ReknownLookThroughCamera"
EVALUATE = "ReknownEvaluate"
"""Reads pictures of people from folders that the operator allows; never what is not allowed."""

FOR_OPERATORS = frozenset({SETTINGS, POLICY, STOP, CONSENTS})
"""Rights that no access key has."""

_Reason = Literal["wrong password", "wrong code", "too many attempts"]
# One for all: it does not tell whether there is such an account.
_WRONG = (
    "wrong name, password or code; after several wrong attempts, even the right ones are refused "
    "for up to 15 minutes: try again then"
)
_NOT_YOURS = "wrong present password; after several, wait up to 15 minutes, then try again"
_WRONG_KEY = "wrong key or secret: try again"
_NO_LINK = "this link was used, or is too old: ask for another with `reknown console`"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in, and what they may do now.

    `digest` names the sign-in, `name` is for people to read, `purpose` what searches are for
    where nothing else is said. `operator` says that they set the rules for others.
    """

    digest: str
    actor: Actor
    name: str
    rights: Rights
    account: str | None = None
    purpose: str | None = None
    operator: bool = False

    def may(self, operation: str, collection: str | None) -> bool:
        """Whether the operation is theirs, on the collection or, where it is None, on none.

        What sets rules is for operators: a key that may do everything, or that leaked, makes no
        other keys. What is of no collection takes an operator of all of them, or one of some
        would give themselves the rest.
        """
        if operation in FOR_OPERATORS:
            partial = operation != SETTINGS and collection is not None
            everywhere = partial or "*" in self.rights.collections
            return self.operator and everywhere and self.rights.permits(operation, collection)
        # a key's patterns allow no more in the console than over the API
        by_name = operation in BY_NAME and not self.operator
        return self.rights.permits(operation, collection, by_name=by_name)


def sign_in_with_password(
    context: Context, vault: Vault, name: str, password: str, code: str
) -> str:
    """A token for the browser; `code` is that of the authenticator, if one is set up.

    Raises `AccessError`, which tells nobody whether there is such an account. What is refused while
    an account waits is not written down: strangers could fill the ledger with it.
    """
    now = datetime.now(UTC)
    with reading(context.database) as connection:
        found = accounts.find_credentials(connection, name)
    fits = verify_password(None if found is None else found.password, password)
    if found is None or found.waits(now):
        raise AccessError(_WRONG)
    secret = open_code_secret(vault, found)
    step = None if secret is None else step_of_code(secret, code, now)
    actor = Actor(actor_of(name), context.actor.request_id)
    with context.database.begin() as connection:
        used = step is not None and accounts.use_code(connection, name, step)
        if fits and (secret is None or used):
            accounts.forget_failures(connection, name)
            log.append(connection, actor, None, SignInRecord("password", account=name))
            return sign_ins.begin(connection, actor.name, now, account=name)
        _note_failure(connection, context, name, "wrong code" if fits else "wrong password")
    raise AccessError(_WRONG)


def confirm_password(context: Context, name: str, password: str) -> None:
    """Raises `AccessError` unless this is the account's password: a browser may be left alone."""
    with reading(context.database) as connection:
        found = accounts.find_credentials(connection, name)
    fits = verify_password(None if found is None else found.password, password)
    if found is None or found.waits(datetime.now(UTC)):
        raise AccessError(_NOT_YOURS)
    if not fits:
        with context.database.begin() as connection:
            _note_failure(connection, context, name, "wrong password")
        raise AccessError(_NOT_YOURS)


def sign_in_with_key(context: Context, vault: Vault, key_id: str, secret: str) -> str:
    """A token for the browser; raises `AccessError`.

    A wrong secret is in the server's log alone, as that of a request to the API is.
    """
    now = datetime.now(UTC)
    with reading(context.database) as connection:
        found = keys.find_secret(connection, vault, key_id, now)
    if found is None:
        raise AccessError(_WRONG_KEY)
    key, known = found
    if not hmac.compare_digest(known.encode(), secret.encode()):
        raise AccessError(_WRONG_KEY)
    actor = Actor(f"key:{key.key_id}", context.actor.request_id)
    with context.database.begin() as connection:
        log.append(connection, actor, None, SignInRecord("key", key=key.key_id))
        return sign_ins.begin(connection, actor.name, now, key_id=key.key_id)


def offer_link(context: Context) -> str:
    """A token that `sign_in_with_link` takes once, within ten minutes, with all rights."""
    with context.database.begin() as connection:
        log.append(connection, context.actor, None, OfferLinkRecord())
        return sign_ins.begin(connection, context.actor.name, datetime.now(UTC), link=True)


def sign_in_with_link(context: Context, token: str) -> str:
    """A token for the browser of whom the link was offered to; raises `AccessError`."""
    now = datetime.now(UTC)
    with context.database.begin() as connection:
        offered = sign_ins.redeem(connection, token, now)
        if offered is not None:
            actor = Actor(offered, context.actor.request_id)
            log.append(connection, actor, None, SignInRecord("link"))
            return sign_ins.begin(connection, actor.name, now)
    raise AccessError(_NO_LINK)


def resume(database: Database, token: str, request_id: str) -> Visitor | None:
    """Who has this token, with the rights that they have at this moment."""
    now = datetime.now(UTC)
    with reading(database) as connection:
        found = sign_ins.find(connection, token, now)
        visitor = None if found is None else _visitor(connection, found, request_id, now)
    if found is not None and visitor is not None and sign_ins.stale(found, now):
        with database.begin() as connection:
            sign_ins.touch(connection, found, now)
    return visitor


def sign_out(context: Context, visitor: Visitor) -> None:
    """Ends the sign-in at once."""
    with context.database.begin() as connection:
        sign_ins.end(connection, visitor.digest)
        log.append(connection, visitor.actor, None, SignOutRecord())


def _visitor(
    connection: Connection, found: SignIn, request_id: str, now: datetime
) -> Visitor | None:
    actor = Actor(found.actor, request_id)
    try:
        if found.account is not None:
            account = accounts.get_account(connection, found.account)
            return Visitor(
                found.digest,
                actor,
                account.name,
                account.rights,
                account.name,
                operator=account.role is accounts.Role.OPERATOR,
            )
        if found.key_id is not None:
            key = keys.get_key(connection, found.key_id)
            if key.expired(now):
                return None
            return Visitor(found.digest, actor, key.name, key.rights, purpose=key.purpose)
    except NotFoundError:  # deleted meanwhile
        return None
    return Visitor(found.digest, actor, "operator", ALL, operator=True)


def _note_failure(connection: Connection, context: Context, name: str, reason: _Reason) -> None:
    if accounts.note_failure(connection, name, datetime.now(UTC)):
        reason = "too many attempts"
    log.append(connection, context.actor, None, RefuseSignInRecord(reason, name))
