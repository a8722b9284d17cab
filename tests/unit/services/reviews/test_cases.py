from __future__ import annotations

import threading
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from contexts import events
from reknown.biometrics.errors import AccessError, InputError, NotFoundError
from reknown.gallery.faces import delete_faces, list_faces
from reknown.gallery.users import list_users
from reknown.ledger.actor import Actor
from reknown.ledger.records import (
    DecideCaseRecord,
    DisputeCaseRecord,
    JudgeCandidateRecord,
    ReadCaseRecord,
)
from reknown.review.opinions import CandidateJudgement, Ground, Opinion, judgement_digest, shuffled
from reknown.review.reviewers import Reviewer, today_utc
from reknown.review.schema import review_cases, review_notes, reviews
from reknown.review.states import CaseOutcome, CaseState
from reknown.services.galleries.pages import PageRequest
from reknown.services.reviews import cases
from reknown.services.reviews.queue import list_cases
from reknown.services.reviews.reviewers import list_reviewers, remove_reviewer, renew_reviewer
from reknown.storage.clock import as_text
from reknown.storage.database import reading
from unit.services.reviews.desks import ANN, BEN, CEM, COLLECTION, DOT, SEARCHER

if TYPE_CHECKING:
    from unit.services.reviews.desks import Desks

SAME = {"Ada": Opinion.SAME}


def decided(desks: Desks) -> DecideCaseRecord:
    record = events(desks.context, "decide case")[-1].record
    assert isinstance(record, DecideCaseRecord)
    return record


def test_two_people_who_agree_decide_a_case(desks: Desks) -> None:
    case = desks.open()
    first = desks.review(ANN, case, SAME)
    assert first is not None
    assert first.state is CaseState.OPEN
    last = desks.review(BEN, case, SAME)
    assert last is not None
    assert last.state is CaseState.DECIDED
    record = decided(desks)
    assert record.outcome == "lead"
    assert sorted(str(it.opinion) for it in record.candidates) == ["different", "different", "same"]
    said = {j.reviewer for it in record.candidates for j in it.judgements}
    assert said == {ANN.name, BEN.name}
    assert desks.read(SEARCHER, case).case.outcome is CaseOutcome.LEAD


def test_one_is_enough_where_the_policy_says_so(desks: Desks) -> None:
    desks.set(reviewers=1)
    case = desks.open()
    done = desks.review(ANN, case)
    assert done is not None
    assert done.state is CaseState.DECIDED
    assert decided(desks).outcome == "no-lead"


def test_nobody_judges_twice(desks: Desks) -> None:
    case = desks.open()
    number, *_ = desks.read(ANN, case).left
    desks.judge(ANN, case, number)
    with pytest.raises(AccessError, match="that is final"):
        desks.judge(ANN, case, number, Opinion.SAME)
    desks.review(ANN, case)
    for left in range(1, 4):
        with pytest.raises(AccessError, match="that is final"):
            desks.judge(ANN, case, left)
    assert desks.read(ANN, case).case.reviewed == 1
    assert desks.read(BEN, case).case.state is CaseState.OPEN


def test_who_made_the_search_does_not_judge_it(desks: Desks) -> None:
    case = desks.open()
    shown = desks.read(SEARCHER, case)
    assert shown.left == ()
    assert "has seen its scores" in (shown.barred or "")
    assert desks.read(ANN, case).barred is None
    with pytest.raises(AccessError, match="has seen its scores"):
        desks.judge(SEARCHER, case, 1)


def test_reviewers_need_training_that_is_not_over_for_this_collection(desks: Desks) -> None:
    case = desks.open()
    desks.read(ANN, case)
    yesterday = today_utc() - timedelta(days=1)
    renew_reviewer(desks.context, Reviewer(ANN.name, yesterday))
    with pytest.raises(AccessError, match=f"ended on {yesterday}"):
        desks.judge(ANN, case, 1)
    renew_reviewer(desks.context, Reviewer(ANN.name, today_utc(), ("staff-*",)))
    with pytest.raises(AccessError, match="not a reviewer for 'people'"):
        desks.judge(ANN, case, 1)
    remove_reviewer(desks.context, ANN.name)
    with pytest.raises(AccessError, match="reknown reviewers add cli:ann"):
        desks.judge(ANN, case, 1)
    stranger = Actor("cli:stranger")
    assert desks.read(stranger, case).left == ()
    assert desks.read(stranger, case).seed is None
    assert ANN.name not in [each.actor for each in list_reviewers(desks.context)]


def test_a_case_is_looked_at_before_it_is_judged(desks: Desks) -> None:
    with pytest.raises(InputError, match="reviews show"):
        desks.judge(ANN, desks.open(), 1)


def test_scores_ranks_and_what_others_say_are_hidden_until_the_decision(desks: Desks) -> None:
    desks.set(review_seeds=1.0)
    case = desks.open()
    desks.review(ANN, case, SAME)
    for actor in (ANN, BEN, SEARCHER, Actor("cli:auditor")):
        shown = desks.read(actor, case)
        assert not shown.revealed
        for it in shown.candidates:
            assert (it.rank, it.score, it.similarity, it.seeded, it.opinion) == (None,) * 5
    desks.review(BEN, case, SAME)
    for actor in (ANN, BEN, Actor("cli:auditor")):
        shown = desks.read(actor, case)
        assert shown.revealed
        assert {it.rank for it in shown.candidates} == {None, 1, 2, 3}
    # others may be asked to judge it after an appeal
    assert not desks.read(CEM, case).revealed


def test_the_ledger_leads_nobody_before_the_decision(desks: Desks) -> None:
    case = desks.open()
    desks.review(ANN, case, SAME)
    said = [event.record for event in events(desks.context, "judge candidate")]
    assert all(isinstance(record, JudgeCandidateRecord) for record in said)
    assert "same" not in repr(said)
    assert [getattr(record, "last", None) for record in said] == [False, False, True]
    with reading(desks.context.database) as connection:
        salt = connection.execute(select(reviews.c.salt)).scalar_one()
    judgement = CandidateJudgement(Opinion.SAME, (Ground.EARS,))
    promised = {judgement_digest(case, number, ANN.name, judgement, salt) for number in range(1, 4)}
    assert len(promised & {getattr(record, "judgement_sha256", "") for record in said}) == 1


def test_everybody_sees_an_order_of_their_own_whose_seed_is_on_record(desks: Desks) -> None:
    desks.set(review_seeds=1.0)
    orders = set()
    for _ in range(8):
        case = desks.open()
        shown = desks.read(ANN, case)
        assert shown.seed is not None
        numbers = [it.number for it in shown.candidates]
        assert numbers == shuffled(range(1, 7), shown.seed)
        record = events(desks.context, "read case")[-1].record
        assert isinstance(record, ReadCaseRecord)
        assert (record.seed, record.scores) == (shown.seed, False)
        orders.add(tuple(numbers))
        # and always the same one
        assert [it.number for it in desks.read(ANN, case).candidates] == numbers
    assert len(orders) > 1


def test_numbers_say_nothing_of_ranks(desks: Desks) -> None:
    desks.set(reviewers=1)
    ranks = set()
    for _ in range(12):
        case = desks.open()
        desks.review(ANN, case)
        shown = desks.read(ANN, case).candidates
        ranks.add(tuple(it.rank for it in sorted(shown, key=lambda it: it.number)))
    assert len(ranks) > 1


def test_a_third_one_settles_what_two_disagree_on(desks: Desks) -> None:
    case = desks.open()
    desks.review(ANN, case, SAME)
    done = desks.review(BEN, case)
    assert done is not None
    assert done.state is CaseState.DISPUTED
    record = events(desks.context, "dispute case")[-1].record
    assert record == DisputeCaseRecord(case, 1)
    for actor in (ANN, BEN):
        assert desks.read(actor, case).left == ()
        with pytest.raises(AccessError, match="somebody else has to adjudicate"):
            desks.judge(actor, case, 1, adjudicate=True)
    shown = desks.read(CEM, case)
    assert not shown.revealed
    assert len(shown.left) == 1
    with pytest.raises(InputError, match="disagree"):
        desks.judge(CEM, case, shown.left[0])
    done = desks.judge(CEM, case, shown.left[0], Opinion.CANNOT_TELL, adjudicate=True)
    assert done.state is CaseState.DECIDED
    assert decided(desks).outcome == "inconclusive"


def test_who_had_only_looked_may_settle_it_too(desks: Desks) -> None:
    case = desks.open()
    desks.read(CEM, case)
    desks.review(ANN, case, SAME)
    desks.review(BEN, case)
    with pytest.raises(InputError, match="look at the case"):
        desks.judge(CEM, case, 1, adjudicate=True)
    done = desks.review(CEM, case, SAME, adjudicate=True)
    assert done is not None
    assert done.state is CaseState.DECIDED
    assert decided(desks).outcome == "lead"


def test_one_who_had_begun_may_neither_go_on_nor_settle_it(desks: Desks) -> None:
    case = desks.open()
    number, *rest = desks.read(CEM, case).left
    desks.judge(CEM, case, number)
    desks.review(ANN, case, SAME)
    desks.review(BEN, case)
    with pytest.raises(InputError, match="disagree"):
        desks.judge(CEM, case, rest[0])
    with pytest.raises(AccessError, match="somebody else has to adjudicate"):
        desks.judge(CEM, case, rest[0], adjudicate=True)


def test_only_a_disputed_case_is_adjudicated_and_only_an_open_one_judged(desks: Desks) -> None:
    case = desks.open()
    with pytest.raises(InputError, match="waits for reviewers"):
        desks.judge(ANN, case, 1, adjudicate=True)
    desks.review(ANN, case)
    desks.review(BEN, case)
    with pytest.raises(InputError, match="an appeal opens it"):
        desks.judge(CEM, case, 1)


def test_an_appeal_opens_a_case_for_others(desks: Desks) -> None:
    case = desks.open()
    with pytest.raises(InputError, match="waits for reviewers"):
        cases.appeal(desks.context, COLLECTION, case, "complaint")
    desks.review(ANN, case, SAME)
    desks.review(BEN, case, SAME)
    opened = cases.appeal(desks.context, COLLECTION, case, "new-evidence")
    assert (opened.state, opened.round, opened.outcome) == (CaseState.OPEN, 2, None)
    for actor in (ANN, BEN):
        with pytest.raises(AccessError, match="before the appeal"):
            desks.judge(actor, case, 1)
        assert not desks.read(actor, case).revealed
    desks.review(CEM, case)
    desks.review(DOT, case)
    record = decided(desks)
    assert (record.round, record.outcome) == (2, "no-lead")
    said = {j.reviewer for it in record.candidates for j in it.judgements}
    assert said == {CEM.name, DOT.name}


def test_seeds_decide_nothing(desks: Desks) -> None:
    desks.set(review_seeds=1.0)
    case = desks.open()
    shown = desks.read(ANN, case)
    strangers = [
        it.face.user for it in shown.candidates if it.face and "stranger" in str(it.face.user)
    ]
    desks.review(ANN, case, {str(user): Opinion.SAME for user in strangers})
    desks.review(BEN, case)
    record = decided(desks)
    assert record.outcome == "no-lead"
    seeded = [it for it in record.candidates if it.seeded]
    assert len(seeded) == 3
    assert {it.opinion for it in seeded} == {None}
    assert {j.opinion for it in seeded for j in it.judgements} == {"same", "different"}


def test_what_is_deleted_is_no_longer_in_a_case(desks: Desks) -> None:
    case = desks.open()
    shown = desks.read(ANN, case)
    for it in shown.candidates:
        desks.judge(ANN, case, it.number, note="Ada has such ears")
    _delete(desks, "Ada")
    shown = desks.read(BEN, case)
    assert sorted(str(it.face.user) for it in shown.candidates if it.face) == ["Bea", "Cleo"]
    gone = next(it for it in shown.candidates if it.face is None)
    with pytest.raises(InputError, match="not to be judged"):
        desks.judge(BEN, case, gone.number)
    with reading(desks.context.database) as connection:
        assert len(connection.execute(select(review_notes)).all()) == 2
    done = desks.review(BEN, case)
    assert done is not None
    assert done.state is CaseState.DECIDED
    (left_out,) = (it for it in decided(desks).candidates if it.number == gone.number)
    assert (left_out.face_id, left_out.subject_id, left_out.opinion) == (None, None, None)


def test_deletions_leave_no_case_behind_that_cannot_be_decided(desks: Desks) -> None:
    halfway, empty = desks.open(), desks.open()
    for it in desks.read(ANN, halfway).candidates:
        if it.face and it.face.user != "Ada":
            desks.judge(ANN, halfway, it.number)
    _delete(desks, "Ada")
    assert desks.read(ANN, halfway).case.reviewed == 1
    for name in ("Bea", "Cleo"):
        _delete(desks, name)
    shown = desks.read(SEARCHER, empty)
    assert (shown.case.state, shown.case.outcome) == (
        CaseState.DECIDED,
        CaseOutcome.INCONCLUSIVE,
    )


def test_cases_go_with_their_collection_and_with_their_time(desks: Desks) -> None:
    desks.set(keep_records=30)
    old, new = desks.open(), desks.open()
    past = as_text(desks.read(ANN, old).case.opened_at)
    with desks.context.database.begin() as connection:
        chosen = update(review_cases).where(review_cases.c.case_id == old)
        connection.execute(chosen.values(expires_at=past))
    with pytest.raises(NotFoundError, match="reviews list"):
        desks.read(ANN, old)
    page = list_cases(desks.context, COLLECTION, PageRequest(None, 10))
    assert [it.case_id for it in page.items] == [new]
    assert events(desks.context, "purge cases")[-1].record.cases == (old,)  # type: ignore[union-attr]


def test_lists_come_in_pages_and_by_state(desks: Desks) -> None:
    made = [desks.open() for _ in range(3)]
    desks.review(ANN, made[1])
    desks.review(BEN, made[1])
    desks.review(ANN, made[2])
    first = list_cases(desks.context, COLLECTION, PageRequest(None, 2))
    second = list_cases(desks.context, COLLECTION, PageRequest(first.next, 2))
    found = [*first.items, *second.items]
    assert [it.case_id for it in found] == made
    assert [it.reviewed for it in found] == [0, 2, 1]
    page = PageRequest(None, 10)
    still = list_cases(desks.context, COLLECTION, page, CaseState.OPEN)
    assert [it.case_id for it in still.items] == [made[0], made[2]]


def test_reviewers_at_the_same_time_decide_a_case_once(desks: Desks) -> None:
    case = desks.open()
    for actor in (ANN, BEN):
        for number in desks.read(actor, case).left[:-1]:
            desks.judge(actor, case, number)
    lefts = {actor: desks.read(actor, case).left[0] for actor in (ANN, BEN)}
    barrier = threading.Barrier(2)

    def finish(actor: Actor) -> None:
        barrier.wait()
        desks.judge(actor, case, lefts[actor])

    threads = [threading.Thread(target=finish, args=(actor,)) for actor in (ANN, BEN)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(events(desks.context, "decide case")) == 1
    ids = [event.id for event in events(desks.context)]
    assert all(one < other for one, other in pairwise(ids))


def _delete(desks: Desks, user: str) -> None:
    with desks.context.database.begin() as connection:
        assert user in [it.name for it in list_users(connection, COLLECTION).items]
        found = list_faces(connection, COLLECTION, user=user).items
        delete_faces(connection, COLLECTION, [face.face_id for face in found])
