"""Where links at the top lead: to the console's own pages, and to those of one collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.console.visit import Visit


class NavigationLink(NamedTuple):
    """A link to a page; `operation` is the right that it takes, None if everybody has it."""

    path: Sequence[str]
    name: str
    operation: str | None
    current: bool = False


_CONSOLE = (
    NavigationLink((), "Overview", None),
    NavigationLink(("compare",), "Compare", "CompareFaces"),
    NavigationLink(("ledger",), "Ledger", "ReknownReadLedger"),
    NavigationLink(("settings",), "Settings", "ReknownManageSettings"),
)
_COLLECTION = (
    NavigationLink(("people",), "People", "ListUsers"),
    NavigationLink(("unknown",), "Unknown", "ReknownListGroups"),
    NavigationLink(("identify",), "Identify", "SearchUsersByImage"),
    NavigationLink(("archive",), "Archive", "ReknownFindSightings"),
    NavigationLink(("films",), "Films", "GetFaceSearch"),
    NavigationLink(("cameras",), "Cameras", "ListStreamProcessors"),
    NavigationLink(("reviews",), "Review", "ReknownListCases"),
    NavigationLink(("accuracy",), "Accuracy", "DescribeCollection"),
    NavigationLink(("consents",), "Consents", "ReknownManageConsents"),
    NavigationLink(("policy",), "Policy", "ReknownManagePolicy"),
)


def of_the_console(visit: Visit) -> Sequence[NavigationLink]:
    """What there is beside collections, for this person."""
    return _for(visit, _CONSOLE, ())


def of_the_collection(visit: Visit) -> Sequence[NavigationLink]:
    """What there is of the collection that the address names; nothing if it names none."""
    name = visit.collection
    return () if name is None else _for(visit, _COLLECTION, (name,))


def _for(
    visit: Visit, places: Sequence[NavigationLink], behind: Sequence[str]
) -> Sequence[NavigationLink]:
    here = visit.arrival.path.strip("/").split("/")[1:2]
    return [
        NavigationLink((*each.path, *behind), each.name, each.operation, list(each.path) == here)
        for each in places
        if each.operation is None or visit.may(each.operation)
    ]
