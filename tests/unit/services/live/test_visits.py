from __future__ import annotations

from collections import defaultdict
from itertools import count, pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_frames import at, fragment_at
from reknown.biometrics.live import LiveCandidate, LiveEventKind
from reknown.biometrics.templates import TemplateSpace
from reknown.services.live.visits import Visits, VisitSettings, subject_of
from reknown.video.live.following import EndedTrack, Moment, TrackView
from video_faces import face, unit

if TYPE_CHECKING:
    from reknown.biometrics.live import LiveEvent

ARRIVED, SEEN, LEFT = LiveEventKind.ARRIVED, LiveEventKind.SEEN, LiveEventKind.LEFT
SPACE = TemplateSpace("made up", "0" * 64, 8)
SETTINGS = VisitSettings(away_ms=5000, confirm_ms=2000, link_from=0.8)
ANN, BOB, STRANGER = 0, 1, 2


def moment(time_ms: int) -> Moment:
    return Moment(time_ms, at(time_ms), fragment_at(time_ms))


def candidates(
    *subjects: str, similarity: float | None = 95.0, score: float = 0.9
) -> tuple[LiveCandidate, ...]:
    return tuple(
        LiveCandidate(rank, f"face of {subject}", subject, score, similarity, None)
        for rank, subject in enumerate(subjects, 1)
    )


class Scene:
    """Tells visits what happens, and keeps what they answer."""

    def __init__(self, settings: VisitSettings = SETTINGS) -> None:
        numbers = count(1)
        self.visits = Visits("door", "people", settings, lambda: f"visit {next(numbers)}")
        self.events: list[LiveEvent] = []
        self._since: dict[int, int] = {}

    def seen(self, start_ms: int, end_ms: int, *tracks: int) -> None:
        """These tracks are there all that time, others are not."""
        for time_ms in range(start_ms, end_ms + 1, 100):
            for track in tracks:
                self._since.setdefault(track, time_ms)
            self.visits.present(moment(time_ms), tracks)
            self.events += self.visits.tick(moment(time_ms))

    def found(
        self,
        time_ms: int,
        track: int,
        whom: tuple[LiveCandidate, ...] = (),
        *,
        looks: int = STRANGER,
        quality: float = 60.0,
    ) -> None:
        """A view of the track is searched with."""
        since = moment(self._since.setdefault(track, time_ms))
        seen = face(quality=quality)
        view = TrackView(track, since, moment(time_ms), seen, "0" * 64, unit(looks), SPACE, 1)
        self.visits.present(moment(time_ms), [track])
        self.events += self.visits.found(moment(time_ms), view, whom, 7)

    def gone(self, time_ms: int, *tracks: int) -> None:
        """These tracks end, last seen then."""
        for track in tracks:
            self.visits.ended(EndedTrack(track, moment(time_ms)))

    def close(self, time_ms: int) -> None:
        """Nobody watches any more."""
        self.events += self.visits.close(moment(time_ms))

    @property
    def told(self) -> list[tuple[LiveEventKind, int, str, str | None]]:
        """What was told: kind, time, visit and subject."""
        return [(e.kind, e.time_ms, e.visit, subject_of(e.candidates)) for e in self.events]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_someone_known_has_arrived_at_once_and_left_when_unseen_for_long(scene: Scene) -> None:
    scene.seen(0, 200, 0)
    scene.found(200, 0, candidates("ann"))
    scene.seen(300, 3000, 0)
    scene.gone(3000, 0)
    scene.seen(3100, 9000)
    assert scene.told == [
        (ARRIVED, 200, "visit 1", "ann"),
        (LEFT, 8000, "visit 1", "ann"),
    ]
    arrived, left = scene.events
    assert (arrived.since, arrived.until) == (at(0), at(200))
    assert (left.since, left.until, left.at) == (at(0), at(3000), at(8000))
    assert (arrived.watch, arrived.collection, arrived.search) == ("door", "people", 7)
    assert arrived.view is not None
    assert (arrived.view.quality, arrived.view.time_ms) == (60, 200)


def test_an_event_has_the_fragment_of_its_view(scene: Scene) -> None:
    scene.seen(0, 1200, 0)
    scene.found(1200, 0, candidates("ann", similarity=80.0), quality=50.0)
    scene.seen(1300, 2600, 0)
    scene.found(2600, 0, candidates("ann", similarity=90.0), quality=70.0)
    scene.seen(2700, 3900, 0)
    scene.found(3900, 0, candidates("ann", similarity=99.0), quality=40.0)  # not a better view
    scene.close(4100)
    assert [(event.kind, event.view and event.view.fragment) for event in scene.events] == [
        (ARRIVED, fragment_at(1200)),
        (SEEN, fragment_at(2600)),
        (SEEN, fragment_at(2600)),
        (LEFT, fragment_at(2600)),
    ]


def test_a_stranger_is_told_of_after_a_while_and_has_no_candidates(scene: Scene) -> None:
    scene.found(100, 0)
    scene.seen(200, 3000, 0)
    scene.close(3000)
    assert scene.told == [
        (ARRIVED, 2100, "visit 1", None),
        (LEFT, 3000, "visit 1", None),
    ]


def test_a_stranger_who_passes_by_is_told_of_all_the_same(scene: Scene) -> None:
    scene.found(100, 0)
    scene.gone(200, 0)
    scene.seen(300, 6000)
    assert [kind for kind, *_ in scene.told] == [ARRIVED, LEFT]
    assert scene.events[1].until == at(200)


def test_someone_whose_first_view_was_poor_is_no_stranger_first(scene: Scene) -> None:
    scene.found(100, 0)
    scene.seen(200, 1400, 0)
    scene.found(1500, 0, candidates("ann"))
    scene.seen(1600, 3000, 0)
    assert scene.told == [(ARRIVED, 1500, "visit 1", "ann")]
    assert scene.events[0].since == at(100)


def test_a_stranger_who_turns_out_to_be_known_is_one_visit(scene: Scene) -> None:
    scene.found(100, 0)
    scene.seen(200, 3000, 0)
    scene.found(3000, 0, candidates("ann"))
    assert scene.told == [
        (ARRIVED, 2100, "visit 1", None),
        (SEEN, 3000, "visit 1", "ann"),
    ]


def test_a_better_candidate_is_told_and_a_little_better_one_is_not(scene: Scene) -> None:
    scene.found(100, 0, candidates("ann", similarity=85))
    scene.found(500, 0, candidates("ann", similarity=89))
    scene.found(900, 0, candidates("ann", similarity=91))
    scene.found(1500, 0, candidates("bob", similarity=91))
    scene.found(1900, 0)  # another view says nothing: it is still the same visit
    assert scene.told == [
        (ARRIVED, 100, "visit 1", "ann"),
        (SEEN, 900, "visit 1", "ann"),
        (SEEN, 1500, "visit 1", "bob"),
    ]


def test_without_a_calibration_scores_say_what_is_better() -> None:
    scene = Scene(VisitSettings(link_from=None))
    scene.found(100, 0, candidates("ann", similarity=None, score=0.5))
    scene.found(500, 0, candidates("ann", similarity=None, score=0.52))
    scene.found(900, 0, candidates("ann", similarity=None, score=0.6))
    assert [kind for kind, *_ in scene.told] == [ARRIVED, SEEN]


def test_two_tracks_of_one_person_are_one_visit(scene: Scene) -> None:
    scene.found(100, 0, candidates("ann"))
    scene.found(200, 1, candidates("ann"))
    scene.seen(300, 1000, 0, 1)
    scene.gone(1000, 0)
    scene.seen(1100, 9000, 1)
    scene.close(9000)
    assert [kind for kind, *_ in scene.told] == [ARRIVED, LEFT]
    assert scene.events[1].until == at(9000)


def test_who_turns_away_and_back_has_not_left(scene: Scene) -> None:
    scene.found(100, 0, candidates("ann"), looks=ANN)
    scene.gone(1000, 0)
    scene.seen(1100, 4000)
    scene.found(4000, 1, looks=ANN)  # a poor view: no candidate, but it looks like her
    scene.seen(4100, 8000, 1)
    scene.found(8000, 1, candidates("ann"), looks=ANN)
    assert [kind for kind, *_ in scene.told] == [ARRIVED]


def test_a_stranger_who_turns_away_and_back_is_one_visit(scene: Scene) -> None:
    scene.found(100, 0)
    scene.seen(100, 3000, 0)
    scene.gone(3000, 0)
    scene.found(5000, 1)
    scene.seen(5000, 7000, 1)
    scene.close(7000)
    assert [kind for kind, *_ in scene.told] == [ARRIVED, LEFT]


def test_strangers_who_are_there_together_are_two(scene: Scene) -> None:
    scene.found(100, 0)
    scene.found(100, 1)  # as like as can be
    scene.seen(300, 3000, 0, 1)
    assert {visit for _, _, visit, _ in scene.told} == {"visit 1", "visit 2"}


def test_who_comes_back_after_minutes_visits_twice(scene: Scene) -> None:
    for start_ms in (0, 180_000):
        scene.found(start_ms, start_ms, candidates("ann"))
        scene.seen(start_ms, start_ms + 2000, start_ms)
        scene.gone(start_ms + 2000, start_ms)
        scene.seen(start_ms + 2000, start_ms + 9000)
    assert [(kind, visit) for kind, _, visit, _ in scene.told] == [
        (ARRIVED, "visit 1"),
        (LEFT, "visit 1"),
        (ARRIVED, "visit 2"),
        (LEFT, "visit 2"),
    ]


def test_a_stranger_who_turns_out_to_be_somebody_who_is_there_joins_that_visit(
    scene: Scene,
) -> None:
    scene.found(0, 0, candidates("ann"), looks=ANN)
    scene.found(0, 1)
    scene.seen(100, 3000, 0, 1)
    scene.found(3000, 1, candidates("ann"))
    scene.close(4000)
    assert scene.told == [
        (ARRIVED, 0, "visit 1", "ann"),
        (ARRIVED, 2000, "visit 2", None),
        (LEFT, 3000, "visit 2", None),
        (LEFT, 4000, "visit 1", "ann"),
    ]
    assert scene.events[2].reason == "is the person of visit visit 1"


def test_a_track_taken_for_another_person_gets_a_visit_of_its_own(scene: Scene) -> None:
    scene.found(0, 0, candidates("ann"))
    scene.found(0, 1, candidates("ann"))
    scene.seen(100, 1000, 0, 1)
    scene.found(1000, 1, candidates("bob"))
    scene.close(2000)
    assert scene.told == [
        (ARRIVED, 0, "visit 1", "ann"),
        (ARRIVED, 1000, "visit 2", "bob"),
        (LEFT, 2000, "visit 1", "ann"),
        (LEFT, 2000, "visit 2", "bob"),
    ]


def test_a_sheet_of_very_many_copies_of_a_face_is_one_visit(scene: Scene) -> None:
    for track in range(40):
        scene.found(track, track, candidates("ann"))
    scene.seen(100, 900, *range(40))
    scene.found(1000, 0, candidates("bob"))  # a track that is not remembered any more
    scene.close(2000)
    assert scene.told == [
        (ARRIVED, 0, "visit 1", "ann"),
        (ARRIVED, 1000, "visit 2", "bob"),
        (LEFT, 2000, "visit 1", "ann"),
        (LEFT, 2000, "visit 2", "bob"),
    ]


def test_a_track_that_became_another_one_was_last_there_before(scene: Scene) -> None:
    scene.found(0, 0, candidates("ann"))
    scene.seen(0, 2000, 0)
    scene.gone(1200, 0)
    scene.seen(2100, 7000)
    assert scene.events[-1].kind is LEFT
    assert scene.events[-1].until == at(1200)


# what happens in a step: who is there as which track, and what a search found for one of them
_WHOM = st.sampled_from([None, None, "ann", "bob", "cay"])
_STEP = st.tuples(
    st.integers(50, 7000),
    st.frozensets(st.integers(0, 5), max_size=4),
    st.lists(st.tuples(st.integers(0, 5), _WHOM, st.integers(0, 4)), max_size=3),
    st.frozensets(st.integers(0, 5), max_size=2),
)


@given(st.lists(_STEP, max_size=40))
def test_whatever_happens_visits_begin_and_end_once_and_nobody_is_there_twice(
    steps: list[tuple[int, frozenset[int], list[tuple[int, str | None, int]], frozenset[int]]],
) -> None:
    scene, now, lives = Scene(), 0, dict.fromkeys(range(6), 0)

    def number(track: int) -> int:
        return track + 10 * lives[track]  # a number is never given to another face

    for passed, there, found, gone in steps:
        now += passed
        scene.visits.present(moment(now), [number(track) for track in there])
        for track, whom, looks in found:
            scene.found(now, number(track), candidates(whom) if whom else (), looks=looks)
        for track in gone:
            scene.gone(now, number(track))
            lives[track] += 1
        scene.events += scene.visits.tick(moment(now))
    scene.close(now + 100)
    _check(scene.events)
    searched = any(found for _, _, found, _ in steps)
    assert bool(scene.events) is searched


def _check(events: list[LiveEvent]) -> None:
    of_visit: dict[str, list[LiveEvent]] = defaultdict(list)
    there: dict[str, str | None] = {}
    for event in events:
        of_visit[event.visit].append(event)
        there[event.visit] = subject_of(event.candidates)
        if event.kind is LEFT:
            del there[event.visit]
        known = [subject for subject in there.values() if subject is not None]
        assert len(known) == len(set(known))
        assert event.since is not None
        assert event.until is not None
        assert event.since <= event.until <= event.at
    assert all(one.time_ms <= other.time_ms for one, other in pairwise(events))
    for told in of_visit.values():
        kinds = [event.kind for event in told]
        assert (kinds[0], kinds[-1]) == (ARRIVED, LEFT)
        assert set(kinds[1:-1]) <= {SEEN}
        named = [bool(event.candidates) for event in told]
        assert named == sorted(named)
