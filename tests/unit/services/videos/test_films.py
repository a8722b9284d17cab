from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.quality_filter import Objection, Reason
from reknown.jobs.queue import Job, State
from reknown.services.videos.films import Stretch, people_of
from reknown.services.videos.job_records import (
    JobRequest,
    MatchedFace,
    ObjectPlace,
    SeenFace,
    Task,
)
from reknown.services.videos.jobs import JobResults
from video_faces import face

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_JOB = Job(
    *(1, "a" * 64, Task.SEARCH.value, "key:ADA", "friends", "{}", State.SUCCEEDED, None, None),
    datetime(2026, 1, 1, tzinfo=UTC),
    None,
)
_WANTED = JobRequest(ObjectPlace("media", "a.mp4"), 80.0)


def _seen(time_ms: int, person: int, track: int) -> SeenFace:
    return SeenFace(time_ms, person, track, face(0.3))


def _match(subject: str, similarity: float) -> MatchedFace:
    box = BoundingBox(0.1, 0.1, 0.2, 0.2)
    return MatchedFace(f"face of {subject}", "ab" * 32, box, 0.9, similarity, 1e-5, subject)


def _found(
    entries: Sequence[SeenFace],
    matches: Mapping[int, tuple[MatchedFace, ...]] | None = None,
    refusals: Mapping[int, tuple[Objection, ...]] | None = None,
) -> JobResults[SeenFace]:
    tracks = {each.track: () for each in entries}
    all_of_them = tracks | dict(matches or {})
    return JobResults(_JOB, _WANTED, None, tuple(entries), all_of_them, False, refusals or {})


def test_gaps_of_a_second_part_stretches() -> None:
    entries = [_seen(time_ms, 0, 0) for time_ms in (0, 400, 1399, 2399, 2500)]
    (person,) = people_of(_found(entries))
    assert person.stretches == (Stretch(0, 1399), Stretch(2399, 2500))


def test_the_best_of_all_tracks_speaks_for_each_subject() -> None:
    matches = {
        0: (_match("ada", 90), _match("bob", 82)),
        1: (_match("ada", 95), _match("cid", 81)),
    }
    (person,) = people_of(_found([_seen(0, 4, 0), _seen(5000, 4, 1)], matches))
    assert person.number == 4
    found = [(each.subject_id, each.similarity) for each in person.candidates]
    assert found == [("ada", 95), ("bob", 82), ("cid", 81)]


def test_faces_that_resemble_two_people_best_are_two() -> None:
    matches = {0: (_match("ada", 90),), 1: (_match("bob", 90),)}
    people = people_of(_found([_seen(0, 0, 0), _seen(100, 0, 1)], matches))
    assert [each.candidates[0].subject_id for each in people] == ["ada", "bob"]


def test_those_with_candidates_come_first() -> None:
    matches = {1: (_match("ada", 90),)}
    people = people_of(_found([_seen(0, 0, 0), _seen(100, 1, 1)], matches))
    assert [each.number for each in people] == [1, 0]


def test_what_was_not_searched_with_says_why() -> None:
    dark = Objection(next(iter(Reason)), "Luminance", 0.1, 0.2, "")
    entries = [_seen(0, 0, 0), _seen(100, 0, 1)]
    people = people_of(_found(entries, refusals={1: (dark,)}))
    assert [each.objections for each in people] == [(), (dark,)]


def test_nobody_is_seen_where_nothing_was_found() -> None:
    assert people_of(_found([])) == ()
