"""Summaries of records of accounts and sign-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.ledger import records
from reknown.ledger.summary.texts import text_of

if TYPE_CHECKING:
    from reknown.ledger.records.accounts import AccountRecord
    from reknown.ledger.summary.say import Names


@text_of.register(records.CreateAccountRecord)
@text_of.register(records.ChangeRoleRecord)
@text_of.register(records.DeleteAccountRecord)
def _account(record: AccountRecord, _names: Names) -> str:
    return f"{record.account}, {record.role} of {', '.join(record.collections)}"


@text_of.register(records.ChangeAccountRecord)
def _changed_account(record: records.ChangeAccountRecord, _names: Names) -> str:
    return f"{record.account}: {record.changed}"


@text_of.register(records.SignInRecord)
def _signed_in(record: records.SignInRecord, _names: Names) -> str:
    who = record.account or record.key
    return f"with a {record.method}" + ("" if who is None else f", {who}")


@text_of.register(records.RefuseSignInRecord)
def _not_signed_in(record: records.RefuseSignInRecord, _names: Names) -> str:
    return f"{record.account}: {record.reason}"
