"""The rules of a collection: shown, set, and the stop of its searches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.console.rendering import go, page
from reknown.services.policies.files import TEMPLATE, as_toml, read_policy_text
from reknown.services.policies.rules import read_policy, set_policy
from reknown.services.policies.stops import resume_searches, stop_searches

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit


def policy(visit: Visit) -> Response:
    """The rules in force."""
    return _shown(visit, as_toml(read_policy(visit.context, visit.its_collection)))


def put(visit: Visit) -> Response:
    """Other rules, from the next search on."""
    wanted = read_policy_text(visit.arrival.form.get("policy", ""), "the policy")
    set_policy(visit.context, visit.its_collection, wanted)
    return go("policy", visit.its_collection, done=visit.gettext("The policy is in force."))


def stop(visit: Visit) -> Response:
    """Nobody searches the collection."""
    stop_searches(visit.context, visit.its_collection, visit.given("reason"))
    return go("policy", visit.its_collection)


def resume(visit: Visit) -> Response:
    """Searches go on, unless all are stopped."""
    resume_searches(visit.context, visit.its_collection)
    done = visit.gettext("Its searches are not stopped any more.")
    return go("policy", visit.its_collection, done=done)


def again(visit: Visit, error: str) -> Response:
    """What was typed, and what is wrong with it."""
    typed = visit.arrival.form.get("policy")
    kept = as_toml(read_policy(visit.context, visit.its_collection)) if typed is None else typed
    return _shown(visit, kept, error)


def _shown(visit: Visit, text: str, error: str | None = None) -> Response:
    return page(visit, "policy.html.j2", policy=text, error=error, example=TEMPLATE)
