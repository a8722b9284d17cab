"""Who has agreed to be in a collection, and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.console.own_words import FormError
from reknown.console.rendering import go, page
from reknown.services.galleries.pages import PageRequest
from reknown.services.policies.consents import (
    consent_to,
    give_consent,
    list_consents,
    moment_of,
    withdraw_consent,
)

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit

_CONSENTS = 60


def consents(visit: Visit) -> Response:
    """A page of them, and a form for another."""
    return again(visit, None)


def again(visit: Visit, error: str | None) -> Response:
    """The same, with what is wrong with the form."""
    asked = PageRequest(visit.arrival.query.get("after"), _CONSENTS)
    found = list_consents(visit.context, visit.its_collection, asked)
    return page(visit, "consents.html.j2", consents=found.items, next=found.next, error=error)


def give(visit: Visit) -> Response:
    """Somebody has agreed to a text, of which the digest is kept."""
    text = visit.arrival.uploads.get("text")
    if text is None or not text.name:
        raise FormError("the form lacks the text: choose the file that was agreed to")
    expires = visit.arrival.form.get("expires", "").strip()
    until = moment_of(expires) if expires else None
    new = consent_to(text.data, visit.given("basis"), until)
    given = give_consent(visit.context, visit.its_collection, visit.given("person"), new)
    done = visit.gettext("Consent %(number)s is recorded.", number=given.number)
    return go("consents", visit.its_collection, done=done)


def withdraw(visit: Visit) -> Response:
    """All consents of somebody end, and what there is of them is deleted at once."""
    who = visit.given("person")
    withdraw_consent(visit.context, visit.its_collection, who)
    done = visit.gettext("%(name)s is deleted, with all faces.", name=who)
    return go("consents", visit.its_collection, done=done)
