"""Access keys of programs: made, limited, rotated, revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.api.granting import rights_of
from reknown.console.once import once
from reknown.console.rendering import go, page
from reknown.services.access import (
    actor_of,
    create_key,
    get_key,
    list_keys,
    overlap_of,
    revoke_key,
    rotate_key,
)
from reknown.services.live.ending import watches_of
from reknown.services.quotas import limit_key, list_quotas, quota_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit
    from reknown.services.access import AccessKey


def keys(visit: Visit) -> Response:
    """All of them, and a form for another."""
    return again(visit, None)


def again(visit: Visit, error: str | None) -> Response:
    """The same, with what is wrong with the form."""
    return page(visit, "keys.html.j2", keys=list_keys(visit.context), error=error)


def create(visit: Visit) -> Response:
    """Another key, with its secret this once."""
    rights = rights_of(visit.words("operations"), visit.words("collections"))
    purpose = visit.arrival.form.get("purpose", "").strip() or None
    with once(visit) as context:
        made, secret = create_key(context, visit.vault, visit.given("name"), rights, purpose)
    return _secret(visit, made, secret)


def key(visit: Visit) -> Response:
    """One of them, what it used of its quotas, and what can be changed."""
    return one_again(visit, None)


def one_again(visit: Visit, error: str | None) -> Response:
    """The same, with what is wrong with the form."""
    its = get_key(visit.context, _id(visit))
    counts = [
        each.count for each in list_quotas(visit.context.database) if each.key_id == its.key_id
    ]
    watches = watches_of(visit.context, actor_of(its.key_id))
    return page(visit, "one_key.html.j2", its=its, counts=counts, watches=watches, error=error)


def limit(visit: Visit) -> Response:
    """Other quotas in the place of all that it has."""
    limit_key(visit.context, _id(visit), [quota_of(each) for each in visit.words("quotas")])
    done = visit.gettext("These quotas count from now on.")
    return go("settings", "keys", _id(visit), done=done)


def rotate(visit: Visit) -> Response:
    """A new key in its place, with its secret this once."""
    overlap = overlap_of(visit.given("overlap"))
    with once(visit) as context:
        made, secret = rotate_key(context, visit.vault, _id(visit), overlap)
    return _secret(visit, made, secret)


def revoke(visit: Visit) -> Response:
    """It is of no use any more."""
    gone = revoke_key(visit.context, _id(visit))
    done = visit.gettext("%(key)s (%(name)s) is revoked.", key=gone.key_id, name=gone.name)
    return go("settings", "keys", done=done)


def _id(visit: Visit) -> str:
    return visit.arrival.place["key"]


def _secret(visit: Visit, made: AccessKey, secret: str) -> Response:
    """Never by an address: browsers and proxies keep those."""
    return page(visit, "secret.html.j2", its=made, secret=secret)
