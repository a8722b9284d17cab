"""What a job has seen and found, as it is kept: lists of moments, and the matches of each track."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.jobs import results
from reknown.services.videos.job_records import BY_PERSON, BY_TIME, MatchedFace, SeenFace, Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reknown.biometrics.candidates import Candidate
    from reknown.biometrics.records import FaceRecord
    from reknown.biometrics.tracks import Track
    from reknown.jobs.results import ResultPart
    from reknown.services.searches.search import Found


def result_parts(
    task: Task, tracks: Sequence[Track], subjects: Mapping[int, str] | None = None
) -> list[ResultPart]:
    """The moments in each order in which they are asked for.

    With `subjects`, the ids of those whom tracks resemble by the tracks' numbers, only their
    moments, and one after the other by id.
    """
    seen = _by_time(tracks)
    if subjects is not None:
        seen = [face for face in seen if face.track in subjects]
        by_person = sorted(seen, key=lambda face: (subjects[face.track], face.time_ms))
    elif task is Task.PERSONS:
        # of people the clearest view comes first, of candidates the earliest
        by_person = sorted(seen, key=lambda face: (face.person, -face.face.confidence))
    else:
        by_person = sorted(seen, key=lambda face: face.person)
    parts = results.pack(BY_TIME, seen)
    if task is not Task.FACES:
        parts += results.pack(BY_PERSON, by_person)
    return parts


def matches(found: Found) -> list[list[MatchedFace]]:
    """Those of each track, best first."""
    return [[_matched(hit, found.faces[hit.face_id]) for hit in row] for row in found.rows]


def _by_time(tracks: Sequence[Track]) -> list[SeenFace]:
    seen = (
        SeenFace(moment.time_ms, track.person, number, moment.face)
        for number, track in enumerate(tracks)
        for moment in track.observations
    )
    return sorted(seen, key=lambda face: (face.time_ms, face.person))


def _matched(candidate: Candidate, record: FaceRecord) -> MatchedFace:
    return MatchedFace(
        face_id=record.face_id,
        image_sha256=record.image.sha256,
        box=record.box,
        confidence=record.confidence,
        similarity=candidate.similarity,
        false_match_rate=candidate.false_match_rate,
        subject_id=record.subject_id,
    )
