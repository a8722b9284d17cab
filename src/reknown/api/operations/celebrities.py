"""Celebrities: the users of the gallery that the operator named for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.api import shapes
from reknown.api.names import celebrity_id, no_such_celebrity, subject_of_celebrity
from reknown.api.operations import videos
from reknown.api.operations.search import statistics
from reknown.api.wire_faces import (
    QUALITY_FILTERS,
    bounding_box,
    compared_face,
    face_detail,
    known_gender,
)
from reknown.api.wire_images import read_image
from reknown.biometrics.errors import InputError, NotFoundError
from reknown.biometrics.records import Profile
from reknown.biometrics.thresholds import DEFAULT_SIMILARITY
from reknown.services.galleries.users import profiles_of, read_user
from reknown.services.searches.images import ProbeChoice, identify
from reknown.services.searches.search import Query, Unit
from reknown.services.videos.job_records import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reknown.api.call import Call
    from reknown.biometrics.candidates import Candidate
    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.records import FaceRecord
    from reknown.services.videos.job_records import MatchedFace, SeenFace

# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_RecognizeCelebrities.html
_LARGEST = 64
_UNTOLD = Profile()


def gallery_of_celebrities(name: str | None) -> str:
    """The gallery that the operator named; raises `InputError` without one."""
    if name is None:
        raise InputError(
            "this server knows no celebrities: start it with --celebrities COLLECTION, "
            "the gallery that has them as its users"
        )
    return name


def recognize_celebrities(
    call: Call, request: shapes.RecognizeCelebritiesRequest
) -> shapes.RecognizeCelebritiesResponse:
    """The 64 largest faces, each with the user whom it resembles most, or with none."""
    query = Query(gallery_of_celebrities(call.celebrities), limit=1, unit=Unit.USERS)
    choice = ProbeChoice(QUALITY_FILTERS["AUTO"], largest=_LARGEST)
    done = identify(call.context, query, read_image(call, request.image), choice)
    rows = iter(done.found.rows)
    known: list[tuple[DetectedFace, Candidate, FaceRecord]] = []
    unknown: list[DetectedFace] = []
    for each in done.extraction.found:
        row: Sequence[Candidate] = next(rows) if each.template else ()
        record = done.found.faces[row[0].face_id] if row else None
        # it may have been taken from its user since
        if record is None or record.subject_id is None:
            unknown.append(each.face)
        else:
            known.append((each.face, row[0], record))
    told = profiles_of(call.context, {record.subject_id or "" for _, _, record in known})
    return shapes.RecognizeCelebritiesResponse(
        celebrity_faces=tuple(_celebrity(*each, told) for each in known),
        unrecognized_faces=tuple(map(compared_face, unknown)),
        reknown_statistics=statistics(done.found.searched),
    )


def get_celebrity_info(
    call: Call, request: shapes.GetCelebrityInfoRequest
) -> shapes.GetCelebrityInfoResponse:
    """What the operator has told of a user."""
    gallery = gallery_of_celebrities(call.celebrities)
    subject_id = subject_of_celebrity(request.id)
    try:
        found = read_user(call.context, gallery, subject_id)
    except NotFoundError as error:  # which would name the gallery
        raise no_such_celebrity() from error
    return shapes.GetCelebrityInfoResponse(
        urls=found.profile.urls, name=found.name, known_gender=known_gender(found.profile)
    )


def start_celebrity_recognition(
    call: Call, request: shapes.StartCelebrityRecognitionRequest
) -> shapes.StartCelebrityRecognitionResponse:
    """Which users of the gallery appear."""
    gallery = gallery_of_celebrities(call.celebrities)
    job_id = videos.start(call, Task.CELEBRITIES, request, gallery, DEFAULT_SIMILARITY)
    return shapes.StartCelebrityRecognitionResponse(job_id=job_id)


def get_celebrity_recognition(
    call: Call, request: shapes.GetCelebrityRecognitionRequest
) -> shapes.GetCelebrityRecognitionResponse:
    """In order of time, or of celebrities and then of time."""
    answer = videos.read(call, Task.CELEBRITIES, request, request.sort_by)
    found = answer.found
    best = {track: row[0] for track, row in found.matches.items() if row}
    told = profiles_of(call.context, {match.subject_id or "" for match in best.values()})
    entries = answer.entries
    summary = None if found.info is None else found.info.search
    return shapes.GetCelebrityRecognitionResponse(
        job_status=answer.status,
        status_message=found.job.message,
        video_metadata=answer.metadata,
        next_token=answer.next_token,
        celebrities=None if entries is None else tuple(named(entries, best, told)),
        job_id=found.job.job_id,
        video=answer.video,
        job_tag=found.wanted.tag,
        reknown_statistics=None if summary is None else videos.search_statistics(summary),
    )


def named(
    entries: Iterable[SeenFace], best: Mapping[int, MatchedFace], told: Mapping[str, Profile]
) -> Iterator[shapes.CelebrityRecognition]:
    """Whom the tracks of these moments resemble best; who has been deleted since is not named."""
    for each in entries:
        match = best.get(each.track)
        profile = None if match is None else told.get(match.subject_id or "")
        if match is not None and profile is not None:
            yield _seen(each, match, profile)


def _celebrity(
    face: DetectedFace, candidate: Candidate, record: FaceRecord, told: Mapping[str, Profile]
) -> shapes.Celebrity:
    subject_id = record.subject_id or ""
    profile = told.get(subject_id, _UNTOLD)
    return shapes.Celebrity(
        urls=profile.urls,
        name=record.user,
        id=celebrity_id(subject_id),
        face=compared_face(face),
        match_confidence=candidate.similarity,
        known_gender=known_gender(profile),
        reknown_false_match_rate=candidate.false_match_rate,
    )


def _seen(seen: SeenFace, match: MatchedFace, profile: Profile) -> shapes.CelebrityRecognition:
    celebrity = shapes.CelebrityDetail(
        urls=profile.urls,
        name=match.user,
        id=celebrity_id(match.subject_id or ""),
        confidence=match.similarity,
        # the face's: nothing here finds bodies
        bounding_box=bounding_box(seen.face.box),
        face=face_detail(seen.face),
        known_gender=known_gender(profile),
        reknown_false_match_rate=match.false_match_rate,
    )
    return shapes.CelebrityRecognition(timestamp=seen.time_ms, celebrity=celebrity)
