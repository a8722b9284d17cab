"""Stored videos: jobs that look for faces, people or members of a collection."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from reknown.api import shapes
from reknown.api.names import image_id, model_version
from reknown.api.paging import next_token, read_page
from reknown.api.wire_attributes import Wish
from reknown.api.wire_faces import bounding_box, face_detail, percent, refusals
from reknown.biometrics.errors import InputError
from reknown.biometrics.thresholds import DEFAULT_SIMILARITY
from reknown.services.context import RequestToken
from reknown.services.videos import jobs
from reknown.services.videos.job_records import (
    BY_PERSON,
    BY_TIME,
    JobRequest,
    ObjectPlace,
    SeenFace,
    SeenText,
    Task,
)
from reknown.services.videos.jobs import ResultRequest, StartRequest, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from reknown.api.call import Call
    from reknown.biometrics.quality_filter import Objection
    from reknown.biometrics.tracks import VideoInfo
    from reknown.biometrics.word_filter import WordFilter
    from reknown.services.videos.job_records import MatchedFace, SearchSummary
    from reknown.services.videos.jobs import JobResults

    Start = (
        shapes.StartCelebrityRecognitionRequest
        | shapes.StartFaceDetectionRequest
        | shapes.StartFaceSearchRequest
        | shapes.StartPersonTrackingRequest
        | shapes.StartTextDetectionRequest
    )
    Get = (
        shapes.GetCelebrityRecognitionRequest
        | shapes.GetFaceDetectionRequest
        | shapes.GetFaceSearchRequest
        | shapes.GetPersonTrackingRequest
        | shapes.GetTextDetectionRequest
    )

Item = TypeVar("Item")
Entry = TypeVar("Entry", bound=SeenFace | SeenText)

_PAGE = 1000
_ORDERINGS: Mapping[str | None, str] = {
    None: BY_TIME,
    "TIMESTAMP": BY_TIME,
    "INDEX": BY_PERSON,
    "ID": BY_PERSON,
}


@dataclass(frozen=True, slots=True)
class JobAnswer(Generic[Entry]):
    """What the answers to all questions have in common.

    The entries of `found` are those of one page; they are None unless the job succeeded.
    """

    found: JobResults[Entry]
    status: shapes.VideoJobStatus
    video: shapes.Video
    metadata: shapes.VideoMetadata | None
    entries: tuple[Entry, ...] | None
    next_token: str | None


def start_face_detection(
    call: Call, request: shapes.StartFaceDetectionRequest
) -> shapes.StartFaceDetectionResponse:
    """All faces, with the attributes that are measured when ALL are wanted."""
    return shapes.StartFaceDetectionResponse(job_id=start(call, Task.FACES, request))


def start_face_search(
    call: Call, request: shapes.StartFaceSearchRequest
) -> shapes.StartFaceSearchResponse:
    """Who of a collection appears."""
    threshold = request.face_match_threshold
    similarity = DEFAULT_SIMILARITY if threshold is None else threshold
    job_id = start(call, Task.SEARCH, request, request.collection_id, similarity)
    return shapes.StartFaceSearchResponse(job_id=job_id)


def start_person_tracking(
    call: Call, request: shapes.StartPersonTrackingRequest
) -> shapes.StartPersonTrackingResponse:
    """Everybody whose face is seen, told apart."""
    return shapes.StartPersonTrackingResponse(job_id=start(call, Task.PERSONS, request))


def get_face_detection(
    call: Call, request: shapes.GetFaceDetectionRequest
) -> shapes.GetFaceDetectionResponse:
    """In order of time."""
    answer = read(call, Task.FACES, request, None)
    wish = Wish.of_video(call.unmeasured, everything=answer.found.wanted.attributes)
    return shapes.GetFaceDetectionResponse(
        job_status=answer.status,
        status_message=answer.found.job.message,
        video_metadata=answer.metadata,
        next_token=answer.next_token,
        faces=each(
            answer,
            lambda seen: shapes.FaceDetection(
                timestamp=seen.time_ms, face=face_detail(seen.face, wish)
            ),
        ),
        job_id=answer.found.job.job_id,
        video=answer.video,
        job_tag=answer.found.wanted.tag,
    )


def get_face_search(
    call: Call, request: shapes.GetFaceSearchRequest
) -> shapes.GetFaceSearchResponse:
    """In order of time, or of people and then of time."""
    answer = read(call, Task.SEARCH, request, request.sort_by)
    info = answer.found.info
    summary = None if info is None else info.search
    return shapes.GetFaceSearchResponse(
        job_status=answer.status,
        status_message=answer.found.job.message,
        next_token=answer.next_token,
        video_metadata=answer.metadata,
        persons=each(
            answer,
            lambda seen: shapes.PersonMatch(
                timestamp=seen.time_ms,
                person=_person(seen),
                face_matches=_face_matches(answer.found.matches[seen.track], summary),
                reknown_refusals=_refusals(answer.found.refusals, seen.track),
            ),
        ),
        job_id=answer.found.job.job_id,
        video=answer.video,
        job_tag=answer.found.wanted.tag,
        reknown_statistics=None if summary is None else search_statistics(summary),
    )


def get_person_tracking(
    call: Call, request: shapes.GetPersonTrackingRequest
) -> shapes.GetPersonTrackingResponse:
    """In order of time, or of people and then of how clearly each is seen."""
    answer = read(call, Task.PERSONS, request, request.sort_by)
    return shapes.GetPersonTrackingResponse(
        job_status=answer.status,
        status_message=answer.found.job.message,
        video_metadata=answer.metadata,
        next_token=answer.next_token,
        persons=each(
            answer,
            lambda seen: shapes.PersonDetection(timestamp=seen.time_ms, person=_person(seen)),
        ),
        job_id=answer.found.job.job_id,
        video=answer.video,
        job_tag=answer.found.wanted.tag,
    )


def each(answer: JobAnswer[Entry], make: Callable[[Entry], Item]) -> tuple[Item, ...] | None:
    """The entries of the page as the wire has them, None unless the job succeeded."""
    if answer.entries is None:
        return None
    return tuple(make(seen) for seen in answer.entries)


def start(
    call: Call,
    task: Task,
    request: Start,
    collection: str | None = None,
    similarity: float | None = None,
    words: WordFilter | None = None,
) -> str:
    """Starts a job on the request's video; its id. Raises as `start_job`, and `InputError`."""
    channel = request.notification_channel
    if channel is not None and not call.topics:
        raise InputError(
            "SNS notifications are not enabled (--sns-endpoint): leave NotificationChannel out "
            "and poll the job's state"
        )
    token = request.client_request_token
    what = JobRequest(
        place=_place(request.video),
        similarity=similarity,
        tag=request.job_tag,
        topic=None if channel is None else channel.sns_topic_arn,
        words=words,
        attributes=isinstance(request, shapes.StartFaceDetectionRequest)
        and request.face_attributes == "ALL",
    )
    start = StartRequest(
        task=task,
        wanted=what,
        collection=collection,
        token=None if token is None else RequestToken(token, _digest(request)),
    )
    return jobs.start_job(call.context, start)


def _place(video: shapes.Video) -> ObjectPlace:
    stored = video.s3_object
    if stored is None or stored.bucket is None or stored.name is None:
        raise InputError("Video needs S3Object with Bucket and Name")
    return ObjectPlace(stored.bucket, stored.name, stored.version)


def _digest(request: Start) -> str:
    """What has to be equal for two requests to be the same one."""
    return hashlib.sha256(msgspec.json.encode(request)).hexdigest()


def read(call: Call, task: Task, request: Get, sort_by: str | None) -> JobAnswer[SeenFace]:
    """A page of the faces that the job found."""
    return read_as(call, task, request, sort_by, SeenFace)


def read_as(
    call: Call, task: Task, request: Get, sort_by: str | None, kind: type[Entry]
) -> JobAnswer[Entry]:
    """A page of what the job found, entries of this kind.

    Amazon's tokens are good for a day. Ours are as long as the results are there: these never
    change, so that an old token cannot lead astray.
    """
    ordering = _ORDERINGS[sort_by]
    scope = f"video {request.job_id} {ordering}"
    page = read_page(call, scope, request.next_token, request.max_results, _PAGE)
    start = int(page.after or 0)
    span = range(start, start + min(page.limit, _PAGE))
    query = ResultRequest(task, request.job_id, span, ordering)
    permitted = call.rights.permits_collection
    found = jobs.read_entries(call.context, query, permitted, kind)
    place = found.wanted.place
    stored = shapes.S3Object(bucket=place.bucket, name=place.key, version=place.version)
    after = str(span.stop) if found.more else None
    return JobAnswer(
        found=found,
        status=found.job.state.value,
        video=shapes.Video(s3_object=stored),
        metadata=None if found.info is None else _metadata(found.info.video),
        entries=found.entries if found.job.state is State.SUCCEEDED else None,
        next_token=next_token(call, scope, after),
    )


def _metadata(video: VideoInfo) -> shapes.VideoMetadata:
    return shapes.VideoMetadata(
        codec=video.codec,
        duration_millis=video.duration_ms,
        format=video.container,
        frame_rate=video.frame_rate,
        frame_height=video.height,
        frame_width=video.width,
        color_range="FULL" if video.full_range else "LIMITED",
    )


def _person(seen: SeenFace) -> shapes.PersonDetail:
    # nothing here finds bodies: the box is of what is seen of the person for sure, the face
    box = bounding_box(seen.face.box)
    return shapes.PersonDetail(index=seen.person, bounding_box=box, face=face_detail(seen.face))


def _refusals(
    found: Mapping[int, tuple[Objection, ...]], track: int
) -> tuple[shapes.ReknownRefusal, ...] | None:
    return refusals(found[track]) if track in found else None


def _face_matches(
    matches: Iterable[MatchedFace], summary: SearchSummary | None
) -> tuple[shapes.FaceMatch, ...]:
    version = None if summary is None else model_version(summary.space)
    return tuple(
        shapes.FaceMatch(
            similarity=match.similarity,
            face=shapes.Face(
                face_id=match.face_id,
                bounding_box=bounding_box(match.box),
                image_id=image_id(match.image_sha256),
                external_image_id=match.external_id,
                confidence=percent(match.confidence),
                index_faces_model_version=version,
                user_id=match.user,
            ),
            reknown_false_match_rate=match.false_match_rate,
        )
        for match in matches
    )


def search_statistics(summary: SearchSummary) -> shapes.ReknownStatistics:
    """What the threshold cost in the gallery that the job searched."""
    return shapes.ReknownStatistics(
        threshold=summary.similarity,
        false_match_rate=summary.false_match_rate,
        gallery_size=summary.references if summary.gallery_size is None else summary.gallery_size,
        references=summary.references,
        expected_false_candidates=summary.expected_false_candidates,
        caution=summary.caution,
    )
