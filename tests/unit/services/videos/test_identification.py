from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from contexts import make_context
from other_engine import OTHER
from reknown.biometrics.candidates import Candidate
from reknown.biometrics.errors import InputError, NotFoundError, SpaceMismatchError
from reknown.biometrics.quality_filter import ANY_QUALITY, DEFAULT_FILTER
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.ledger.records import (
    CandidateRecord,
    IdentifyRecord,
    KeepSightingsRecord,
    ProbeRecord,
    SpaceRecord,
    ThresholdRecord,
)
from reknown.services.archive.sightings import Keeping, list_sightings
from reknown.services.galleries.faces import list_faces
from reknown.services.galleries.pages import PageRequest
from reknown.services.searches.search import Query, Unit
from reknown.services.upgrades.preparation import begin
from reknown.services.upgrades.steps import switch
from reknown.services.videos.identification import appearances, identify_video
from unit.services.ledgers import events, last
from video_analyses import SHA256, analysis, towards, track, turned
from video_faces import turned_away, unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult
    from reknown.services.videos.identification import VideoIdentification
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine

    Enrol = Callable[..., EnrolmentResult]
    Vector = NDArray[np.float32]


@pytest.fixture
def reference(
    engine: Engine, eileen_pixels: NDArray[np.uint8], enrol: Enrol, eileen: bytes
) -> Vector:
    """The template of Eileen Collins, who is enrolled."""
    enrol(eileen)
    (face,) = engine.detect(eileen_pixels)
    (template,) = engine.embed(eileen_pixels, [face])
    return template.vector


@pytest.fixture
def query(collection: str) -> Query:
    return Query(collection)


def spans(found: VideoIdentification) -> list[tuple[int, int, int, str | None]]:
    return [
        (a.from_ms, a.to_ms, a.person, a.best.user if a.best else None) for a in found.appearances
    ]


def test_tracks_become_intervals_with_candidates_and_strangers_stay_unknown(
    engine: Engine, context: Context, query: Query, reference: Vector
) -> None:
    known = track(reference, 0, 2000, 0, best_ms=600)
    stranger = track(towards(reference, 0.1), 1000, 3000, 1)
    found = identify_video(context, query, analysis(engine.space, [known, stranger]))
    assert spans(found) == [(0, 2000, 0, "Eileen Collins"), (1000, 3000, 1, None)]
    first, second = found.appearances
    assert first.best_ms == 600
    assert first.best is not None
    assert first.best.score == pytest.approx(1, abs=1e-5)
    assert first.best.similarity is not None
    assert first.best.similarity > 99
    assert (second.candidates, second.best, second.tracks) == ((), None, (1,))
    assert found.identified
    searched = found.searched
    assert (searched.unit, searched.gallery_size, searched.references) == (Unit.SUBJECTS, 1, 1)
    assert found.kept is None


def test_a_track_scores_as_the_mean_of_its_views(
    engine: Engine, context: Context, collection: str, reference: Vector
) -> None:
    half = np.float32(0.5)
    mean = half * (towards(reference, 0.99, 1) + towards(reference, 0.91, 2))
    below = half * (towards(reference, 0.99, 1) + towards(reference, 0.79, 2))
    tracks = [track(mean, 0, 500, 0), track(below, 0, 500, 1)]
    query = Query(collection, ThresholdChoice(score=0.9))
    found = identify_video(context, query, analysis(engine.space, tracks))
    best = found.appearances[0].best
    assert best is not None
    assert best.score == pytest.approx(0.95, abs=1e-5)
    assert found.appearances[1].best is None


def test_a_track_that_would_not_be_enrolled_gets_no_name_and_says_why(
    engine: Engine, context: Context, database: Database, query: Query, reference: Vector
) -> None:
    hidden = turned(track(reference, 0, 1000, 0))
    clear = track(reference, 2000, 3000, 1)
    video = analysis(engine.space, [hidden, clear])
    found = identify_video(context, query, video)
    first, second = found.appearances
    assert (first.candidates, first.tracks) == ((), (0,))
    assert [str(objection) for objection in first.objections] == [
        "turned away: head pose 70 degrees, maximum 60"
    ]
    assert second.best is not None
    assert (second.best.user, second.tracks, second.objections) == ("Eileen Collins", (1,), ())
    assert found.tracks_searched == 1
    assert found.expected_in_video == pytest.approx(1e-4, rel=0.01)
    record = last(database).record
    assert isinstance(record, IdentifyRecord)
    assert len(record.candidates) == 1
    everything = identify_video(context, query, video, quality=ANY_QUALITY)
    assert [a.best is not None for a in everything.appearances] == [True, True]


def test_what_would_not_be_enrolled_is_not_kept_either(
    engine: Engine, context: Context, collection: str, query: Query, reference: Vector
) -> None:
    tracks = [turned(track(reference)), track(reference, person=1, best_ms=700)]
    found = identify_video(context, query, analysis(engine.space, tracks), Keeping("a.mp4", 1))
    assert found.kept is not None
    assert found.kept.tracks == 1
    assert [record.sighting.best_ms for record in list_sightings(context, collection)] == [700]


def test_an_unknown_face_is_not_joined_with_one_that_was_not_searched() -> None:
    tracks = [track(unit(0), 0, 900), track(unit(0), 1000, 2000)]
    against = DEFAULT_FILTER.objections(turned_away())
    assert len(appearances(tracks, [(), ()], 5, [(), against])) == 2
    (joined_ones,) = appearances(tracks, [(), ()], 5, [against, against])
    assert joined_ones.objections == against


def test_without_calibration_nothing_is_said_about_chance(
    engine: Engine, database: Database, collection: str, reference: Vector
) -> None:
    plain = make_context(database, replace(engine, calibration=None))
    query = Query(collection, ThresholdChoice(score=0.9))
    found = identify_video(plain, query, analysis(engine.space, [track(reference)]))
    best = found.appearances[0].best
    assert best is not None
    assert (best.similarity, found.expected_in_video) == (None, None)


def test_no_more_candidates_than_asked_for(
    engine: Engine, context: Context, collection: str, reference: Vector, enrol: Enrol, grace: bytes
) -> None:
    enrol(grace, "Grace Hopper", "2.jpg")
    anybody = ThresholdChoice(score=-1)
    video = analysis(engine.space, [track(reference)])
    for limit, names in ((1, ["Eileen Collins"]), (5, ["Eileen Collins", "Grace Hopper"])):
        found = identify_video(context, Query(collection, anybody, limit), video)
        assert [c.user for c in found.appearances[0].candidates] == names


def test_what_to_expect_counts_every_track(
    engine: Engine, context: Context, query: Query, reference: Vector
) -> None:
    tracks = [track(reference, 0, 500, number) for number in range(4)]
    found = identify_video(context, query, analysis(engine.space, tracks))
    assert found.searched.expected_false_candidates == pytest.approx(1e-4, rel=0.01)
    assert found.expected_in_video == pytest.approx(4e-4, rel=0.01)


def test_the_search_is_in_the_ledger_without_a_name(
    engine: Engine,
    context: Context,
    database: Database,
    collection: str,
    query: Query,
    reference: Vector,
) -> None:
    (face,) = list_faces(context, collection, PageRequest())[1].items
    tracks = [track(towards(reference, 0.1)), track(reference, person=1)]
    found = identify_video(context, query, analysis(engine.space, tracks))
    event = last(database)
    assert (event.operation, event.collection, event.actor) == ("identify", collection, "tester")
    best = found.appearances[1].best
    assert best is not None
    assert face.subject_id is not None
    threshold = ThresholdChoice().resolve(engine.calibration)
    assert event.record == IdentifyRecord(
        probe=ProbeRecord("video", SHA256),
        space=SpaceRecord.of(engine.space),
        threshold=ThresholdRecord.of(threshold),
        searched="subjects",
        gallery_size=1,
        references=1,
        candidates=(
            (),
            (CandidateRecord(face.face_id, face.subject_id, best.score, best.similarity),),
        ),
    )
    assert best.user == "Eileen Collins"
    assert "Eileen" not in repr(events(database))


def test_a_video_without_faces_is_searched_and_recorded_too(
    engine: Engine, context: Context, database: Database, query: Query
) -> None:
    found = identify_video(context, query, analysis(engine.space, []))
    assert (found.appearances, found.identified) == ((), False)
    record = last(database).record
    assert isinstance(record, IdentifyRecord)
    assert (record.probe.sha256, record.candidates) == (SHA256, ())


def test_tracks_are_kept_on_request_in_the_same_transaction(
    engine: Engine,
    context: Context,
    database: Database,
    collection: str,
    query: Query,
    reference: Vector,
) -> None:
    found = analysis(engine.space, [track(reference), track(towards(reference, 0), person=1)])
    answer = identify_video(context, query, found, Keeping("party.mp4", 7))
    assert answer.kept is not None
    assert (answer.kept.tracks, answer.kept.replaced) == (2, 0)
    written = events(database)
    assert [type(event.record) for event in written[-2:]] == [IdentifyRecord, KeepSightingsRecord]
    # what cannot be kept leaves no trace of a search either
    crooked = analysis(engine.space, [track(reference * np.float32(2))])
    with pytest.raises(InputError):
        identify_video(context, query, crooked, Keeping("other.mp4", 7))
    assert events(database) == written
    records = list(list_sightings(context, collection))
    assert [record.sighting.medium.name for record in records] == ["party.mp4"] * 2


def test_a_switch_meanwhile_leaves_no_tracks_of_the_former_space(
    engine: Engine,
    context: Context,
    database: Database,
    collection: str,
    query: Query,
    reference: Vector,
) -> None:
    begin(context, collection, OTHER.pack)
    switch(context, collection, delete_missing=True)
    before = events(database)
    found = analysis(engine.space, [track(reference)])
    with pytest.raises(SpaceMismatchError, match="run the same again"):
        identify_video(context, query, found, Keeping("party.mp4", 7))
    assert events(database) == before
    assert list(list_sightings(context, collection)) == []


def test_another_space_is_refused(
    engine: Engine, context: Context, database: Database, query: Query, reference: Vector
) -> None:
    other = replace(engine.space, fingerprint="ab" * 32)
    before = events(database)
    with pytest.raises(SpaceMismatchError):
        identify_video(context, query, analysis(other, [track(reference)]))
    assert events(database) == before


def test_an_unknown_collection_is_not_found(engine: Engine, context: Context) -> None:
    with pytest.raises(NotFoundError):
        identify_video(context, Query("nobody"), analysis(engine.space, []))


def candidate(user: str, score: float) -> Candidate:
    return Candidate(1, user, f"face of {user}", score, None, None)


def joined(
    *parts: tuple[int, int, int, tuple[Candidate, ...]], limit: int = 5
) -> list[tuple[int, int, tuple[int, ...]]]:
    tracks = [track(unit(0), start, end, person) for start, end, person, _ in parts]
    found = appearances(tracks, [part[3] for part in parts], limit, [()] * len(tracks))
    return [(a.from_ms, a.to_ms, a.tracks) for a in found]


A, B = candidate("A", 0.9), candidate("B", 0.8)


def test_a_short_gap_does_not_end_an_appearance() -> None:
    assert joined((0, 1000, 0, (A,)), (1900, 3000, 0, (A, B))) == [(0, 3000, (0, 1))]
    assert joined((0, 1000, 0, ()), (1900, 3000, 0, ())) == [(0, 3000, (0, 1))]


@pytest.mark.parametrize(
    ("later", "why"),
    [
        ((2000, 3000, 0, (A,)), "a second has passed"),
        ((1900, 3000, 1, (A,)), "another person to the video"),
        ((1900, 3000, 0, (B,)), "another candidate"),
        ((1900, 3000, 0, ()), "unknown"),
        ((900, 3000, 0, (A,)), "at the same time"),
    ],
    ids=str,
)
def test_others_are_never_joined(
    later: tuple[int, int, int, tuple[Candidate, ...]], why: str
) -> None:
    assert joined((0, 1000, 0, (A,)), later) == [(0, 1000, (0,)), (*later[:2], (1,))], why


def test_a_face_and_a_user_of_one_name_are_two() -> None:
    nobody = replace(candidate("x", 0.9), user=None, face_id="A")
    assert len(joined((0, 1000, 0, (A,)), (1100, 2000, 0, (nobody,)))) == 2


def test_people_who_take_turns_are_told_apart() -> None:
    parts = ((0, 500, 0, (A,)), (100, 700, 1, (B,)), (900, 1500, 0, (A,)), (1000, 2000, 1, (B,)))
    assert joined(*parts) == [(0, 1500, (0, 2)), (100, 2000, (1, 3))]


def test_what_is_joined_keeps_the_best_of_each_candidate() -> None:
    tracks = [track(unit(0), 0, 900, best_ms=100), track(unit(0), 1000, 2000, best_ms=1500)]
    better = (candidate("A", 0.95), candidate("C", 0.93))
    (found,) = appearances(tracks, [(A, B), better], 2, [(), ()])
    assert [(c.rank, c.user, c.score) for c in found.candidates] == [(1, "A", 0.95), (2, "C", 0.93)]
    assert found.best_ms == 1500
    (found,) = appearances(tracks, [better, (A, B)], 5, [(), ()])
    assert [c.user for c in found.candidates] == ["A", "C", "B"]
    assert found.best_ms == 100
