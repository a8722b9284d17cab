"""Cases that people judge: blind, each on their own, candidates shuffled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.console.rendering import go, page
from reknown.console.words import whole
from reknown.services.galleries.pages import PageRequest
from reknown.services.reviews.cases import judge, judgement_of, read_case
from reknown.services.reviews.queue import list_cases
from reknown.services.reviews.vocabulary import GROUNDS, OPINIONS

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit

_CASES = 60
# A search of an archive may have thousands, each with a form.
_CANDIDATES = 40


def cases(visit: Visit) -> Response:
    """A page of the cases of a collection."""
    asked = PageRequest(visit.arrival.query.get("after"), _CASES)
    found = list_cases(visit.context, visit.its_collection, asked)
    return page(visit, "cases.html.j2", cases=found.items, next=found.next)


def case(visit: Visit) -> Response:
    """One case as this person may see it now: first what is left for them to judge."""
    shown = read_case(visit.context, visit.its_collection, visit.arrival.place["case"])
    ordered = sorted(shown.candidates, key=lambda it: it.number not in shown.left)
    first = whole(visit.arrival.query.get("after", "0"))
    rest = ordered[first:]
    return page(
        visit,
        "case.html.j2",
        shown=shown,
        candidates=rest[:_CANDIDATES],
        next=str(first + _CANDIDATES) if len(rest) > _CANDIDATES else None,
        opinions=OPINIONS,
        grounds=GROUNDS,
    )


def decide(visit: Visit) -> Response:
    """What this person thinks of a candidate; it cannot be taken back."""
    case_id, number = visit.arrival.place["case"], whole(visit.given("candidate"))
    opinion = judgement_of(
        visit.given("opinion"), visit.chosen("ground"), visit.arrival.form.get("note") or None
    )
    done = judge(visit.context, visit.its_collection, case_id, number, opinion, adjudicate=None)
    if done.left:
        said = visit.ngettext(
            "Candidate %(number)s is judged: %(count)s left.",
            "Candidate %(number)s is judged: %(count)s left.",
            len(done.left),
            number=number,
        )
    else:
        said = visit.gettext(
            "Candidate %(number)s is judged: that was the last one.", number=number
        )
    return go("reviews", visit.its_collection, case_id, done=said)
