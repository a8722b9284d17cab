from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete

from callers import lookalike, strangers
from other_engine import OTHER
from reknown.biometrics.policy import Policy
from reknown.biometrics.quality_filter import DEFAULT_FILTER
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.biometrics.tracks import Shot
from reknown.gallery.templates import load_templates
from reknown.jobs.queue import State
from reknown.jobs.schema import parts
from reknown.ledger.records import (
    CandidateRecord,
    IdentifyRecord,
    ProbeRecord,
    RefuseSearchRecord,
    SpaceRecord,
    ThresholdRecord,
)
from reknown.review.states import CaseState
from reknown.services.galleries.enrolment import enrol_subjects
from reknown.services.galleries.enrolment_plan import read_plan
from reknown.services.galleries.faces import delete_faces, list_faces
from reknown.services.galleries.pages import PageRequest
from reknown.services.policies.rules import set_policy
from reknown.services.reviews.queue import list_cases
from reknown.services.upgrades import steps
from reknown.services.upgrades.preparation import begin, find_upgrade
from reknown.services.videos.job_records import BY_PERSON, REFUSALS, Task
from reknown.storage.database import reading
from unit.services.ledgers import events
from unit.services.videos.places import analyst, objects, worker_context
from unit.services.videos.working import (
    ADA,
    VIDEO,
    add_job,
    notices,
    read,
    vector,
    work_on_next,
)
from video_faces import turned_away
from video_findings import analysis, track

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reknown.jobs.queue import Job
    from reknown.services.context import Context
    from reknown.services.videos.work import WorkerContext
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine
    from unit.services.videos.places import Analyst

__all__ = ["analyst", "objects", "worker_context"]


def test_candidates_come_by_time_or_one_after_the_other(
    worker_context: WorkerContext,
    context: Context,
    database: Database,
    analyst: Analyst,
    engine: Engine,
    collection: str,
) -> None:
    one, two = (track(n, [0, 400], [vector(engine, n)]) for n in (1, 0))
    dim = replace(one.observations[0].face, confidence=0.5)
    one = replace(one, observations=(replace(one.observations[0], face=dim), one.observations[1]))
    analyst.answer = analysis(engine.space, one, two)
    job_id = add_job(database, Task.SEARCH, collection, similarity=80.0)
    work_on_next(worker_context)
    by_person = read(context, Task.SEARCH, job_id, BY_PERSON).entries
    assert [(seen.person, seen.time_ms) for seen in by_person] == [
        (0, 0),
        (0, 400),
        (1, 0),
        (1, 400),
    ]


def test_a_track_is_as_similar_as_its_shots_are_in_the_mean(
    worker_context: WorkerContext,
    context: Context,
    analyst: Analyst,
    engine: Engine,
    collection: str,
    enrol: Callable[..., object],
    eileen: bytes,
) -> None:
    database = context.database
    enrol(eileen)
    with reading(database) as connection:
        templates = load_templates(connection, collection)
    (reference,) = templates.vectors
    calibration = engine.calibration
    assert calibration is not None
    threshold = ThresholdChoice(80.0).resolve(calibration)
    bar = threshold.score
    # of one both shots reach the threshold, of the other only one does: the mean decides
    alike = [lookalike(reference, bar + 0.003), lookalike(reference, bar + 0.001)]
    unlike = [lookalike(reference, bar + 0.001), lookalike(reference, bar - 0.1)]
    analyst.answer = analysis(
        engine.space, track(0, [0, 400], alike), track(1, [800, 1200], unlike)
    )
    job_id = add_job(database, Task.SEARCH, collection, similarity=80.0)
    work_on_next(worker_context)
    found = read(context, Task.SEARCH, job_id)
    assert [[m.face_id for m in found.matches[seen.track]] for seen in found.entries] == [
        [templates.face_ids[0]],
        [templates.face_ids[0]],
        [],
        [],
    ]
    (match,) = found.matches[0]
    assert match.similarity == pytest.approx(calibration.similarity(bar + 0.002), abs=0.01)
    assert match.user == "Eileen Collins"
    assert analyst.asked == [engine.space.pack]
    assert found.info is not None
    summary = found.info.search
    assert summary is not None
    assert (summary.similarity, summary.references) == (80, 1)
    assert summary.false_match_rate == summary.expected_false_candidates
    (event,) = events(database, "identify")
    assert (event.actor, event.collection) == (ADA, collection)
    assert isinstance(event.record, IdentifyRecord)
    ((candidate,), nobody) = event.record.candidates
    assert nobody == ()
    assert candidate.score == pytest.approx(bar + 0.002, abs=1e-5)
    (face,) = list_faces(context, collection, PageRequest())[1].items
    assert face.subject_id is not None
    assert candidate == CandidateRecord(
        face.face_id, face.subject_id, candidate.score, match.similarity
    )
    assert replace(event.record, candidates=()) == IdentifyRecord(
        probe=ProbeRecord("video", VIDEO),
        space=SpaceRecord.of(engine.space),
        threshold=ThresholdRecord.of(threshold),
        searched="references",
        gallery_size=1,
        references=1,
        candidates=(),
        job=job_id,
    )
    assert "Eileen" not in repr(events(database))


def test_a_track_that_would_not_be_enrolled_is_not_searched_with(
    worker_context: WorkerContext,
    context: Context,
    analyst: Analyst,
    engine: Engine,
    collection: str,
    enrol: Callable[..., object],
    eileen: bytes,
) -> None:
    database = context.database
    enrol(eileen)
    with reading(database) as connection:
        (reference,) = load_templates(connection, collection).vectors
    hidden, clear = (track(n, [400 * n], [reference]) for n in (0, 1))
    hidden = replace(hidden, shots=(Shot(0, turned_away()),))
    analyst.answer = analysis(engine.space, hidden, clear)
    job_id = add_job(database, Task.SEARCH, collection, similarity=80.0)
    work_on_next(worker_context)
    found = read(context, Task.SEARCH, job_id)
    assert [len(found.matches[seen.track]) for seen in found.entries] == [0, 1]
    assert found.refusals == {0: DEFAULT_FILTER.objections(turned_away())}
    later = read(context, Task.SEARCH, job_id, span=range(1, 2))
    assert (set(later.matches), later.refusals) == ({1}, {})


def test_results_of_an_earlier_release_have_no_refusals(
    worker_context: WorkerContext,
    context: Context,
    database: Database,
    analyst: Analyst,
    engine: Engine,
    collection: str,
) -> None:
    analyst.answer = analysis(engine.space, track(0, [0], [vector(engine, 0)]))
    job_id = add_job(database, Task.SEARCH, collection, similarity=80.0)
    work_on_next(worker_context)
    with database.begin() as connection:
        connection.execute(delete(parts).where(parts.c.ordering == REFUSALS))
    found = read(context, Task.SEARCH, job_id)
    assert (len(found.entries), found.refusals) == (1, {})


def test_pages_have_the_matches_of_their_own_tracks(
    worker_context: WorkerContext,
    context: Context,
    database: Database,
    analyst: Analyst,
    engine: Engine,
    collection: str,
) -> None:
    tracks = [track(n, [100 * n], [vector(engine, n)]) for n in range(5)]
    analyst.answer = analysis(engine.space, *tracks)
    job_id = add_job(database, Task.SEARCH, collection, similarity=80.0)
    work_on_next(worker_context)
    first = read(context, Task.SEARCH, job_id, span=range(3))
    assert (len(first.entries), first.more, set(first.matches)) == (3, True, {0, 1, 2})
    second = read(context, Task.SEARCH, job_id, span=range(3, 6))
    assert (len(second.entries), second.more) == (2, False)
    exact = read(context, Task.SEARCH, job_id, span=range(5))
    assert not exact.more


def test_a_video_without_faces_is_searched_too(
    worker_context: WorkerContext, context: Context, database: Database, collection: str
) -> None:
    job_id = add_job(database, Task.SEARCH, collection, similarity=80.0)
    assert work_on_next(worker_context).ending.state is State.SUCCEEDED
    assert read(context, Task.SEARCH, job_id).entries == ()


@pytest.fixture
def switch(context: Context, collection: str) -> Callable[[], None]:
    """Switches the collection to another pack, once."""
    begin(context, collection, OTHER.pack)

    def switch_once() -> None:
        found = find_upgrade(context, collection)
        if found is not None and not found.switched:
            steps.switch(context, collection, delete_missing=True)

    return switch_once


def test_a_collection_switched_during_the_analysis_is_searched_with_its_new_pack(
    worker_context: WorkerContext,
    context: Context,
    database: Database,
    analyst: Analyst,
    engine: Engine,
    collection: str,
    switch: Callable[[], None],
) -> None:
    analyst.answers = {
        engine.space.pack: analysis(engine.space, track(0, [0], [vector(engine, 0)])),
        OTHER.pack: analysis(OTHER, track(0, [0, 400], [strangers(1, OTHER.dimension)[0]])),
    }
    analyst.before = switch
    job_id = add_job(database, Task.SEARCH, collection, similarity=80.0)
    assert work_on_next(worker_context).ending.state is State.SUCCEEDED
    assert analyst.asked == [engine.space.pack, OTHER.pack]
    found = read(context, Task.SEARCH, job_id)
    assert len(found.entries) == 2
    assert found.info is not None
    assert found.info.search is not None
    assert found.info.search.space == OTHER
    (event,) = events(database, "identify")
    assert isinstance(event.record, IdentifyRecord)
    assert event.record.space == SpaceRecord.of(OTHER)


def test_a_collection_switched_just_before_the_results_are_stored_is_searched_again(
    worker_context: WorkerContext,
    context: Context,
    database: Database,
    analyst: Analyst,
    engine: Engine,
    collection: str,
    switch: Callable[[], None],
) -> None:
    def switch_and_tell(job: Job, state: State) -> str:
        """Written when the search is over, just before all of it is stored."""
        assert analyst.asked[0] == engine.space.pack
        switch()
        return state.value

    analyst.answers = {OTHER.pack: analysis(OTHER)}
    job_id = add_job(database, Task.SEARCH, collection, similarity=80.0)
    work_on_next(replace(worker_context, notice=switch_and_tell))
    found = read(context, Task.SEARCH, job_id)
    assert found.info is not None
    assert found.info.search is not None
    assert found.info.search.space == OTHER
    assert analyst.asked == [engine.space.pack, OTHER.pack]
    assert len(events(database, "identify")) == 1
    assert len(notices(database)) == 1


def test_a_face_deleted_just_before_the_results_are_stored_is_no_match(
    worker_context: WorkerContext,
    context: Context,
    analyst: Analyst,
    engine: Engine,
    collection: str,
    enrol: Callable[..., object],
    eileen: bytes,
) -> None:
    database = context.database
    enrol(eileen)
    with reading(database) as connection:
        templates = load_templates(connection, collection)
    analyst.answer = analysis(engine.space, track(0, [0], [templates.vectors[0]]))

    def delete_and_tell(job: Job, state: State) -> str:
        delete_faces(context, collection, templates.face_ids, of_users=True)
        return state.value

    jobs = [add_job(database, Task.SEARCH, collection, similarity=80.0) for _ in range(2)]
    work_on_next(worker_context)
    work_on_next(replace(worker_context, notice=delete_and_tell))
    found = [len(read(context, Task.SEARCH, job_id).matches[0]) for job_id in jobs]
    assert found == [1, 0]


def test_celebrities_come_by_time_or_one_after_the_other_and_others_not_at_all(
    worker_context: WorkerContext,
    context: Context,
    analyst: Analyst,
    engine: Engine,
    collection: str,
    people: Path,
) -> None:
    results = list(enrol_subjects(context, collection, read_plan(people)))
    assert all(result.face for result in results)
    with reading(context.database) as connection:
        templates = load_templates(connection, collection)
    first, second = templates.vectors
    analyst.answer = analysis(
        engine.space,
        track(0, [0, 800], [first]),
        track(1, [400], [second]),
        track(2, [600], [vector(engine, 8)]),
        track(3, [900], [first]),
    )
    job_id = add_job(context.database, Task.CELEBRITIES, collection, similarity=80.0)
    work_on_next(worker_context)
    found = read(context, Task.CELEBRITIES, job_id)
    assert [(seen.track, seen.time_ms) for seen in found.entries] == [
        (0, 0),
        (1, 400),
        (0, 800),
        (3, 900),
    ]
    names = ["Eileen Collins", "Grace Hopper", "Eileen Collins", "Eileen Collins"]
    assert [[m.user for m in found.matches[seen.track]] for seen in found.entries] == [
        [name] for name in names
    ]
    ids = {row[0].user: row[0].subject_id for row in found.matches.values()}
    by_id = read(context, Task.CELEBRITIES, job_id, BY_PERSON)
    kept = [(by_id.matches[seen.track][0].subject_id, seen.time_ms) for seen in by_id.entries]
    assert kept == sorted(zip(map(ids.get, names), (0, 400, 800, 900), strict=True))
    record = events(context.database, "identify")[-1].record
    assert isinstance(record, IdentifyRecord)
    assert (record.searched, record.gallery_size) == ("users", 2)
    assert [len(row) for row in record.candidates] == [1, 1, 0, 1]
    assert found.info is not None
    assert found.info.search is not None
    assert (found.info.search.gallery_size, found.info.search.references) == (2, 2)


def test_a_gallery_without_celebrities_names_nobody(
    worker_context: WorkerContext,
    context: Context,
    analyst: Analyst,
    engine: Engine,
    collection: str,
) -> None:
    analyst.answer = analysis(engine.space, track(0, [0], [vector(engine, 0)]))
    job_id = add_job(context.database, Task.CELEBRITIES, collection, similarity=80.0)
    work_on_next(worker_context)
    found = read(context, Task.CELEBRITIES, job_id)
    assert found.job.state is State.SUCCEEDED
    assert found.entries == ()


def test_a_celebrity_whose_face_goes_meanwhile_is_nobody(
    worker_context: WorkerContext,
    context: Context,
    analyst: Analyst,
    engine: Engine,
    collection: str,
    people: Path,
) -> None:
    results = list(enrol_subjects(context, collection, read_plan(people)))
    with reading(context.database) as connection:
        templates = load_templates(connection, collection)

    def delete_and_tell(job: Job, state: State) -> str:
        """Written when the search is over, just before all of it is stored."""
        gone = delete_faces(context, collection, [templates.face_ids[0]], of_users=True)
        assert len(gone.deleted) == 1
        return state.value

    first, second = templates.vectors
    analyst.answer = analysis(engine.space, track(0, [0], [first]), track(1, [400], [second]))
    job_id = add_job(context.database, Task.CELEBRITIES, collection, similarity=80.0)
    work_on_next(replace(worker_context, notice=delete_and_tell))
    found = read(context, Task.CELEBRITIES, job_id)
    assert [(seen.track, seen.time_ms) for seen in found.entries] == [(1, 400)]
    assert [match.face_id for match in found.matches[1]] == [templates.face_ids[1]]
    assert len(results) == 2


@pytest.mark.parametrize("when", ["before", "during"])
def test_a_job_that_the_policy_refuses_fails_and_says_why(
    worker_context: WorkerContext,
    context: Context,
    analyst: Analyst,
    engine: Engine,
    collection: str,
    when: str,
) -> None:
    def forbid() -> None:
        set_policy(context, collection, Policy(purposes=("missing-person",)))

    if when == "before":
        forbid()
    else:
        analyst.before = forbid
    analyst.answer = analysis(engine.space, track(0, [0], [vector(engine, 0)]))
    job_id = add_job(context.database, Task.SEARCH, collection, similarity=80.0)
    outcome = work_on_next(worker_context)
    assert analyst.asked == ([] if when == "before" else [engine.space.pack])
    assert outcome.ending.state is State.FAILED
    job = read(context, Task.SEARCH, job_id).job
    assert job.state is State.FAILED
    assert "say what for" in (job.message or "")
    (refused,) = events(context.database, "refuse search")
    assert refused.record == RefuseSearchRecord("PurposeMissing", job_id)
    assert (refused.actor, refused.collection) == (ADA, collection)
    assert not events(context.database, "identify")


def test_candidates_of_each_track_are_a_case_that_people_judge(
    worker_context: WorkerContext,
    context: Context,
    analyst: Analyst,
    engine: Engine,
    collection: str,
    enrol: Callable[..., object],
    eileen: bytes,
) -> None:
    """In a governed collection a track without any candidate leaves one, too."""
    enrol(eileen)
    policy = Policy(
        review_from=80.0,
        reviewers=1,
        review_seeds=0,
        governed=True,
        purposes=("missing-person",),
        legal_basis="consent",
        keep_faces=30,
        keep_sightings=30,
        keep_jobs=30,
        keep_records=30,
        least_similarity=80.0,
    )
    set_policy(context, collection, policy)
    with reading(context.database) as connection:
        (reference,) = load_templates(connection, collection).vectors
    tracks = (track(0, [0], [vector(engine, 0)]), track(1, [400], [reference]))
    analyst.answer = analysis(engine.space, *tracks)
    add_job(context.database, Task.SEARCH, collection, similarity=80.0, purpose="missing-person")
    work_on_next(worker_context)
    (event,) = events(context.database, "identify")
    cases = list_cases(context, collection, PageRequest(None, 9)).items
    assert [(it.search, it.probe.kind, it.probe.number, it.state) for it in cases] == [
        (event.id, "video", 1, CaseState.NOBODY),
        (event.id, "video", 2, CaseState.OPEN),
    ]
    assert [it.searcher for it in cases] == [ADA, ADA]
