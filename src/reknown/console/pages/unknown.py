"""Faces that nobody has named: brought together, named, made one, or put aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.console.rendering import go, page
from reknown.console.words import count, whole
from reknown.services.archive.groups import (
    group_sightings,
    ignore_group,
    list_groups,
    merge_groups,
    name_group,
    read_group,
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
    return page(visit, "unknown.html.j2", groups=found.items, next=found.next, everybody=everybody)


def group(visit: Visit) -> Response:
    """One group with its best faces."""
    found, seen = read_group(visit.context, visit.its_collection, _number(visit), _SIGHTINGS)
    return page(visit, "group.html.j2", group=found, seen=seen)


def regroup(visit: Visit) -> Response:
    """Brings together what was seen since."""
    done = group_sightings(visit.context, visit.its_collection)
    return go("unknown", visit.its_collection, done=f"{count(done.made, 'new group')}.")


def name(visit: Visit) -> Response:
    """Says who a group is."""
    done = name_group(visit.context, visit.its_collection, _number(visit), visit.given("person"))
    named, number = done.group.user, done.group.number
    said = f"Group {number} is {named}: {count(done.references, 'face is', 'faces are')} enrolled."
    return go("unknown", visit.its_collection, done=said)


def merge(visit: Visit) -> Response:
    """Two groups of one person."""
    into = whole(visit.given("into"), "a group")
    merge_groups(visit.context, visit.its_collection, _number(visit), into)
    said = f"Group {_number(visit)} is part of group {into} now."
    return go("unknown", visit.its_collection, into, done=said)


def ignore(visit: Visit) -> Response:
    """Puts a group aside, or takes it back."""
    ignored = visit.arrival.form.get("back") != "yes"
    ignore_group(visit.context, visit.its_collection, _number(visit), ignored=ignored)
    said = f"Group {_number(visit)} is {'put aside' if ignored else 'shown again'}."
    return go("unknown", visit.its_collection, done=said)


def _number(visit: Visit) -> int:
    return whole(visit.arrival.place["number"], "a group")
