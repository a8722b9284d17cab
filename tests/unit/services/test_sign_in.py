from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from pyotp import TOTP
from sqlalchemy import select, text, update

from contexts import events
from reknown.access import accounts as stored
from reknown.access import sign_ins as table_of
from reknown.access.rights import ALL, Rights
from reknown.access.schema import sign_ins as table
from reknown.access.vault import Vault, new_vault
from reknown.biometrics.errors import AccessError, AlreadyExistsError, InputError, NotFoundError
from reknown.ledger.records import (
    ChangeRoleRecord,
    RefuseSignInRecord,
    SignInRecord,
    SignOutRecord,
)
from reknown.services import access, accounts, sign_in
from reknown.services.accounts import Role
from reknown.storage.clock import as_text

if TYPE_CHECKING:
    from reknown.services.context import Context

PASSWORD = "four small words here"


@pytest.fixture
def vault() -> Vault:
    return Vault(bytes(range(32)))


@pytest.fixture
def ada(context: Context) -> accounts.Account:
    return accounts.create_account(context, "ada", Role.KEEPER, ["family"], PASSWORD)


def _resumed(context: Context, token: str) -> sign_in.Visitor | None:
    return sign_in.resume(context.database, token, "request")


def test_another_role_is_in_force_at_once_and_on_the_record(
    context: Context, vault: Vault, ada: accounts.Account
) -> None:
    token = sign_in.sign_in_with_password(context, vault, "ada", PASSWORD, "")
    accounts.change_role(context, "ada", Role.AUDITOR, ["work"])
    visitor = _resumed(context, token)
    assert visitor is not None
    assert visitor.may("ReknownReadLedger", None)
    assert not visitor.may("DescribeCollection", "family")
    assert events(context)[-1].record == ChangeRoleRecord("ada", "auditor", ("work",))
    with pytest.raises(NotFoundError):
        accounts.change_role(context, "ben", Role.AUDITOR, ["work"])
    with pytest.raises(InputError):
        accounts.change_role(context, "ada", Role.AUDITOR, ["a/b"])


@pytest.mark.parametrize(
    ("role", "collections", "rights"),
    [
        (Role.OPERATOR, ["*"], {"settings", "family"}),
        (Role.OPERATOR, ["fam*"], {"family"}),
        (Role.KEEPER, ["*"], set()),
    ],
)
def test_rules_are_set_by_operators(
    context: Context, vault: Vault, role: Role, collections: list[str], rights: set[str]
) -> None:
    accounts.create_account(context, "ben", role, collections, PASSWORD)
    visitor = _resumed(context, sign_in.sign_in_with_password(context, vault, "ben", PASSWORD, ""))
    assert visitor is not None
    assert visitor.may(sign_in.SETTINGS, None) == ("settings" in rights)
    for right in sign_in.FOR_OPERATORS - {sign_in.SETTINGS}:
        assert visitor.may(right, "family") == ("family" in rights)
        assert visitor.may(right, "work") == ("settings" in rights)


@pytest.mark.parametrize(
    ("operations", "may"), [(("*",), False), (("Reknown*",), False), (("*", sign_in.LOOK), True)]
)
def test_what_a_key_has_to_name_over_the_api_it_has_to_name_here(
    context: Context, vault: Vault, operations: tuple[str, ...], may: bool
) -> None:
    key, secret = access.create_key(context, vault, "gate", Rights(operations, ("family",)))
    visitor = _resumed(context, sign_in.sign_in_with_key(context, vault, key.key_id, secret))
    assert visitor is not None
    assert visitor.may(sign_in.LOOK, "family") == may
    assert not visitor.may(sign_in.LOOK, "work")


@pytest.mark.parametrize("role", list(Role))
def test_cameras_are_looked_through_by_those_who_may_search(
    context: Context, vault: Vault, role: Role
) -> None:
    accounts.create_account(context, "ben", role, ["family"], PASSWORD)
    visitor = _resumed(context, sign_in.sign_in_with_password(context, vault, "ben", PASSWORD, ""))
    assert visitor is not None
    searches = visitor.may("SearchUsersByImage", "family")
    assert searches == (role in {Role.KEEPER, Role.OPERATOR})
    assert visitor.may(sign_in.LOOK, "family") == searches
    assert visitor.may("ListStreamProcessors", "family") == searches


def test_a_person_signs_in_and_out(context: Context, vault: Vault, ada: accounts.Account) -> None:
    token = sign_in.sign_in_with_password(context, vault, "ada", PASSWORD, "")
    visitor = _resumed(context, token)
    assert visitor is not None
    assert (visitor.name, visitor.actor.name) == ("ada", "account:ada")
    assert visitor.rights.permits("ListFaces", "family")
    assert not visitor.rights.permits("ListFaces", "work")
    assert not visitor.rights.permits("ReknownReadLedger", None)
    sign_in.sign_out(context, visitor)
    assert _resumed(context, token) is None
    done = [event.record for event in events(context)]
    assert SignInRecord("password", account="ada") in done
    assert SignOutRecord() in done


def test_nothing_tells_whether_there_is_such_an_account(
    context: Context, vault: Vault, ada: accounts.Account
) -> None:
    messages = set()
    attempts = [("bob", PASSWORD), *[("ada", "wrong")] * 7, ("ada", PASSWORD), ("\x00", "")]
    for name, password in attempts:
        with pytest.raises(AccessError) as error:
            sign_in.sign_in_with_password(context, vault, name, password, "")
        messages.add(str(error.value))
    assert len(messages) == 1
    refused = [each.record for each in events(context, RefuseSignInRecord.OPERATION)]
    wrong = RefuseSignInRecord("wrong password", "ada")
    # from then on nothing is written for a while, however many try
    assert refused == [*[wrong] * 5, RefuseSignInRecord("too many attempts", "ada")]


def test_many_wrong_passwords_cost_a_wait(
    context: Context, vault: Vault, ada: accounts.Account
) -> None:
    def attempt() -> None:
        with pytest.raises(AccessError):
            sign_in.sign_in_with_password(context, vault, "ada", "wrong", "")

    threads = [Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(AccessError, match="15 minutes"):
        sign_in.sign_in_with_password(context, vault, "ada", PASSWORD, "")
    accounts.change_password(context, "ada", PASSWORD)
    assert sign_in.sign_in_with_password(context, vault, "ada", PASSWORD, "")


def test_a_code_is_taken_once(context: Context, vault: Vault, ada: accounts.Account) -> None:
    setup = accounts.offer_codes("ada")
    with pytest.raises(InputError, match="code"):
        accounts.set_up_codes(context, vault, "ada", setup.secret, "000000x")
    code = TOTP(setup.secret).now()
    accounts.set_up_codes(context, vault, "ada", setup.secret, code)
    (shown,) = accounts.list_accounts(context)
    assert shown.second_factor
    with pytest.raises(AccessError):
        sign_in.sign_in_with_password(context, vault, "ada", PASSWORD, "")
    code = TOTP(setup.secret).now()
    assert sign_in.sign_in_with_password(context, vault, "ada", PASSWORD, code)
    with pytest.raises(AccessError):
        sign_in.sign_in_with_password(context, vault, "ada", PASSWORD, code)
    accounts.remove_codes(context, "ada")
    assert sign_in.sign_in_with_password(context, vault, "ada", PASSWORD, "")


def test_another_password_signs_everybody_out(
    context: Context, vault: Vault, ada: accounts.Account
) -> None:
    token = sign_in.sign_in_with_password(context, vault, "ada", PASSWORD, "")
    accounts.change_password(context, "ada", PASSWORD + "!")
    assert _resumed(context, token) is None
    again = sign_in.sign_in_with_password(context, vault, "ada", PASSWORD + "!", "")
    accounts.delete_account(context, "ada")
    assert _resumed(context, again) is None
    with pytest.raises(NotFoundError):
        accounts.delete_account(context, "ada")


def test_a_key_signs_in_until_it_is_revoked(context: Context, vault: Vault) -> None:
    rights = Rights(("ListFaces",), ("staff-*",))
    key, secret = access.create_key(context, vault, "gate", rights, "access-control")
    with pytest.raises(AccessError):
        sign_in.sign_in_with_key(context, vault, key.key_id, secret[:-1])
    with pytest.raises(AccessError):
        sign_in.sign_in_with_key(context, vault, "RK" + "A" * 18, secret)
    token = sign_in.sign_in_with_key(context, vault, key.key_id, secret)
    visitor = _resumed(context, token)
    assert visitor is not None
    assert (visitor.actor.name, visitor.rights) == (f"key:{key.key_id}", rights)
    assert visitor.purpose == "access-control"
    access.revoke_key(context, key.key_id)
    assert _resumed(context, token) is None


def test_a_link_signs_in_once(context: Context) -> None:
    link = sign_in.offer_link(context)
    assert _resumed(context, link) is None
    visitor = _resumed(context, sign_in.sign_in_with_link(context, link))
    assert visitor is not None
    assert visitor.rights == ALL
    for used in (link, "made up"):
        with pytest.raises(AccessError, match="link"):
            sign_in.sign_in_with_link(context, used)


@pytest.mark.parametrize(("column", "hours"), [("expires_at", 13), ("seen_at", 2)])
def test_a_sign_in_ends_by_itself(context: Context, column: str, hours: int) -> None:
    token = sign_in.sign_in_with_link(context, sign_in.offer_link(context))
    past = as_text(datetime.now(UTC) - timedelta(hours=hours))
    with context.database.begin() as connection:
        connection.execute(update(table).values({column: past}))
    assert _resumed(context, token) is None


def test_sign_ins_that_are_over_make_room(context: Context) -> None:
    past = datetime.now(UTC) - timedelta(days=1)
    with context.database.begin() as connection:
        for _ in range(3):
            table_of.begin(connection, "test", past)
    sign_in.sign_in_with_link(context, sign_in.offer_link(context))
    with context.database.begin() as connection:
        assert len(connection.execute(select(table)).all()) == 1


def test_a_browser_that_is_left_alone_is_no_account(
    context: Context, ada: accounts.Account
) -> None:
    sign_in.confirm_password(context, "ada", PASSWORD)
    for _ in range(6):
        with pytest.raises(AccessError, match="present password"):
            sign_in.confirm_password(context, "ada", "wrong")
    with pytest.raises(AccessError, match="present password"):
        sign_in.confirm_password(context, "ada", PASSWORD)
    refused = [each.record for each in events(context, RefuseSignInRecord.OPERATION)]
    assert len(refused) == 6


def test_no_token_is_in_the_database(context: Context) -> None:
    token = sign_in.sign_in_with_link(context, sign_in.offer_link(context))
    with context.database.begin() as connection:
        rows = connection.execute(text("SELECT * FROM sign_ins")).all()
    assert token not in str(rows)


def test_names_of_accounts_are_plain(context: Context, ada: accounts.Account) -> None:
    for name in ("Ada", "a" * 65, "", "a b", "ä", "-a"):
        with pytest.raises(InputError):
            accounts.create_account(context, name, Role.AUDITOR, ["*"], PASSWORD)
    with pytest.raises(AlreadyExistsError):
        accounts.create_account(context, "ada", Role.AUDITOR, ["*"], PASSWORD)


def test_codes_outlive_a_change_of_the_master_key(
    context: Context, vault: Vault, ada: accounts.Account
) -> None:
    setup, newer = accounts.offer_codes("ada"), new_vault(vault)
    with context.database.begin() as connection:
        sealed = vault.seal(setup.secret.encode(), stored.sealed_for("ada"))
        stored.set_code_secret(connection, "ada", sealed)
        stored.seal_again(connection, newer)
        found = stored.find_credentials(connection, "ada")
    assert found is not None
    assert accounts.open_code_secret(newer, found) == setup.secret
    with pytest.raises(AccessError):
        accounts.open_code_secret(vault, found)
