"""For a search that its policy refuses whatever it finds, nothing is computed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from contexts import events
from reknown.biometrics.errors import PolicyError
from reknown.biometrics.policy import Policy
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.ledger.records import RefuseSearchRecord
from reknown.services.archive.groups import group_sightings
from reknown.services.archive.scan import ScanRequest, ScanTally, count_work, scan
from reknown.services.galleries.collections import describe_collection
from reknown.services.galleries.enrolees import Enrolee
from reknown.services.galleries.enrolment import GroupImage, enrol_group, enrol_subjects
from reknown.services.galleries.pages import PageRequest
from reknown.services.galleries.transfer import export_templates, import_templates
from reknown.services.policies.rules import set_policy
from reknown.services.policies.stops import stop_searches
from reknown.services.searches.images import identify, identify_all
from reknown.services.searches.search import Query, open_search
from reknown.services.searches.sightings import find_person, open_sightings
from reknown.services.searches.stored import search_by_face, search_by_user

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult

QUERY = Query("people", ThresholdChoice(90))


@dataclass(frozen=True)
class Untouchable:
    """An executor, or galleries in memory, that nobody may ask."""

    capacity: int = 1

    def __getattr__(self, name: str) -> NoReturn:
        pytest.fail(f"{name} was asked for a search that is refused")


ENTRANCES: dict[str, Callable[[Context], object]] = {
    "images": lambda context: identify(context, QUERY, b"no image at all"),
    "many images": lambda context: list(identify_all(context, QUERY, [b"none", b"either"])),
    "a stored face": lambda context: search_by_face(context, QUERY, "face"),
    "a user": lambda context: search_by_user(context, QUERY, "Nobody"),
    "what is told before": lambda context: open_search(context, QUERY),
    "sightings": lambda context: open_sightings(context, "people", ThresholdChoice(90)),
    "a person's sightings": lambda context: find_person(
        context, "people", "Nobody", ThresholdChoice(90)
    ),
    "groups": lambda context: group_sightings(context, "people"),
}


@pytest.fixture
def watched(
    context: Context, enrol: Callable[..., EnrolmentResult], eileen: bytes, grace: bytes
) -> Context:
    enrol(eileen, "Eileen")
    enrol(grace, "Grace", "2.jpg")
    none = Untouchable()
    platform = replace(context.platform, executor=none, indexes=none)  # type: ignore[arg-type]
    return replace(context, platform=platform)


@pytest.mark.parametrize("entrance", ENTRANCES)
@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (Policy(purposes=("missing-person",)), "PurposeMissing"),
        (Policy(searchers=("key:*",)), "SearcherNotAllowed"),
        (Policy(suspended=True), "CollectionSuspended"),
        (None, "SearchesStopped"),
    ],
)
def test_nothing_is_computed_for_what_is_refused(
    context: Context,
    watched: Context,
    entrance: str,
    rules: Policy | None,
    reason: str,
) -> None:
    if rules is None:
        stop_searches(context, None, "under review")
    else:
        set_policy(context, "people", rules)
    with pytest.raises(PolicyError) as raised:
        ENTRANCES[entrance](watched)
    assert raised.value.reason == reason
    (event,) = events(context, RefuseSearchRecord.OPERATION)
    assert event.record == RefuseSearchRecord(reason)
    assert (event.collection, event.actor) == ("people", "tester")


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_no_entrance_of_a_governed_place_gets_around_a_policy(
    context: Context, watched: Context, entrance: str
) -> None:
    governed = replace(watched, platform=replace(watched.platform, governed=True))
    with pytest.raises(PolicyError) as raised:
        ENTRANCES[entrance](governed)
    assert raised.value.reason == "PolicyIncomplete"
    assert len(events(context, RefuseSearchRecord.OPERATION)) == 1


FILLING: dict[str, Callable[[Context], object]] = {
    "enrolling": lambda context: list(
        enrol_subjects(context, "people", [Enrolee(b"no image", "Ada")])
    ),
    "enrolling groups": lambda context: enrol_group(context, "people", GroupImage(b"no image")),
    "scanning": lambda context: list(
        scan(context, ScanRequest((Path("nowhere"),), "people"), ScanTally())
    ),
    "counting what to scan": lambda context: count_work(
        context, ScanRequest((Path("nowhere"),), "people")
    ),
    "importing": lambda context: import_templates(
        context, "people", export_templates(context, "people", PageRequest())[0]
    ),
}


@pytest.mark.parametrize("entrance", FILLING)
def test_nothing_comes_into_a_governed_place_without_a_policy(
    context: Context, watched: Context, entrance: str
) -> None:
    """The collection was made before the place was governed."""
    governed = replace(watched, platform=replace(watched.platform, governed=True))
    before = describe_collection(context, "people")
    with pytest.raises(PolicyError) as raised:
        FILLING[entrance](governed)
    assert raised.value.reason == "PolicyIncomplete"
    assert describe_collection(context, "people") == before


def test_a_floor_is_told_before_images_are_read(context: Context, watched: Context) -> None:
    set_policy(context, "people", Policy(least_similarity=95))
    asked = replace(watched, platform=replace(watched.platform, indexes=context.platform.indexes))
    with pytest.raises(PolicyError) as raised:
        open_search(asked, QUERY)
    assert raised.value.reason == "ThresholdTooLow"
    assert len(events(context, RefuseSearchRecord.OPERATION)) == 1
