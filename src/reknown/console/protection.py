"""What keeps other sites, and what names hold, from acting in a person's name."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reknown.console.own_words import DeniedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.datastructures import Headers
    from starlette.responses import Response

    from reknown.console.visit import Arrival
    from reknown.services.access import Vault

COOKIE = "reknown_sign_in"
FIELD, HEADER = "form_token", "x-form-token"
_PURPOSE = "forms of the console"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src blob:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
_HEADERS: Mapping[str, str] = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}


def protected(response: Response) -> Response:
    """The answer with what keeps a browser from letting others in; its own headers come first."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def form_token(vault: Vault, digest: str) -> str:
    """What has to come with each change of the sign-in of that digest."""
    return hmac.digest(vault.derive(_PURPOSE), digest.encode(), "sha256").hex()


def require_form_token(arrival: Arrival, headers: Headers, token: str) -> None:
    """Raises `DeniedError` unless the form was one of ours for this very sign-in."""
    given = headers.get(HEADER) or arrival.form.get(FIELD, "")
    if not hmac.compare_digest(given.encode(), token.encode()):
        raise DeniedError("this form is of another sign-in: go back, load the page again")


def require_own_page(headers: Headers) -> None:
    """Raises `DeniedError` for a form that another site has sent."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:  # a browser knows better than `Host`, which a proxy may change
        own = site in {"same-origin", "none"}
    else:
        own = origin is None or _is_here(origin, headers)
    if not own:
        raise DeniedError(
            "this form was sent by another site: nothing was done (a proxy in front has to pass on "
            "`Host`)"
        )


def from_own_page(headers: Headers) -> bool:
    """Whether a page of ours led here: only then is what its address says ours."""
    site = headers.get("sec-fetch-site")
    return _is_here(headers.get("referer", ""), headers) if site is None else site == "same-origin"


def page_before(headers: Headers) -> str | None:
    """Path and query of the page of ours that led here, None where there is none."""
    try:
        address = urlsplit(headers.get("referer", ""))
    except ValueError:
        return None
    place = f"{address.path}?{address.query}" if address.query else address.path
    return place if place and from_own_page(headers) else None


def _is_here(address: str, headers: Headers) -> bool:
    try:
        host = urlsplit(address).netloc
    except ValueError:
        return False
    return bool(host) and host == headers.get("host")


def keep_token(response: Response, token: str, *, secure: bool) -> None:
    """Gives the browser the token of a new sign-in, for this site and no script."""
    response.set_cookie(
        COOKIE, token, path="/console", httponly=True, secure=secure, samesite="lax"
    )


def drop_token(response: Response) -> None:
    """Takes it back, and pictures that the browser has kept."""
    response.delete_cookie(COOKIE, path="/console", httponly=True, samesite="lax")
    response.headers["clear-site-data"] = '"cache"'
