from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from reknown.services.video_jobs import ResultRequest, read_job
from reknown.services.video_records import (
    BY_PERSON,
    BY_TIME,
    ObjectPlace,
    Task,
    Wanted,
    write,
)
from reknown.services.video_work import MAX_ATTEMPTS, LeaseLostError, work
from unit.services.video_places import QUIET, analyst, objects, place

from callers import lookalike, strangers
from other_engine import OTHER
from reknown.biometrics.errors import AccessError, DatabaseError, InvalidVideoError, ModelFileError
from reknown.biometrics.templates import TemplateSpace
from reknown.biometrics.thresholds import threshold_at_similarity
from reknown.gallery.templates import load_templates
from reknown.jobs import outbox, queue
from reknown.jobs.queue import NewJob, State
from reknown.ledger import events
from reknown.ledger.actor import Actor
from reknown.services import galleries, upgrade, upgrade_steps, video_work
from reknown.storage.database import reading
from video_findings import INFO, analysis, track

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from numpy.typing import NDArray
    from reknown.services.video_jobs import JobResults
    from reknown.services.video_work import Workplace
    from unit.services.video_places import Analyst, Objects

    from reknown.biometrics.tracks import VideoAnalysis
    from reknown.gallery.templates import GalleryTemplates
    from reknown.jobs.queue import Lease
    from reknown.storage.database import Connection
    from reknown.vision.analyze import Engine

__all__ = ["analyst", "objects", "place"]

_MINUTE = timedelta(minutes=1)
_ADA = "key:ADA"


def _add(place: Workplace, task: Task, collection: str | None = None, **wanted: Any) -> str:
    what = Wanted(ObjectPlace("media", "a.mp4"), **wanted)
    with place.database.begin() as connection:
        return queue.add(connection, NewJob(task.value, _ADA, collection, write(what)))


def _claim(place: Workplace, lease_time: timedelta = _MINUTE) -> Lease:
    with place.database.begin() as connection:
        lease = queue.claim(connection, lease_time)
    assert lease is not None
    return lease


def _read(
    place: Workplace, task: Task, job_id: str, ordering: str = BY_TIME, span: range = range(1000)
) -> JobResults:
    request = ResultRequest(task, job_id, span, ordering)
    return read_job(place.database, request, lambda _: True, Actor("bob"))


def _events(place: Workplace, *operations: str) -> list[events.Event]:
    with reading(place.database) as connection:
        return [event for event in events.read(connection) if event.operation in operations]


def _notices(place: Workplace) -> list[tuple[str, str, str]]:
    found = []
    with place.database.begin() as connection:
        while notice := outbox.claim(connection, ["sns", "webhook"], _MINUTE):
            found.append((notice.channel, notice.target, notice.body))
    return found


def _vector(engine: Engine, number: int) -> NDArray[np.float32]:
    return np.asarray(strangers(9, engine.space.dimension)[number])


def test_faces_come_by_time(place: Workplace, analyst: Analyst, engine: Engine) -> None:
    tracks = (
        track(0, [0, 400, 800], [_vector(engine, 0)]),
        track(1, [200, 400, 600], [_vector(engine, 1)]),
    )
    analyst.answer = analysis(engine.space, *tracks)
    job_id = _add(place, Task.FACES)
    worked = work(place, _claim(place), QUIET)
    assert worked is not None
    assert (worked.ending.state, worked.tracks, worked.trouble) == (State.SUCCEEDED, 2, None)
    found = _read(place, Task.FACES, job_id)
    assert [(seen.time_ms, seen.person) for seen in found.entries] == [
        (0, 0),
        (200, 1),
        (400, 0),
        (400, 1),
        (600, 1),
        (800, 0),
    ]
    assert found.entries[0].face == tracks[0].observations[0].face
    assert found.info is not None
    assert found.info.video == INFO
    assert not found.matches
    assert analyst.asked == ["opencv"]
    (event,) = _events(place, "detect")
    assert (event.actor, event.collection) == (_ADA, None)
    assert event.detail == {"job": job_id, "video": "ab" * 32, "tracks": 2}


def test_people_come_by_time_or_one_after_the_other(
    place: Workplace, analyst: Analyst, engine: Engine
) -> None:
    one, two = (track(n, [0, 400], [_vector(engine, n)]) for n in (1, 0))
    dim = replace(one.observations[0].face, confidence=0.5)
    one = replace(one, observations=(replace(one.observations[0], face=dim), one.observations[1]))
    analyst.answer = analysis(engine.space, one, two)
    job_id = _add(place, Task.PERSONS)
    work(place, _claim(place), QUIET)
    by_person = _read(place, Task.PERSONS, job_id, BY_PERSON).entries
    assert [(seen.person, seen.time_ms) for seen in by_person] == [
        (0, 0),
        (0, 400),
        (1, 400),
        (1, 0),
    ]
    assert len(_read(place, Task.PERSONS, job_id).entries) == 4


def test_a_track_is_as_similar_as_its_shots_are_in_the_mean(
    place: Workplace,
    analyst: Analyst,
    engine: Engine,
    collection: str,
    enrol: Callable[..., object],
    eileen: bytes,
) -> None:
    enrol(eileen)
    with reading(place.database) as connection:
        templates = load_templates(connection, collection)
    (reference,) = templates.vectors
    calibration = engine.calibration
    assert calibration is not None
    bar = threshold_at_similarity(calibration, 80).score
    # of one both shots reach the threshold, of the other only one does: the mean decides
    alike = [lookalike(reference, bar + 0.003), lookalike(reference, bar + 0.001)]
    unlike = [lookalike(reference, bar + 0.001), lookalike(reference, bar - 0.1)]
    analyst.answer = analysis(
        engine.space, track(0, [0, 400], alike), track(1, [800, 1200], unlike)
    )
    job_id = _add(place, Task.SEARCH, collection, similarity=80.0)
    work(place, _claim(place), QUIET)
    found = _read(place, Task.SEARCH, job_id)
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
    (event,) = _events(place, "identify")
    assert event.collection == collection
    assert event.detail == {
        "job": job_id,
        "video": "ab" * 32,
        "tracks": 2,
        "threshold": 80,
        "references": 1,
        "faces": [templates.face_ids[0]],
    }


def test_pages_have_the_matches_of_their_own_tracks(
    place: Workplace, analyst: Analyst, engine: Engine, collection: str
) -> None:
    tracks = [track(n, [100 * n], [_vector(engine, n)]) for n in range(5)]
    analyst.answer = analysis(engine.space, *tracks)
    job_id = _add(place, Task.SEARCH, collection, similarity=80.0)
    work(place, _claim(place), QUIET)
    first = _read(place, Task.SEARCH, job_id, span=range(3))
    assert (len(first.entries), first.more, set(first.matches)) == (3, True, {0, 1, 2})
    second = _read(place, Task.SEARCH, job_id, span=range(3, 6))
    assert (len(second.entries), second.more) == (2, False)
    exact = _read(place, Task.SEARCH, job_id, span=range(5))
    assert not exact.more


def test_a_video_without_faces_is_searched_too(place: Workplace, collection: str) -> None:
    job_id = _add(place, Task.SEARCH, collection, similarity=80.0)
    worked = work(place, _claim(place), QUIET)
    assert worked is not None
    assert worked.ending.state is State.SUCCEEDED
    assert _read(place, Task.SEARCH, job_id).entries == ()


def test_warnings_are_told_although_it_succeeded(
    place: Workplace, analyst: Analyst, engine: Engine
) -> None:
    analyst.answer = analysis(engine.space, warnings=("broken at 3 s", "and\0 at 5 s"))
    job_id = _add(place, Task.FACES)
    work(place, _claim(place), QUIET)
    job = _read(place, Task.FACES, job_id).job
    assert (job.state, job.message) == (State.SUCCEEDED, "broken at 3 s; and at 5 s")


@pytest.mark.parametrize(
    ("error", "message", "trouble"),
    [
        (InvalidVideoError("not a video: give another"), "not a video: give another", False),
        (ModelFileError("/srv/cache/x is damaged"), "Something failed on the server", True),
        (ZeroDivisionError("/srv/secret"), "Something failed on the server", True),
        (AccessError("/srv/secret"), "Something failed on the server", True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_ends_the_job_and_tells_what_concerns_the_caller(
    place: Workplace, analyst: Analyst, error: Exception, message: str, trouble: bool
) -> None:
    analyst.answer = error
    job_id = _add(place, Task.FACES)
    worked = work(place, _claim(place), QUIET)
    assert worked is not None
    assert worked.trouble is (error if trouble else None)
    job = _read(place, Task.FACES, job_id).job
    assert job.state is State.FAILED
    assert job.message is not None
    assert job.message.startswith(message)
    assert "/srv" not in job.message
    (event,) = _events(place, "detect")
    assert event.detail["failed"] == job.message
    assert _notices(place) == [("webhook", "", "faces FAILED")]


def test_a_job_may_lose_its_video_its_collection_or_its_space(
    place: Workplace, objects: Objects, analyst: Analyst, collection: str
) -> None:
    jobs = [_add(place, Task.SEARCH, collection, similarity=80.0) for _ in range(3)]
    analyst.answer = analysis(TemplateSpace("other", "cd" * 32, 4))
    work(place, _claim(place), QUIET)
    objects.sizes.clear()
    work(place, _claim(place), QUIET)
    galleries.delete_collection(place.database, collection, Actor("tester"))
    work(place, _claim(place), QUIET)
    messages = [_read(place, Task.SEARCH, job_id).job.message for job_id in jobs]
    assert all(messages)
    assert "cannot be compared" in (messages[0] or "")
    assert "no such object" in (messages[1] or "")
    assert messages[2] == f"The collection id: {collection} does not exist"


@pytest.fixture
def switch(place: Workplace, collection: str) -> Callable[[], None]:
    """Switches the collection to another pack, once."""
    upgrade.begin(place.database, collection, OTHER, Actor("tester"))

    def switch_once() -> None:
        found = upgrade.find(place.database, collection)
        if found is not None and not found.switched:
            upgrade_steps.switch(place.database, collection, Actor("tester"))

    return switch_once


def test_a_collection_switched_during_the_analysis_is_searched_with_its_new_pack(
    place: Workplace,
    analyst: Analyst,
    engine: Engine,
    collection: str,
    switch: Callable[[], None],
) -> None:
    tracks = {
        engine.space.pack: analysis(engine.space, track(0, [0], [_vector(engine, 0)])),
        OTHER.pack: analysis(OTHER, track(0, [0, 400], [strangers(1, OTHER.dimension)[0]])),
    }

    def analyse(file: BinaryIO, pack: str, alive: Callable[[], None]) -> VideoAnalysis:
        analyst.analyse(file, pack, alive)
        return tracks[pack]

    analyst.before = switch
    place = replace(place, packs=replace(place.packs, analyse=analyse))
    job_id = _add(place, Task.SEARCH, collection, similarity=80.0)
    worked = work(place, _claim(place), QUIET)
    assert worked is not None
    assert worked.ending.state is State.SUCCEEDED
    assert analyst.asked == [engine.space.pack, OTHER.pack]
    found = _read(place, Task.SEARCH, job_id)
    assert len(found.entries) == 2
    assert found.info is not None
    assert found.info.search is not None
    assert found.info.search.space == OTHER
    assert len(_events(place, "identify")) == 1


def test_a_collection_switched_just_before_the_results_are_stored_is_searched_again(
    place: Workplace,
    analyst: Analyst,
    engine: Engine,
    collection: str,
    switch: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def analyse(file: BinaryIO, pack: str, alive: Callable[[], None]) -> VideoAnalysis:
        analyst.analyse(file, pack, alive)
        return analysis(OTHER if pack == OTHER.pack else engine.space)

    def switch_afterwards(connection: Connection, name: str) -> GalleryTemplates:
        templates = load_templates(connection, name)
        switch()
        return templates

    monkeypatch.setattr(video_work, "load_templates", switch_afterwards)
    place = replace(place, packs=replace(place.packs, analyse=analyse))
    job_id = _add(place, Task.SEARCH, collection, similarity=80.0)
    work(place, _claim(place), QUIET)
    found = _read(place, Task.SEARCH, job_id)
    assert found.info is not None
    assert found.info.search is not None
    assert found.info.search.space == OTHER
    assert analyst.asked == [engine.space.pack, OTHER.pack]


def test_topics_are_told_in_the_same_transaction(place: Workplace) -> None:
    _add(place, Task.FACES, topic="arn:aws:sns:x:000000000000:t")
    work(place, _claim(place), QUIET)
    assert sorted(_notices(place)) == [
        ("sns", "arn:aws:sns:x:000000000000:t", "faces SUCCEEDED"),
        ("webhook", "", "faces SUCCEEDED"),
    ]


def test_whoever_lost_the_lease_writes_nothing(
    place: Workplace, analyst: Analyst, engine: Engine
) -> None:
    job_id = _add(place, Task.FACES)
    late = _claim(place, timedelta(0))
    # while the first one is at work, another takes over and finishes
    other: list[object] = []

    def take_over() -> None:
        analyst.before = lambda: None
        analyst.answer = analysis(engine.space, track(0, [7], [_vector(engine, 0)]))
        other.append(work(place, _claim(place), QUIET))

    analyst.before = take_over
    assert work(place, late, QUIET) is None
    assert other[0] is not None
    assert [seen.time_ms for seen in _read(place, Task.FACES, job_id).entries] == [7]
    assert len(_events(place, "detect")) == 1
    assert len(_notices(place)) == 1


def test_a_lost_lease_ends_the_analysis(place: Workplace) -> None:
    _add(place, Task.FACES)

    def lost() -> None:
        raise LeaseLostError

    assert work(place, _claim(place), replace(QUIET, alive=lost)) is None
    assert _events(place, "detect") == []


def test_a_video_that_breaks_its_worker_down_is_not_tried_for_ever(
    place: Workplace, analyst: Analyst
) -> None:
    job_id = _add(place, Task.FACES)
    for _ in range(MAX_ATTEMPTS):
        _claim(place, timedelta(0))  # and dies
    worked = work(place, _claim(place), QUIET)
    assert worked is not None
    job = _read(place, Task.FACES, job_id).job
    assert (job.state, job.message) == (
        State.FAILED,
        "the video made the process that analysed it break down three times",
    )
    assert analyst.asked == []


def test_trouble_with_the_database_is_not_the_jobs_fault(
    place: Workplace, analyst: Analyst
) -> None:
    job_id = _add(place, Task.FACES)
    analyst.answer = DatabaseError("the disk is full")
    with pytest.raises(DatabaseError):
        work(place, _claim(place), QUIET)
    assert _read(place, Task.FACES, job_id).job.state is State.OPEN
