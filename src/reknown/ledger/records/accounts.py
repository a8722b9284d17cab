"""Records of people's accounts and of who signed in to the console."""

# Not `from __future__ import annotations`: msgspec reads these types when it runs.
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from reknown.ledger.records.parts import Count, KeyId, Pattern, Record, doc

AccountName = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9._-]{0,63}\Z", title="account")]
RoleName = Literal["keeper", "reviewer", "auditor", "operator"]


@dataclass(frozen=True, slots=True)
class AccountRecord(Record):
    """An account and what it may do; nothing of its password."""

    account: Annotated[AccountName, doc("The name to sign in with")]
    role: Annotated[RoleName, doc("What this person does")]
    collections: Annotated[tuple[Pattern, ...], doc("Patterns of the collections it may see")]


@dataclass(frozen=True, slots=True)
class CreateAccountRecord(AccountRecord):
    """A new account."""

    OPERATION: ClassVar[str] = "create account"


@dataclass(frozen=True, slots=True)
class DeleteAccountRecord(AccountRecord):
    """An account was deleted, and with it all its sign-ins."""

    OPERATION: ClassVar[str] = "delete account"


@dataclass(frozen=True, slots=True)
class ChangeRoleRecord(AccountRecord):
    """An account may do something else from then on, or on other collections."""

    OPERATION: ClassVar[str] = "change role"


@dataclass(frozen=True, slots=True)
class ChangeAccountRecord(Record):
    """An account got another password, or one-time codes."""

    OPERATION: ClassVar[str] = "change account"

    account: Annotated[AccountName, doc("The name to sign in with")]
    changed: Annotated[
        Literal["password", "codes set up", "codes removed"], doc("What is another one now")
    ]
    ended: Annotated[Count, doc("How many sign-ins of the account were ended")]


@dataclass(frozen=True, slots=True)
class OfferLinkRecord(Record):
    """A link was made that signs somebody in once, with all rights."""

    OPERATION: ClassVar[str] = "offer link"


@dataclass(frozen=True, slots=True)
class SignInRecord(Record):
    """Somebody signed in to the console."""

    OPERATION: ClassVar[str] = "sign in"

    method: Annotated[Literal["password", "key", "link"], doc("With what")]
    account: Annotated[AccountName | None, doc("The account's name, if it was one")] = None
    key: Annotated[KeyId | None, doc("The access key, if it was one")] = None


@dataclass(frozen=True, slots=True)
class RefuseSignInRecord(Record):
    """Somebody who is not known could not sign in as this account."""

    OPERATION: ClassVar[str] = "refuse sign in"

    reason: Annotated[
        Literal["wrong password", "wrong code", "too many attempts"],
        doc("Why; after the last the account waits before another attempt counts"),
    ]
    account: Annotated[AccountName, doc("The account's name")]


@dataclass(frozen=True, slots=True)
class SignOutRecord(Record):
    """Somebody signed out of the console."""

    OPERATION: ClassVar[str] = "sign out"
