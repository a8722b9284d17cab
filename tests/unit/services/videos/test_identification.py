from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from reknown.services.kept_tracks import Keeping
from reknown.services.video_identification import VideoIdentifier, appearances

from other_engine import OTHER
from reknown.biometrics.errors import InputError, NotFoundError, SpaceMismatchError
from reknown.biometrics.thresholds import Threshold, threshold_at_similarity
from reknown.ledger.actor import Actor
from reknown.services import galleries, kept_tracks, upgrade, upgrade_steps
from video_analyses import SHA256, analysis, towards, track
from video_faces import unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from reknown.services.enrolment import EnrolmentResult
    from reknown.services.video_identification import VideoIdentification

    from reknown.biometrics.candidates import Candidate
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine
    from reknown.vision.images import DecodedImage

    Enrol = Callable[..., EnrolmentResult]
    Vector = NDArray[np.float32]


@pytest.fixture
def reference(engine: Engine, eileen_image: DecodedImage, enrol: Enrol, eileen: bytes) -> Vector:
    """The template of Eileen Collins, who is enrolled."""
    enrol(eileen)
    (face,) = engine.detect(eileen_image)
    (template,) = engine.embed(eileen_image, [face])
    return template.vector


@pytest.fixture
def identifier(
    engine: Engine, database: Database, collection: str, reference: Vector
) -> VideoIdentifier:
    return VideoIdentifier(
        database, collection, threshold_at_similarity(engine.calibration), Actor("tester")
    )


def spans(found: VideoIdentification) -> list[tuple[int, int, int, str | None]]:
    return [
        (a.from_ms, a.to_ms, a.person, a.best.user if a.best else None) for a in found.appearances
    ]


def test_tracks_become_intervals_with_candidates_and_strangers_stay_unknown(
    engine: Engine, identifier: VideoIdentifier, reference: Vector
) -> None:
    known = track(reference, 0, 2000, 0, best_ms=600)
    stranger = track(towards(reference, 0.1), 1000, 3000, 1)
    found = identifier.identify(analysis(engine.space, [known, stranger]))
    assert spans(found) == [(0, 2000, 0, "Eileen Collins"), (1000, 3000, 1, None)]
    first, second = found.appearances
    assert first.best_ms == 600
    assert first.best is not None
    assert first.best.score == pytest.approx(1, abs=1e-5)
    assert first.best.similarity is not None
    assert first.best.similarity > 99
    assert (second.candidates, second.best, second.tracks) == ((), None, (1,))
    assert found.identified
    assert (found.gallery_size, found.references, found.kept) == (1, 1, None)


def test_a_track_scores_as_the_mean_of_its_views(
    engine: Engine, database: Database, collection: str, reference: Vector
) -> None:
    identifier = VideoIdentifier(database, collection, Threshold(0.9, None), Actor("tester"))
    half = np.float32(0.5)
    mean = half * (towards(reference, 0.99, 1) + towards(reference, 0.91, 2))
    below = half * (towards(reference, 0.99, 1) + towards(reference, 0.79, 2))
    found = identifier.identify(
        analysis(engine.space, [track(mean, 0, 500, 0), track(below, 0, 500, 1)])
    )
    best = found.appearances[0].best
    assert best is not None
    assert best.score == pytest.approx(0.95, abs=1e-5)
    assert (best.similarity, found.expected_in_video) == (None, None)
    assert found.appearances[1].best is None


def test_what_to_expect_counts_every_track(
    engine: Engine, identifier: VideoIdentifier, reference: Vector
) -> None:
    tracks = [track(reference, 0, 500, number) for number in range(4)]
    found = identifier.identify(analysis(engine.space, tracks))
    assert found.expected_false_candidates == pytest.approx(1e-4, rel=0.01)
    assert found.expected_in_video == pytest.approx(4e-4, rel=0.01)


def test_the_search_is_in_the_ledger(
    engine: Engine,
    database: Database,
    collection: str,
    identifier: VideoIdentifier,
    reference: Vector,
) -> None:
    tracks = [track(towards(reference, 0.1)), track(reference, person=1)]
    identifier.identify(analysis(engine.space, tracks))
    (face,) = galleries.list_faces(database, collection)
    event = list(galleries.list_events(database))[-1]
    assert (event.operation, event.collection, event.actor) == ("identify", collection, "tester")
    assert event.detail == {
        "video": SHA256,
        "threshold": threshold_at_similarity(engine.calibration).score,
        "gallery_size": 1,
        "faces": [[], [face.face_id]],
    }


def test_a_video_without_faces_is_searched_and_recorded_too(
    engine: Engine, database: Database, identifier: VideoIdentifier
) -> None:
    found = identifier.identify(analysis(engine.space, []))
    assert (found.appearances, found.identified) == ((), False)
    event = list(galleries.list_events(database))[-1]
    assert (event.operation, event.detail["faces"]) == ("identify", [])


def test_tracks_are_kept_on_request_in_the_same_transaction(
    engine: Engine,
    database: Database,
    collection: str,
    identifier: VideoIdentifier,
    reference: Vector,
) -> None:
    found = analysis(engine.space, [track(reference), track(towards(reference, 0), person=1)])
    answer = identifier.identify(found, keeping=Keeping("party.mp4", 7))
    assert answer.kept is not None
    assert (answer.kept.tracks, answer.kept.replaced) == (2, 0)
    records = list(kept_tracks.list_tracks(database, collection))
    assert [record.track.video_name for record in records] == ["party.mp4"] * 2
    events = list(galleries.list_events(database))[-2:]
    assert [event.operation for event in events] == ["identify", "keep tracks"]
    # what cannot be kept leaves no trace of a search either
    crooked = analysis(engine.space, [track(reference * np.float32(2))])
    with pytest.raises(InputError):
        identifier.identify(crooked, keeping=Keeping("other.mp4", 7))
    assert len(list(galleries.list_events(database))) == events[-1].id
    assert len(list(kept_tracks.list_tracks(database, collection))) == 2


def test_a_switch_meanwhile_leaves_no_tracks_of_the_former_space(
    engine: Engine,
    database: Database,
    collection: str,
    identifier: VideoIdentifier,
    reference: Vector,
) -> None:
    upgrade.begin(database, collection, OTHER, Actor("tester"))
    upgrade_steps.switch(database, collection, Actor("tester"), delete_missing=True)
    before = len(list(galleries.list_events(database)))
    found = analysis(engine.space, [track(reference)])
    with pytest.raises(SpaceMismatchError, match="run the same again"):
        identifier.identify(found, keeping=Keeping("party.mp4", 7))
    assert list(kept_tracks.list_tracks(database, collection)) == []
    assert len(list(galleries.list_events(database))) == before


def test_another_space_is_refused(
    engine: Engine, database: Database, identifier: VideoIdentifier, reference: Vector
) -> None:
    other = replace(engine.space, fingerprint="ab" * 32)
    before = len(list(galleries.list_events(database)))
    with pytest.raises(SpaceMismatchError):
        identifier.identify(analysis(other, [track(reference)]))
    assert len(list(galleries.list_events(database))) == before


def test_an_unknown_collection_is_not_found(database: Database) -> None:
    with pytest.raises(NotFoundError):
        VideoIdentifier(database, "nobody", Threshold(0.9, None), Actor("tester"))


def candidate(user: str, score: float) -> Candidate:
    from reknown.biometrics.candidates import Candidate

    return Candidate(1, user, f"face of {user}", score, None, None)


def joined(
    *parts: tuple[int, int, int, tuple[Candidate, ...]], limit: int = 5
) -> list[tuple[int, int, tuple[int, ...]]]:
    tracks = [track(unit(0), start, end, person) for start, end, person, _ in parts]
    found = appearances(tracks, [part[3] for part in parts], limit)
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
    (found,) = appearances(tracks, [(A, B), better], 2)
    assert [(c.rank, c.user, c.score) for c in found.candidates] == [(1, "A", 0.95), (2, "C", 0.93)]
    assert found.best_ms == 1500
    (found,) = appearances(tracks, [better, (A, B)], 5)
    assert [c.user for c in found.candidates] == ["A", "C", "B"]
    assert found.best_ms == 100
