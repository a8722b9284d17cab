"""Signing in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from starlette.responses import JSONResponse, RedirectResponse

from reknown.biometrics.errors import AccessError
from reknown.console.own_words import said
from reknown.console.protection import drop_token, keep_token
from reknown.console.rendering import ROOT, entrance, go
from reknown.console.visit import SAID
from reknown.services.sign_in import (
    sign_in_with_key,
    sign_in_with_link,
    sign_in_with_password,
    sign_out,
)

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Arrival, Visit
    from reknown.services.access import Vault
    from reknown.services.context import Context


def ask(arrival: Arrival, _: Context, __: Vault) -> Response:
    """The form; with a link's token only a button, so that nothing that looks ahead uses it up."""
    template = "link.html.j2" if "link" in arrival.query else "sign_in.html.j2"
    return entrance(
        arrival.language,
        template,
        next=_wanted(arrival),
        link=arrival.query.get("link"),
        error=None,
    )


def take(arrival: Arrival, context: Context, vault: Vault) -> Response:
    """Signs in with what the form holds."""
    try:
        token = _token(arrival, context, vault)
    except AccessError as error:
        message = said(arrival.language, error)
        return entrance(
            arrival.language,
            "sign_in.html.j2",
            403,
            next=_wanted(arrival),
            link=None,
            error=message,
        )
    response = RedirectResponse(_wanted(arrival), 303)
    keep_token(response, token, secure=arrival.secure)
    return response


def presence(visit: Visit) -> Response:
    """Who is signed in now: asked before a form is sent that was opened earlier."""
    return JSONResponse({"actor": visit.context.actor.name, "form_token": visit.form_token})


def leave(visit: Visit) -> Response:
    """Signs out."""
    sign_out(visit.context, visit.visitor)
    response = go("sign-in")
    drop_token(response)
    return response


def _token(arrival: Arrival, context: Context, vault: Vault) -> str:
    form = arrival.form
    if "link" in form:
        return sign_in_with_link(context, form["link"])
    name, secret = form.get("name", "").strip(), form.get("password", "")
    if name.startswith("RK"):
        return sign_in_with_key(context, vault, name, secret.strip())
    return sign_in_with_password(context, vault, name, secret, form.get("code", ""))


def _wanted(arrival: Arrival) -> str:
    """The page that was asked for, without what it said was done; never another site's."""
    wanted = arrival.form.get("next") or arrival.query.get("next") or ROOT
    path, _, query = wanted.partition("?")
    ours = path == ROOT or path.startswith(f"{ROOT}/")
    if not ours or "\\" in wanted or not wanted.isprintable():
        return ROOT
    asked = [each for each in parse_qsl(query) if each[0] not in SAID]
    return f"{path}?{urlencode(asked)}" if asked else path
