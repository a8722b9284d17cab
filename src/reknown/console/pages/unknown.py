"""Faces that nobody has named: brought together, named, made one, or put aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.console.rendering import go, page, to
from reknown.console.undoing import offer, offered
from reknown.console.words import count, whole
from reknown.services.archive.groups import (
    group_sightings,
    ignore_group,
    keep_apart,
    list_groups,
    merge_groups,
    name_group,
    read_group,
    split_group,
    undo_apart,
)
from reknown.services.galleries.pages import PageRequest

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit

_GROUPS = 60
_SIGHTINGS = 200


def unknown(visit: Visit) -> Response:
    """A page of the groups without a name, or of all."""
    everybody = visit.arrival.query.get("everybody") == "yes"
    asked = PageRequest(visit.arrival.query.get("after"), _GROUPS)
    found = list_groups(visit.context, visit.its_collection, asked, everybody=everybody)
    return page(
        visit,
        "unknown.html.j2",
        groups=found.items,
        next=found.next,
        everybody=everybody,
        undo=offered(visit),
    )


def group(visit: Visit) -> Response:
    """One group with its best faces."""
    found, seen = read_group(visit.context, visit.its_collection, _number(visit), _SIGHTINGS)
    return page(visit, "group.html.j2", group=found, seen=seen, undo=offered(visit))


def regroup(visit: Visit) -> Response:
    """Brings together what was seen since."""
    done = group_sightings(visit.context, visit.its_collection)
    return go("unknown", visit.its_collection, done=f"{count(done.made, 'new group')}.")


def name(visit: Visit) -> Response:
    """Says who a group is."""
    done = name_group(visit.context, visit.its_collection, _number(visit), visit.given("person"))
    named, number = done.group.user, done.group.number
    said = f"Group {number} is {named}: {count(done.references, 'face is', 'faces are')} enrolled."
    return _on(visit, None, said, None)


def merge(visit: Visit) -> Response:
    """Two groups of one person."""
    into = _other(visit, "other")
    done = merge_groups(visit.context, visit.its_collection, _number(visit), into)
    undo = None
    if done.former is None:  # a name would not come back
        undo = offer(visit, _form(visit, into, "split"), sighting=done.moved)
    said = f"Group {_number(visit)} is part of group {into} now."
    return _on(visit, into, said, undo)


def split(visit: Visit) -> Response:
    """Chosen faces are somebody else's: a group of their own."""
    number, chosen = _number(visit), visit.chosen("sighting")
    if not chosen:
        raise InputError("choose one face at least")
    made = split_group(visit.context, visit.its_collection, number, chosen)
    undo = offer(visit, _form(visit, made.number, "merge"), other=str(number))
    said = f"Group {made.number} has {count(made.sightings, 'face')} of group {number}."
    return go("unknown", visit.its_collection, made.number, done=said, undo=undo)


def apart(visit: Visit) -> Response:
    """A group is never one person with another, or with somebody; or that is taken back."""
    form, number = visit.arrival.form, _number(visit)
    person, back = form.get("person", "").strip(), form.get("back") == "yes"
    other = person or _other(visit, "other")
    (undo_apart if back else keep_apart)(visit.context, visit.its_collection, number, other)
    who = f"Group {number} and {person or f'group {other}'}"
    if back:
        return _on(visit, number, f"{who} may be one person again.", None)
    its = {"person": person} if person else {"other": str(other)}
    proposed = form.get("proposed", "")
    undo = offer(visit, _form(visit, number, "apart"), back="yes", proposed=proposed, **its)
    return _on(visit, number, f"{who} stay apart.", undo)


def ignore(visit: Visit) -> Response:
    """Puts a group aside, or takes it back."""
    ignored = visit.arrival.form.get("back") != "yes"
    ignore_group(visit.context, visit.its_collection, _number(visit), ignored=ignored)
    said = f"Group {_number(visit)} is {'put aside' if ignored else 'shown again'}."
    undo = offer(visit, _form(visit, _number(visit), "ignore"), back="yes") if ignored else None
    return go("unknown", visit.its_collection, done=said, undo=undo)


def _on(visit: Visit, number: int | None, said: str, undo: str | None) -> Response:
    """To the proposals if one was judged, else to the group, or to all."""
    if visit.arrival.form.get("proposed") == "yes":
        return go("proposals", visit.its_collection, done=said, undo=undo)
    place = () if number is None else (number,)
    return go("unknown", visit.its_collection, *place, done=said, undo=undo)


def _form(visit: Visit, number: int, what: str) -> str:
    return to("unknown", visit.its_collection, number, what)


def _other(visit: Visit, field: str) -> int:
    return whole(visit.given(field), "a group")


def _number(visit: Visit) -> int:
    return whole(visit.arrival.place["number"], "a group")
