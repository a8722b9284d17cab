from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from contexts import events
from reknown.biometrics.policy import Policy
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.gallery.faces import delete_faces, list_faces
from reknown.ledger.actor import Actor
from reknown.ledger.records import IdentifyRecord, OpenCaseRecord
from reknown.review.states import CaseState
from reknown.services.reviews.seeds import highest_score
from reknown.services.searches.search import Query, look_up, open_search, settle
from unit.services.reviews.desks import ANN, COLLECTION, SEARCHER

if TYPE_CHECKING:
    from unit.services.reviews.desks import Desks


def opened(desks: Desks) -> list[OpenCaseRecord]:
    found = [event.record for event in events(desks.context, "open case")]
    return [record for record in found if isinstance(record, OpenCaseRecord)]


def test_candidates_who_reach_the_bound_are_a_case_of_their_search(desks: Desks) -> None:
    found = desks.search()
    (record,) = opened(desks)
    (event,) = events(desks.context, "identify")
    assert found.cases == (record.case,)
    assert (record.search, record.probe, record.reviewers) == (event.id, 1, 2)
    assert record.candidates == 3
    shown = desks.read(ANN, record.case)
    assert {it.face and it.face.user for it in shown.candidates} == {"Ada", "Bea", "Cleo"}
    assert shown.case.probe.quality == 71
    assert shown.case.searcher == SEARCHER.name


def test_the_search_and_its_case_are_one_transaction(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails in between leaves neither."""
    monkeypatch.setattr("reknown.services.reviews.opening.seeds_digest", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        desks.search()
    assert not events(desks.context, "identify")


def test_without_a_policy_nothing_is_reviewed(desks: Desks) -> None:
    desks.set(reviewers=0)
    assert desks.search().cases == ()
    assert not opened(desks)


def test_candidates_below_the_bound_are_not_judged(desks: Desks) -> None:
    similarity = look_up(
        desks.context.platform, Query(COLLECTION), desks.probes()
    ).searched.threshold.judge(0.75)
    desks.set(review_from=similarity.similarity)
    desks.search()
    assert opened(desks)[0].candidates == 2
    desks.set(review_from=99.99)
    desks.search(desks.probes(desks.nobody))
    assert len(opened(desks)) == 1


def test_each_face_of_a_picture_is_a_case_of_its_own(desks: Desks) -> None:
    found = desks.search(desks.probes(desks.nobody, desks.probe, desks.probe))
    first, *others = found.cases
    assert first is None
    assert [record.probe for record in opened(desks)] == [2, 3]
    assert [record.case for record in opened(desks)] == others


def test_in_a_governed_collection_also_a_search_without_a_candidate_leaves_a_case(
    desks: Desks,
) -> None:
    governed = replace(
        Policy(review_from=80.0, reviewers=2, review_seeds=0),
        governed=True,
        purposes=("missing-person",),
        legal_basis="consent",
        keep_faces=30,
        keep_sightings=30,
        keep_jobs=30,
        keep_records=90,
        least_similarity=80.0,
    )
    desks.set(**{name: getattr(governed, name) for name in governed.__dataclass_fields__})
    actor = Actor(SEARCHER.name, purpose="missing-person")
    probes = desks.probes(desks.nobody)
    scores = look_up(desks.context.platform, Query(COLLECTION), probes)
    (case,) = settle(desks.by(actor), scores).cases
    assert case is not None
    shown = desks.read(ANN, case)
    assert shown.case.state is CaseState.NOBODY
    assert shown.candidates == ()
    assert shown.case.expires_at is not None
    assert opened(desks)[-1].candidates == 0


def test_where_all_are_governed_so_does_one_whose_policy_does_not_say_it(desks: Desks) -> None:
    complete = {
        "purposes": ("missing-person",),
        "legal_basis": "consent",
        **dict.fromkeys(("keep_faces", "keep_sightings", "keep_jobs", "keep_records"), 30),
        "least_similarity": 80.0,
    }
    desks.set(**complete)
    everywhere = replace(desks.context.platform, governed=True)
    actor = Actor(SEARCHER.name, purpose="missing-person")
    context = replace(desks.by(actor), platform=everywhere)
    scores = look_up(everywhere, Query(COLLECTION), desks.probes(desks.nobody))
    (case,) = settle(context, scores).cases
    assert case is not None
    assert desks.read(ANN, case).case.state is CaseState.NOBODY


def test_seeds_are_strangers_who_resemble_the_probe_as_far_as_strangers_do(desks: Desks) -> None:
    desks.set(review_seeds=1.0)
    case = desks.open()
    assert opened(desks)[0].candidates == 6
    shown = desks.read(ANN, case)
    users = {it.face.user for it in shown.candidates if it.face is not None}
    assert {"Ada", "Bea", "Cleo"} < users
    assert len([user for user in users if user and user.startswith("stranger")]) == 3
    # neither their numbers nor what is shown tells them from others
    assert all(it.seeded is None and it.score is None for it in shown.candidates)
    assert {it.number for it in shown.candidates} == set(range(1, 7))


def test_no_one_who_scores_high_is_taken_for_a_stranger(desks: Desks) -> None:
    """Also where hardly anybody else is there."""
    desks.set(review_seeds=1.0)
    with desks.context.database.begin() as connection:
        strangers = [
            face.face_id
            for face in list_faces(connection, COLLECTION).items
            if "stranger" in str(face.user)
        ]
        delete_faces(connection, COLLECTION, strangers)
    for _ in range(5):
        desks.search()
    assert {record.candidates for record in opened(desks)} == {3}
    searched = open_search(desks.context, Query(COLLECTION))
    assert 0 < highest_score(searched.threshold) < searched.threshold.score
    raw = open_search(desks.context, Query(COLLECTION, ThresholdChoice(score=0.4)))
    assert highest_score(replace(raw.threshold, calibration=None)) == 0.2


def test_the_record_of_the_search_says_nothing_of_seeds(desks: Desks) -> None:
    desks.set(review_seeds=1.0)
    desks.search()
    (event,) = events(desks.context, "identify")
    assert isinstance(event.record, IdentifyRecord)
    assert len(event.record.candidates[0]) == 3
