"""Who signs in here, and what they may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.console.rendering import go, page
from reknown.services.accounts import (
    Role,
    change_password,
    change_role,
    create_account,
    delete_account,
    get_account,
    list_accounts,
    remove_codes,
    role_of,
)

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit


def accounts(visit: Visit) -> Response:
    """All of them, and a form for another."""
    return again(visit, None)


def again(visit: Visit, error: str | None) -> Response:
    """The same, with what is wrong with the form."""
    found, roles = list_accounts(visit.context), [each.value for each in Role]
    return page(visit, "accounts.html.j2", accounts=found, roles=roles, error=error)


def add(visit: Visit) -> Response:
    """Another account."""
    made = create_account(
        visit.context,
        visit.given("name"),
        role_of(visit.given("role")),
        visit.words("collections") or ["*"],
        visit.arrival.form.get("password", ""),
    )
    return _done(visit.gettext("%(name)s signs in with this password now.", name=made.name))


def account(visit: Visit) -> Response:
    """One of them, and what can be changed."""
    return one_again(visit, None)


def one_again(visit: Visit, error: str | None) -> Response:
    """The same, with what is wrong with the form."""
    its, roles = get_account(visit.context, _name(visit)), [each.value for each in Role]
    return page(visit, "one_account.html.j2", its=its, roles=roles, error=error)


def set_role(visit: Visit) -> Response:
    """Other rights from the next page on."""
    collections = visit.words("collections") or ["*"]
    made = change_role(visit.context, _name(visit), role_of(visit.given("role")), collections)
    return _done(
        visit.gettext(
            "%(name)s has this role now: %(role)s of %(collections)s.",
            name=made.name,
            role=visit.gettext(made.role.value),
            collections=", ".join(made.collections),
        )
    )


def set_password(visit: Visit) -> Response:
    """Another password; every sign-in of the account ends."""
    change_password(visit.context, _name(visit), visit.arrival.form.get("password", ""))
    return _done(
        visit.gettext("%(name)s has another password and is signed out.", name=_name(visit))
    )


def drop_codes(visit: Visit) -> Response:
    """After the loss of a phone."""
    remove_codes(visit.context, _name(visit))
    return _done(visit.gettext("%(name)s signs in without codes now.", name=_name(visit)))


def delete(visit: Visit) -> Response:
    """Nobody signs in with it any more."""
    gone = delete_account(visit.context, _name(visit))
    return _done(visit.gettext("%(name)s is deleted.", name=gone.name))


def _name(visit: Visit) -> str:
    return visit.arrival.place["account"]


def _done(said: str) -> Response:
    return go("settings", "accounts", done=said)
