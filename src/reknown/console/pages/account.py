"""A person's own account: another password, one-time codes."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import segno
from markupsafe import Markup

from reknown.console.own_words import FormError
from reknown.console.rendering import go, page
from reknown.services.accounts import change_password, offer_codes, set_up_codes
from reknown.services.sign_in import confirm_password

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit


def account(visit: Visit) -> Response:
    """What can be changed."""
    name = visit.visitor.account
    setup = None if name is None else offer_codes(name)
    picture = None if setup is None else _picture(setup.address)
    return page(visit, "account.html.j2", setup=setup, picture=picture)


def set_password(visit: Visit) -> Response:
    """Another password; every sign-in of the account ends, this one too."""
    if visit.given("password") != visit.given("password_again"):
        raise FormError("the two passwords differ: type the same twice")
    _confirm(visit)
    change_password(visit.context, _own(visit), visit.arrival.form["password"])
    return go("sign-in")


def set_codes(visit: Visit) -> Response:
    """One-time codes from now on."""
    _confirm(visit)
    set_up_codes(
        visit.context, visit.vault, _own(visit), visit.given("secret"), visit.given("code")
    )
    done = visit.gettext("From now on, signing in takes a code of the authenticator.")
    return go("account", done=done)


def _confirm(visit: Visit) -> None:
    """Whoever finds a browser open does not take the account over."""
    confirm_password(visit.context, _own(visit), visit.arrival.form.get("present", ""))


def _own(visit: Visit) -> str:
    if visit.visitor.account is None:
        raise FormError("this sign-in has no account: sign in with one")
    return visit.visitor.account


def _picture(address: str) -> Markup:
    """For a phone's camera."""
    written = BytesIO()
    segno.make(address).save(written, kind="svg", xmldecl=False, svgns=True, scale=4, border=2)
    return Markup(written.getvalue().decode())  # noqa: S704 - drawn here, of rectangles
