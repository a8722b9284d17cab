from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from contexts import events, make_context
from reknown.biometrics.errors import NotFoundError, PolicyError
from reknown.biometrics.policy import Policy
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.ledger.records import IdentifyRecord, RefuseSearchRecord
from reknown.services.galleries.collections import create_collection
from reknown.services.policies.rules import read_policy, set_policy
from reknown.services.policies.stops import resume_searches, stop_searches
from reknown.services.searches.images import identify
from reknown.services.searches.search import Query
from reknown.services.searches.sightings import open_sightings
from reknown.services.searches.stored import search_by_user

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine

QUERY = Query("people", ThresholdChoice(90))


@pytest.fixture(autouse=True)
def _people(enrol: Callable[..., EnrolmentResult], eileen: bytes, grace: bytes) -> None:
    enrol(eileen, "Eileen")
    enrol(grace, "Grace", "2.jpg")


@pytest.fixture
def for_missing(context: Context) -> Context:
    return context.by(replace(context.actor, purpose="missing-person"))


def refused(context: Context, probe: bytes, query: Query = QUERY) -> PolicyError:
    """The error of each entrance, which is the same; nothing is answered, all is recorded."""
    before = len(events(context, IdentifyRecord.OPERATION))
    recorded = len(events(context, RefuseSearchRecord.OPERATION))
    with pytest.raises(PolicyError) as stored:
        search_by_user(context, query, "Eileen")
    with pytest.raises(PolicyError) as raised:
        identify(context, query, probe)
    assert str(stored.value) == str(raised.value)
    assert len(events(context, IdentifyRecord.OPERATION)) == before
    written = events(context, RefuseSearchRecord.OPERATION)[recorded:]
    assert [event.record for event in written] == [RefuseSearchRecord(raised.value.reason)] * 2
    assert {event.collection for event in written} == {"people"}
    assert {event.purpose for event in written} == {context.actor.purpose}
    return raised.value


def test_a_purpose_has_to_be_stated_and_allowed(
    context: Context, for_missing: Context, eileen: bytes
) -> None:
    set_policy(context, "people", Policy(purposes=("missing-person",)))
    assert refused(context, eileen).reason == "PurposeMissing"
    other = context.by(replace(context.actor, purpose="marketing"))
    assert refused(other, eileen).reason == "PurposeNotAllowed"
    identify(for_missing, QUERY, eileen)
    event = events(context, IdentifyRecord.OPERATION)[-1]
    assert event.purpose == "missing-person"


def test_what_is_forbidden_cannot_be_allowed(
    context: Context, for_missing: Context, eileen: bytes
) -> None:
    rules = Policy(purposes=("missing-person",), forbidden_purposes=("missing*",))
    set_policy(context, "people", rules)
    assert refused(for_missing, eileen).reason == "PurposeForbidden"
    # no policy is needed for some
    set_policy(context, "people", Policy())
    status = context.by(replace(context.actor, purpose="immigration-status"))
    assert refused(status, eileen).reason == "PurposeForbidden"


def test_only_those_named_search(context: Context, eileen: bytes) -> None:
    set_policy(context, "people", Policy(searchers=("key:*",)))
    assert refused(context, eileen).reason == "SearcherNotAllowed"
    set_policy(context, "people", Policy(searchers=("key:*", "test*")))
    identify(context, QUERY, eileen)


def test_a_stop_holds_until_it_is_taken_back(context: Context, eileen: bytes) -> None:
    stop_searches(context, None, "a wrongful arrest is looked into")
    assert "wrongful arrest" in str(refused(context, eileen))
    stop_searches(context, "people", "its images are under review")
    assert resume_searches(context, None)
    assert "under review" in str(refused(context, eileen))
    # a file of rules does not lift it
    set_policy(context, "people", Policy())
    assert refused(context, eileen).reason == "SearchesStopped"
    assert resume_searches(context, "people")
    assert not resume_searches(context, "people")
    identify(context, QUERY, eileen)
    with pytest.raises(NotFoundError):
        stop_searches(context, "nobody", "why not")


def test_a_stop_holds_for_searches_under_way_on_another_server(
    context: Context, database: Database, engine: Engine, eileen: bytes
) -> None:
    from reknown.gallery.templates import load_templates
    from reknown.ledger.records import ProbeRecord
    from reknown.services.policies.permits import deciding
    from reknown.services.searches.search import Probes, conclude, look_up
    from reknown.storage.database import reading

    other = make_context(database, engine)
    with reading(database) as connection:
        own = load_templates(connection, "people")
    probes = Probes(ProbeRecord("image", "ab" * 32), own.space, own.vectors[:1])
    scores = look_up(other.platform, QUERY, probes)
    stop_searches(context, None, "now")
    with (
        pytest.raises(PolicyError, match="now"),
        deciding(database, other.actor) as connection,
    ):
        conclude(connection, other.actor, scores)


def test_a_suspended_collection_is_not_searched(context: Context, eileen: bytes) -> None:
    set_policy(context, "people", Policy(suspended=True))
    assert refused(context, eileen).reason == "CollectionSuspended"
    with pytest.raises(PolicyError):
        open_sightings(context, "people", ThresholdChoice(90))


def test_a_threshold_has_a_floor(context: Context, eileen: bytes) -> None:
    set_policy(context, "people", Policy(least_similarity=95))
    assert refused(context, eileen).reason == "ThresholdTooLow"
    score = Query("people", ThresholdChoice(score=0.1))
    assert refused(context, eileen, score).reason == "ThresholdTooLow"
    identify(context, Query("people", ThresholdChoice(95)), eileen)


def test_the_similarity_that_would_do_is_told_and_rises_with_the_gallery(
    context: Context,
    enrol: Callable[..., EnrolmentResult],
    eileen: bytes,
) -> None:
    from io import BytesIO

    from PIL import Image

    from reknown.cli.demo_images import jpeg

    set_policy(context, "people", Policy(most_expected_false_candidates=0.00001))
    told = []
    for number in range(2):
        error = refused(context, eileen)
        assert error.reason == "TooManyFalseCandidates"
        told.append(float(str(error).split("similarity of ")[1].split()[0]))
        identify(context, Query("people", ThresholdChoice(told[-1])), eileen)
        small = jpeg(Image.open(BytesIO(eileen)).resize((300 - number, 300 - number)))
        enrol(small, "Eileen", f"small-{number}.jpg")
    assert told[0] < told[1]
    # what did before the gallery grew does not any more
    assert refused(context, eileen, Query("people", ThresholdChoice(told[0])))
    set_policy(context, "people", Policy(most_expected_false_candidates=1e-9))
    assert "divide the collection" in str(refused(context, eileen))


def test_a_governed_collection_needs_a_complete_policy(context: Context, eileen: bytes) -> None:
    with pytest.raises(PolicyError, match="purposes, legal_basis, keep_faces"):
        set_policy(context, "people", Policy(governed=True))
    everything = replace(context, platform=replace(context.platform, governed=True))
    error = refused(everything, eileen)
    assert error.reason == "PolicyIncomplete"
    with pytest.raises(PolicyError, match="legal_basis"):
        create_collection(everything, "new", policy=Policy(purposes=("test",)))
    complete = Policy(
        purposes=("missing-person",),
        legal_basis="consent",
        keep_faces=30,
        keep_sightings=30,
        keep_jobs=7,
        keep_records=365,
        least_similarity=80,
    )
    create_collection(everything, "new", policy=complete)
    assert read_policy(everything, "new") == complete
    set_policy(everything, "people", complete)
    asking = everything.by(replace(context.actor, purpose="missing-person"))
    identify(asking, QUERY, eileen)
