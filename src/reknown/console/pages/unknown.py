"""Faces that nobody has named: brought together, named, made one, or put aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.console.own_words import FormError
from reknown.console.rendering import go, page, to
from reknown.console.undoing import offer, offered
from reknown.console.words import whole
from reknown.services.archive.group_names import name_group, unname_group
from reknown.services.archive.groups import (
    group_sightings,
    ignore_group,
    keep_apart,
    list_groups,
    merge_groups,
    read_group,
    split_group,
    undo_apart,
)
from reknown.services.galleries.pages import PageRequest

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit
    from reknown.services.archive.group_names import NamedGroup

_GROUPS = 60
_SIGHTINGS = 200
_DELETE_FACES, _DELETE_USER = "DeleteFaces", "DeleteUser"


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
    """One group with a page of its faces, the best first."""
    asked = PageRequest(visit.arrival.query.get("after"), _SIGHTINGS)
    found, seen = read_group(visit.context, visit.its_collection, _number(visit), asked)
    return page(
        visit,
        "group.html.j2",
        group=found,
        seen=seen.items,
        next=seen.next,
        undo=offered(visit),
    )


def regroup(visit: Visit) -> Response:
    """Brings together what was seen since."""
    done = group_sightings(visit.context, visit.its_collection)
    said = visit.ngettext("%(count)s new group.", "%(count)s new groups.", done.made)
    return go("unknown", visit.its_collection, done=said)


def name(visit: Visit) -> Response:
    """Says who a group is."""
    done = name_group(visit.context, visit.its_collection, _number(visit), visit.given("person"))
    named, number = done.group.user, done.group.number
    said = visit.ngettext(
        "Group %(number)s is %(name)s: %(count)s face is enrolled.",
        "Group %(number)s is %(name)s: %(count)s faces are enrolled.",
        done.references,
        number=number,
        name=named,
    )
    return _on(visit, None, said, _unnaming(visit, done))


def _unnaming(visit: Visit, done: NamedGroup) -> str | None:
    """Takes a name back; None for those who may not, and where a former one would not come back."""
    if done.former is not None or (done.made and not visit.may(_DELETE_FACES)):
        return None
    its = {"proposed": visit.arrival.form.get("proposed", "")}
    if done.new_person and visit.may(_DELETE_USER):
        its["drop"] = "yes"
    form = _form(visit, done.group.number, "unname")
    return offer(visit, form, only="yes", face=done.made, **its)


def unname(visit: Visit) -> Response:
    """Nobody knows who it is; `only` says that the faces that are named are deleted."""
    form = visit.arrival.form
    meant = visit.chosen("face") if form.get("only") == "yes" else None
    drop = form.get("drop") == "yes"
    if meant:
        visit.require(_DELETE_FACES)
    if drop:
        visit.require(_DELETE_USER)
    done = unname_group(
        visit.context, visit.its_collection, _number(visit), meant, drop_person=drop
    )
    if done.freed:
        said = visit.ngettext(
            "Group %(number)s has no name; %(count)s face is nobody's now.",
            "Group %(number)s has no name; %(count)s faces are nobody's now.",
            len(done.freed),
            number=done.group.number,
        )
    else:
        said = visit.ngettext(
            "Group %(number)s has no name; %(count)s reference is deleted.",
            "Group %(number)s has no name; %(count)s references are deleted.",
            len(done.deleted),
            number=done.group.number,
        )
    return _on(visit, done.group.number, said, None)


def merge(visit: Visit) -> Response:
    """Two groups of one person."""
    into = _other(visit, "other")
    done = merge_groups(visit.context, visit.its_collection, _number(visit), into)
    undo = None
    if done.former is None:  # a name would not come back
        undo = offer(visit, _form(visit, into, "split"), sighting=done.moved)
    said = visit.gettext(
        "Group %(number)s is part of group %(into)s now.", number=_number(visit), into=into
    )
    return _on(visit, into, said, undo)


def split(visit: Visit) -> Response:
    """Chosen faces are somebody else's: a group of their own."""
    number, chosen = _number(visit), visit.chosen("sighting")
    if not chosen:
        raise FormError("choose one face at least")
    made = split_group(visit.context, visit.its_collection, number, chosen)
    undo = offer(visit, _form(visit, made.number, "merge"), other=str(number))
    said = visit.ngettext(
        "Group %(new)s has %(count)s face of group %(number)s.",
        "Group %(new)s has %(count)s faces of group %(number)s.",
        made.sightings,
        new=made.number,
        number=number,
    )
    return go("unknown", visit.its_collection, made.number, done=said, undo=undo)


def apart(visit: Visit) -> Response:
    """A group is never one person with another, or with somebody; or that is taken back."""
    form, number = visit.arrival.form, _number(visit)
    person, back = form.get("person", "").strip(), form.get("back") == "yes"
    other = person or _other(visit, "other")
    (undo_apart if back else keep_apart)(visit.context, visit.its_collection, number, other)
    both = {"number": number, "name": person or visit.gettext("group %(number)s", number=other)}
    if back:
        said = visit.gettext("Group %(number)s and %(name)s may be one person again.", **both)
        return _on(visit, number, said, None)
    its = {"person": person} if person else {"other": str(other)}
    proposed = form.get("proposed", "")
    undo = offer(visit, _form(visit, number, "apart"), back="yes", proposed=proposed, **its)
    said = visit.gettext("Group %(number)s and %(name)s stay apart.", **both)
    return _on(visit, number, said, undo)


def ignore(visit: Visit) -> Response:
    """Puts a group aside, or takes it back."""
    ignored = visit.arrival.form.get("back") != "yes"
    ignore_group(visit.context, visit.its_collection, _number(visit), ignored=ignored)
    number = _number(visit)
    if ignored:
        said = visit.gettext("Group %(number)s is put aside.", number=number)
    else:
        said = visit.gettext("Group %(number)s is shown again.", number=number)
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
    return whole(visit.given(field))


def _number(visit: Visit) -> int:
    return whole(visit.arrival.place["number"])
