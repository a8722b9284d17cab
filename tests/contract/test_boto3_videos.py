"""Stored videos through boto3: upload, Start, be told, Get."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError
from PIL import Image

import callers
import drawn_text
import moto_server
import videos
from processes import wait_for
from reknown.notify.signatures import verify
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CLIP = {"S3Object": {"Bucket": "media", "Name": "clips/both.mp4"}}
_SQUEEZED = {"S3Object": {"Bucket": "media", "Name": "squeezed.mp4"}}
_BROKEN = {"S3Object": {"Bucket": "media", "Name": "broken.mp4"}}
_CUT_MS = 1200
_LISTS = ("Celebrities", "Faces", "Persons", "TextDetections")
_SECRET = "whsec_" + 32 * "A"
_TEXT = "start_text_detection"
_KINDS = {
    "start_face_detection": "get_face_detection",
    "start_face_search": "get_face_search",
    "start_person_tracking": "get_person_tracking",
    "start_celebrity_recognition": "get_celebrity_recognition",
    _TEXT: "get_text_detection",
}


def _film() -> bytes:
    """Eileen moves to the right, then there is a cut and Grace moves to the left.

    A sign stands below Grace.
    """
    sign = Image.fromarray(drawn_text.sign("Gate 12", size=(200, 50), letters=32))
    scenes = [
        videos.scene(
            videos.steady(0, _CUT_MS), [(videos.eileen(), videos.line((0.3, 0.5), (0.5, 0.5)))]
        ),
        videos.scene(
            videos.steady(_CUT_MS, 2 * _CUT_MS),
            [
                (videos.grace(), videos.line((0.7, 0.5), (0.5, 0.5))),
                (sign, videos.still((0.5, 0.88))),
            ],
        ),
    ]
    return videos.rendered(frame for scene in scenes for frame in scene)


def _squeezed() -> bytes:
    """Eileen, too flat to be enrolled."""
    flat = videos.eileen(220).resize((220, 126))
    return videos.rendered(videos.scene(videos.steady(0, 600), [(flat, videos.still((0.5, 0.5)))]))


@pytest.fixture(scope="module")
def film() -> bytes:
    return _film()


@pytest.fixture(scope="module")
def buckets(tmp_path_factory: pytest.TempPathFactory, film: bytes) -> Path:
    """A folder of buckets, with one bucket."""
    root = tmp_path_factory.mktemp("buckets")
    (root / "media" / "clips").mkdir(parents=True)
    (root / "media" / "clips" / "both.mp4").write_bytes(film)
    (root / "media" / "squeezed.mp4").write_bytes(_squeezed())
    (root / "media" / "broken.mp4").write_bytes(b"this is no video" * 1000)
    with (root / "media" / "huge.mp4").open("wb") as huge:
        huge.truncate(10 * 2**30 + 1)  # a hole takes no room
    return root


class Receiver(HTTPServer):
    """Takes what a webhook is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiving)
        self.received: list[tuple[dict[str, str], bytes]] = []


class _Receiving(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((dict(self.headers.items()), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def _receiving() -> Iterator[Receiver]:
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with _receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, cache_folder: Path, buckets: Path, receiver: Receiver
) -> Iterator[Server]:
    """One with videos in a folder and a worker."""
    address = f"http://127.0.0.1:{receiver.server_port}/ended"
    options = ["--buckets", buckets, "--webhook", address, "--celebrities", "stars"]
    with serving(
        tmp_path_factory.mktemp("videos"),
        *options,
        REKNOWN_CACHE=str(cache_folder),
        REKNOWN_WEBHOOK_SECRET=_SECRET,
    ) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: Server) -> Any:
    return callers.distinct(server.client(**callers.NO_RETRIES))


@pytest.fixture(scope="module")
def friends(client: Any, eileen: bytes) -> str:
    """A collection with Eileen alone."""
    client.create_collection(CollectionId="friends")
    client.index_faces(
        CollectionId="friends", Image={"Bytes": eileen}, ExternalImageId="eileen-collins"
    )
    return "friends"


@pytest.fixture(scope="module")
def star(server: Server, client: Any, eileen: bytes) -> str:
    """The celebrity Eileen; its id."""
    client.create_collection(CollectionId="stars")
    client.create_user(CollectionId="stars", UserId="eileen")
    indexed = client.index_faces(CollectionId="stars", Image={"Bytes": eileen})
    face = indexed["FaceRecords"][0]["Face"]["FaceId"]
    client.associate_faces(CollectionId="stars", UserId="eileen", FaceIds=[face])
    words = ("--collection", "stars", "--url", "example.org/eileen", "--known-gender", "female")
    told = json.loads(server.reknown("users", "describe", "eileen", *words, "--json"))
    return str(told["subject_id"]).replace("-", "")


@dataclass(frozen=True)
class Job:
    """A job that has ended, and all that it found."""

    start: str
    job_id: str
    answer: dict[str, Any]

    @property
    def entries(self) -> list[dict[str, Any]]:
        return _entries(self.answer)


def _entries(answer: dict[str, Any]) -> list[dict[str, Any]]:
    (found,) = (answer[name] for name in _LISTS if name in answer)
    assert isinstance(found, list)
    return found


def _ended(client: Any, start: str, job_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        answer: dict[str, Any] = getattr(client, _KINDS[start])(JobId=job_id)
        if answer["JobStatus"] != "IN_PROGRESS":
            return answer
        assert "VideoMetadata" not in answer
        assert not {*_LISTS, "NextToken", "StatusMessage"} & set(answer)
        time.sleep(0.1)
    raise TimeoutError(job_id)


@pytest.fixture(scope="module")
def jobs(client: Any, friends: str, star: str) -> dict[str, Job]:
    """One of each kind, on the same video; what nothing measures may be asked for too."""
    further = {
        "start_face_detection": {"FaceAttributes": "ALL"},
        "start_face_search": {"CollectionId": friends},
        "start_person_tracking": {},
        "start_celebrity_recognition": {},
        _TEXT: {},
    }
    started = {
        start: getattr(client, start)(Video=_CLIP, JobTag=f"tag:{start}", **more)["JobId"]
        for start, more in further.items()
    }
    return {
        start: Job(start, job_id, _ended(client, start, job_id))
        for start, job_id in started.items()
    }


@pytest.mark.parametrize("start", _KINDS)
def test_a_job_ends_and_says_what_it_was_about(jobs: dict[str, Job], start: str) -> None:
    job = jobs[start]
    assert job.answer["JobStatus"] == "SUCCEEDED"
    assert "StatusMessage" not in job.answer
    assert "NextToken" not in job.answer
    assert job.answer["JobId"] == job.job_id
    assert len(job.job_id) == 64
    assert job.answer["Video"] == _CLIP
    assert job.answer["JobTag"] == f"tag:{start}"
    metadata = job.answer["VideoMetadata"]
    assert (metadata["Codec"], metadata["Format"]) == ("h264", "QuickTime / MOV")
    assert (metadata["FrameWidth"], metadata["FrameHeight"]) == videos.SIZE
    assert metadata["ColorRange"] == "LIMITED"
    assert metadata["FrameRate"] == pytest.approx(25, abs=0.5)
    assert metadata["DurationMillis"] == pytest.approx(2 * _CUT_MS, abs=50)


def test_faces_are_in_order_of_time_with_all_measured_attributes(
    jobs: dict[str, Job],
) -> None:
    faces = jobs["start_face_detection"].entries
    times = [face["Timestamp"] for face in faces]
    assert times == sorted(times)
    assert times[0] == 0
    assert times[-1] == pytest.approx(2 * _CUT_MS, abs=100)
    default = {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
    measured = {"EyesOpen", "MouthOpen", "Smile", "Sunglasses"}
    for face in faces:
        assert set(face["Face"]) == default | measured
        assert len(face["Face"]["Landmarks"]) == 30
        assert face["Face"]["EyesOpen"]["Value"] is True


def test_text_is_in_order_of_time_and_numbered_in_each_frame(jobs: dict[str, Job]) -> None:
    job = jobs[_TEXT]
    assert re.fullmatch(r"[0-9]+\.[0-9]+", job.answer["TextModelVersion"])
    frames: dict[int, list[dict[str, Any]]] = {}
    for found in job.entries:
        frames.setdefault(found["Timestamp"], []).append(found["TextDetection"])
    assert list(frames) == sorted(frames)
    told = {time_ms: [f for f in frame if _of_sign(f)] for time_ms, frame in frames.items()}
    signs = {time_ms: found for time_ms, found in told.items() if found}
    assert min(signs) >= _CUT_MS - 50
    assert len(signs) >= 2
    for line, *words in signs.values():
        assert (line["DetectedText"], line["Type"]) == ("Gate 12", "LINE")
        assert "ParentId" not in line
        assert [(w["DetectedText"], w["Type"], w["ParentId"]) for w in words] == [
            ("Gate", "WORD", line["Id"]),
            ("12", "WORD", line["Id"]),
        ]
    for frame in frames.values():
        assert [found["Id"] for found in frame] == list(range(len(frame)))


def _of_sign(found: dict[str, Any]) -> bool:
    """Whether it lies where the sign stands: clothes may show what looks like figures."""
    return bool(found["Geometry"]["BoundingBox"]["Top"] > 0.75)


def test_filters_of_text_hold_for_every_frame(client: Any, jobs: dict[str, Job]) -> None:
    left = {"BoundingBox": {"Left": 0, "Top": 0.75, "Width": 0.5, "Height": 0.25}}
    job_id = client.start_text_detection(Video=_CLIP, Filters={"RegionsOfInterest": [left]})[
        "JobId"
    ]
    found = {e["TextDetection"]["DetectedText"] for e in _entries(_ended(client, _TEXT, job_id))}
    assert found == {"Gate"}
    assert {e["TextDetection"]["DetectedText"] for e in jobs[_TEXT].entries} > found


def test_a_search_names_those_it_knows_and_nobody_else(jobs: dict[str, Job]) -> None:
    persons = jobs["start_face_search"].entries
    for person in persons:
        before_the_cut = person["Timestamp"] < _CUT_MS
        assert set(person["Person"]) == {"Index", "BoundingBox", "Face"}
        assert person["Person"]["BoundingBox"] == person["Person"]["Face"]["BoundingBox"]
        found = [match["Face"]["ExternalImageId"] for match in person["FaceMatches"]]
        assert found == (["eileen-collins"] if before_the_cut else [])
        assert person["Person"]["Index"] == (0 if before_the_cut else 1)
    (match,) = persons[0]["FaceMatches"]
    assert match["Similarity"] >= 80
    assert match["ReknownFalseMatchRate"] <= 1e-4
    face = match["Face"]
    assert {"FaceId", "BoundingBox", "ImageId", "Confidence"} < set(face)


def test_celebrities_are_those_whom_the_gallery_holds(
    client: Any, jobs: dict[str, Job], star: str
) -> None:
    job = jobs["start_celebrity_recognition"]
    seen = {person["Timestamp"] for person in jobs["start_face_search"].entries}
    assert {e["Timestamp"] for e in job.entries} == {time for time in seen if time < _CUT_MS}
    for entry in job.entries:
        celebrity = entry["Celebrity"]
        assert (celebrity["Id"], celebrity["Name"]) == (star, "eileen")
        assert celebrity["Urls"] == ["example.org/eileen"]
        assert celebrity["KnownGender"] == {"Type": "Female"}
        assert celebrity["Confidence"] >= 80
        assert celebrity["ReknownFalseMatchRate"] <= 1e-4
        assert celebrity["BoundingBox"] == celebrity["Face"]["BoundingBox"]
        assert "Gender" not in celebrity["Face"]
    statistics = job.answer["ReknownStatistics"]
    assert (statistics["GallerySize"], statistics["References"]) == (1, 1)
    by_id = client.get_celebrity_recognition(JobId=job.job_id, SortBy="ID")["Celebrities"]
    assert by_id == job.entries  # there is but one


def test_a_face_that_would_not_be_enrolled_gets_no_name_and_says_why(
    client: Any, friends: str
) -> None:
    request = {"Video": _SQUEEZED, "CollectionId": friends, "FaceMatchThreshold": 0}
    start = "start_face_search"
    answer = _ended(client, start, client.start_face_search(**request)["JobId"])
    assert answer["Persons"]
    for person in answer["Persons"]:
        assert person["FaceMatches"] == []
        (refusal,) = person["ReknownRefusals"]
        assert (refusal["Reason"], refusal["Measure"]) == (
            "LOW_FACE_QUALITY",
            "UnifiedQualityScore",
        )
        assert refusal["Measured"] < refusal["Required"] == 25


def test_a_search_says_what_its_threshold_costs(jobs: dict[str, Job]) -> None:
    statistics = jobs["start_face_search"].answer["ReknownStatistics"]
    assert (statistics["Threshold"], statistics["References"]) == (80, 1)
    assert statistics["ExpectedFalseCandidates"] == pytest.approx(1e-4, rel=0.1)


def test_the_stored_face_is_that_of_the_collection(
    client: Any, friends: str, jobs: dict[str, Job]
) -> None:
    (stored,) = client.list_faces(CollectionId=friends)["Faces"]
    assert jobs["start_face_search"].entries[0]["FaceMatches"][0]["Face"] == stored


@pytest.mark.parametrize("start", ["start_face_search", "start_person_tracking"])
def test_people_may_come_one_after_the_other(client: Any, jobs: dict[str, Job], start: str) -> None:
    job = jobs[start]
    get = getattr(client, _KINDS[start])
    by_person = get(JobId=job.job_id, SortBy="INDEX")["Persons"]
    assert get(JobId=job.job_id, SortBy="TIMESTAMP")["Persons"] == job.entries

    def key(person: dict[str, Any]) -> Any:
        index = person["Person"]["Index"]
        if start == "start_face_search":
            return index, person["Timestamp"]
        return index, -person["Person"]["Face"]["Confidence"]

    assert [key(person) for person in by_person] == sorted(map(key, job.entries))
    assert {person["Timestamp"] for person in by_person} == {p["Timestamp"] for p in job.entries}


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("start", _KINDS)
def test_page_by_page_everything_comes_once(
    client: Any, jobs: dict[str, Job], start: str, size: int
) -> None:
    job = jobs[start]
    pages = list(_pages(getattr(client, _KINDS[start]), JobId=job.job_id, MaxResults=size))
    entries = [entry for page in pages for entry in _entries(page)]
    assert entries == job.entries
    assert len(pages) == -(-len(entries) // size)
    for page in pages:
        assert page["VideoMetadata"] == job.answer["VideoMetadata"]


def _pages(get: Callable[..., dict[str, Any]], **request: Any) -> Iterator[dict[str, Any]]:
    # as Amazon's guide does it: an empty token first
    token: str | None = ""
    while token is not None:
        page = get(**request, NextToken=token)
        yield page
        token = page.get("NextToken")


def test_more_than_a_thousand_means_a_thousand(client: Any, jobs: dict[str, Job]) -> None:
    job = jobs["start_face_detection"]
    answer = client.get_face_detection(JobId=job.job_id, MaxResults=2**31 - 1)
    assert answer["Faces"] == job.entries


def test_a_token_is_for_its_own_list_alone(client: Any, jobs: dict[str, Job]) -> None:
    search = jobs["start_face_search"]
    token = client.get_face_search(JobId=search.job_id, MaxResults=1)["NextToken"]
    tracking = jobs["start_person_tracking"].job_id
    for get, request in (
        (client.get_face_search, {"JobId": search.job_id, "NextToken": token, "SortBy": "INDEX"}),
        (client.get_person_tracking, {"JobId": tracking, "NextToken": token}),
        (client.get_face_search, {"JobId": search.job_id, "NextToken": "made up"}),
    ):
        with pytest.raises(client.exceptions.InvalidPaginationTokenException):
            get(**request)


def test_a_job_is_read_with_the_operation_that_belongs_to_it(
    client: Any, jobs: dict[str, Job]
) -> None:
    for start, job in jobs.items():
        for other, get in _KINDS.items():
            if other != start:
                with pytest.raises(client.exceptions.ResourceNotFoundException):
                    getattr(client, get)(JobId=job.job_id)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_face_search(JobId="f" * 64)


def test_reading_a_search_takes_rights_on_its_collection(
    server: Server, jobs: dict[str, Job]
) -> None:
    key = callers.key(server, "--collection", "others-*")
    stranger = callers.distinct(server.client(key, **callers.NO_RETRIES))
    with pytest.raises(stranger.exceptions.AccessDeniedException) as refused:
        stranger.get_face_search(JobId=jobs["start_face_search"].job_id)
    assert "friends" not in str(refused.value)
    celebrities = jobs["start_celebrity_recognition"].job_id
    for operation, request in (
        ("start_celebrity_recognition", {"Video": _CLIP}),
        ("get_celebrity_recognition", {"JobId": celebrities}),
    ):
        with pytest.raises(stranger.exceptions.AccessDeniedException) as refused:
            getattr(stranger, operation)(**request)
        assert "stars" not in str(refused.value)
    with pytest.raises(stranger.exceptions.AccessDeniedException):
        stranger.start_face_search(CollectionId="friends", Video=_CLIP)
    detection = jobs["start_face_detection"].job_id
    assert stranger.get_face_detection(JobId=detection)["JobStatus"] == "SUCCEEDED"


def test_the_same_request_is_the_same_job(client: Any, jobs: dict[str, Job]) -> None:
    token = str(uuid4())
    request = {"Video": _BROKEN, "ClientRequestToken": token}
    first = client.start_face_detection(**request)["JobId"]
    assert client.start_face_detection(**request)["JobId"] == first
    for other in ({"JobTag": "other"}, {"FaceAttributes": "ALL"}, {"Video": _CLIP}):
        with pytest.raises(client.exceptions.IdempotentParameterMismatchException):
            client.start_face_detection(**{**request, **other})
    # a token belongs to its operation
    assert client.start_person_tracking(**request)["JobId"] != first
    assert client.start_face_detection(Video=_BROKEN)["JobId"] != first


def test_a_video_that_cannot_be_read_fails_and_says_why(client: Any) -> None:
    job_id = client.start_person_tracking(Video=_BROKEN, JobTag="bad")["JobId"]
    answer = _ended(client, "start_person_tracking", job_id)
    assert answer["JobStatus"] == "FAILED"
    assert "give MP4" in answer["StatusMessage"]
    assert not {"Persons", "VideoMetadata", "NextToken"} & set(answer)
    assert (answer["JobId"], answer["JobTag"], answer["Video"]) == (job_id, "bad", _BROKEN)


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"Video": {"S3Object": {"Bucket": "media", "Name": "no.mp4"}}}, "InvalidS3Object"),
        ({"Video": {"S3Object": {"Bucket": "other", "Name": "no.mp4"}}}, "InvalidS3Object"),
        ({"Video": {"S3Object": {"Bucket": "media", "Name": "../x"}}}, "InvalidS3Object"),
        ({"Video": {"S3Object": {"Bucket": "media", "Name": "huge.mp4"}}}, "VideoTooLarge"),
        ({"Video": {}}, "InvalidParameter"),
        ({"Video": {"S3Object": {"Bucket": "media"}}}, "InvalidParameter"),
        (
            {
                "Video": _CLIP,
                "NotificationChannel": {
                    "SNSTopicArn": "arn:aws:sns:eu-west-1:000000000000:topic",
                    "RoleArn": "arn:aws:iam::000000000000:role/role",
                },
            },
            "InvalidParameter",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_started_is_refused_at_once(
    client: Any, request_: dict[str, Any], error: str
) -> None:
    for start in (client.start_face_detection, client.start_person_tracking):
        with pytest.raises(ClientError) as refused:
            start(**request_)
        assert refused.value.response["Error"]["Code"] == f"{error}Exception"
    if "NotificationChannel" in request_:
        assert "--sns-endpoint" in str(refused.value)


def test_a_search_needs_its_collection(client: Any) -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
        client.start_face_search(CollectionId="nobody", Video=_CLIP)
    assert "The collection id: nobody does not exist" in str(refused.value)


def test_a_webhook_is_told_of_every_end(receiver: Receiver, jobs: dict[str, Job]) -> None:
    expected = {job.job_id for job in jobs.values()}
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not expected <= set(_told(receiver)):
        time.sleep(0.05)
    told = _told(receiver)
    search = jobs["start_face_search"]
    body = told[search.job_id]
    assert abs(body.pop("Timestamp") / 1000 - time.time()) < 600
    assert body == {
        "JobId": search.job_id,
        "Status": "SUCCEEDED",
        "API": "StartFaceSearch",
        "JobTag": "tag:start_face_search",
        "Video": {"S3ObjectName": "clips/both.mp4", "S3Bucket": "media"},
    }
    for headers, data in receiver.received:
        assert verify(_SECRET, headers, data)
    ids = [json.loads(data)["JobId"] for _, data in receiver.received]
    assert len(ids) == len(set(ids))


def _told(receiver: Receiver) -> dict[str, dict[str, Any]]:
    bodies = [json.loads(data) for _, data in list(receiver.received)]
    return {body["JobId"]: body for body in bodies}


def test_starting_reading_and_searching_are_in_the_ledger(
    server: Server, client: Any, friends: str, jobs: dict[str, Job]
) -> None:
    search = jobs["start_face_search"]
    read = client.get_face_search(JobId=search.job_id)["ResponseMetadata"]["RequestId"]
    rows = [row for row in callers.ledger(server) if row["record"].get("job") == search.job_id]
    started, *_ = rows
    assert (started["operation"], started["collection"]) == ("start video job", friends)
    assert started["record"]["similarity"] == 80
    (found,) = (row for row in rows if row["operation"] == "identify")
    # whoever asked, and with which request
    assert (found["actor"], found["request_id"]) == (started["actor"], started["request_id"])
    assert found["collection"] == friends
    record = found["record"]
    assert (record["threshold"]["similarity"], record["references"]) == (80, 1)
    assert (record["probe"]["kind"], len(record["probe"]["sha256"])) == ("video", 64)
    (stored,) = client.list_faces(CollectionId=friends)["Faces"]
    told = {candidate["face_id"] for track in record["candidates"] for candidate in track}
    assert told == {stored["FaceId"]}
    (row,) = (row for row in rows if row["request_id"] == read)
    assert row["operation"] == "read video job"
    (detection,) = (
        row
        for row in callers.ledger(server)
        if row["record"].get("job") == jobs["start_face_detection"].job_id
        and row["operation"] == "detect"
    )
    assert detection["record"]["faces"] == 2


def test_the_log_has_a_line_for_each_job(server: Server, jobs: dict[str, Job]) -> None:
    def ended() -> dict[str, Any]:
        lines = [json.loads(line) for line in list(server.log)]
        return {line["job"]: line for line in lines if line["event"] == "video job"}

    wait_for(lambda: ended().keys() >= {job.job_id for job in jobs.values()})
    for start, job in jobs.items():
        line = ended()[job.job_id]
        tracks = 0 if start == _TEXT else 2
        assert (line["state"], line["attempt"], line["tracks"]) == ("SUCCEEDED", 1, tracks)
        assert line["key"] == server.key_id


def test_the_metrics_count_jobs(server: Server, jobs: dict[str, Job]) -> None:
    with urlopen(server.address + "/metrics") as answer:
        text = answer.read().decode()
    counted = {
        line.split('"')[3]: float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if line.startswith("reknown_video_jobs{database=")
    }
    assert set(counted) == {"IN_PROGRESS", "SUCCEEDED", "FAILED"}
    assert counted["SUCCEEDED"] >= 3


def test_no_more_than_twenty_jobs_are_open(
    tmp_path: Path, cache_folder: Path, buckets: Path
) -> None:
    options = ["--buckets", buckets, "--video-workers", 0]
    with serving(tmp_path / "data", *options, REKNOWN_CACHE=str(cache_folder)) as server:
        client = callers.distinct(server.client(**callers.NO_RETRIES))
        first = client.start_face_detection(Video=_CLIP, ClientRequestToken="first")["JobId"]
        for _ in range(19):
            client.start_person_tracking(Video=_BROKEN)
        for start in (client.start_face_detection, client.start_person_tracking):
            with pytest.raises(client.exceptions.LimitExceededException) as refused:
                start(Video=_CLIP)
        text = refused.value.response["Error"]["Message"]
        assert text == f"20 open Jobs for User {server.key_id} Maximum limit: 20"
        # what was started before is not started again, and others have a limit of their own
        again = client.start_face_detection(Video=_CLIP, ClientRequestToken="first")
        assert again["JobId"] == first
        other = callers.distinct(server.client(callers.key(server), **callers.NO_RETRIES))
        assert other.start_face_detection(Video=_CLIP)["JobId"]
        waiting = client.get_face_detection(JobId=first)
        assert waiting["JobStatus"] == "IN_PROGRESS"
        assert {"VideoMetadata", "Faces", "StatusMessage"}.isdisjoint(waiting)
        assert waiting["Video"] == _CLIP


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where S3, SNS and SQS are."""
    moto_server.without_aws_settings(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", moto_server.KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", moto_server.SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with moto_server.moto_server() as address:
        yield address


def test_the_flow_of_aws_from_the_upload_to_the_answer(
    aws: str, tmp_path: Path, cache_folder: Path, film: bytes, eileen: bytes
) -> None:
    s3, sns, sqs = (boto3.client(name, endpoint_url=aws) for name in ("s3", "sns", "sqs"))
    s3.create_bucket(Bucket="uploads")
    s3.put_object(Bucket="uploads", Key="films/both.mp4", Body=film)
    topic = sns.create_topic(Name="AmazonRekognition-ended")["TopicArn"]
    queue = sqs.create_queue(QueueName="ended")["QueueUrl"]
    wanted = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    arn = wanted["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    options = ["--s3-endpoint", aws, "--sns-endpoint", aws]
    with serving(tmp_path / "data", *options, REKNOWN_CACHE=str(cache_folder)) as server:
        client = callers.distinct(server.client(**callers.NO_RETRIES))
        client.create_collection(CollectionId="friends")
        client.index_faces(
            CollectionId="friends", Image={"Bytes": eileen}, ExternalImageId="eileen"
        )
        request = {
            "Video": {"S3Object": {"Bucket": "uploads", "Name": "films/both.mp4"}},
            "CollectionId": "friends",
            "FaceMatchThreshold": 90,
            "JobTag": "upload-1",
            "ClientRequestToken": "upload-1",
            "NotificationChannel": {
                "SNSTopicArn": topic,
                "RoleArn": "arn:aws:iam::123456789012:role/rekognition",
            },
        }
        job_id = client.start_face_search(**request)["JobId"]
        told = _received(sqs, queue)
        timestamp = told.pop("Timestamp")
        assert abs(timestamp / 1000 - time.time()) < 60
        assert told == {
            "JobId": job_id,
            "Status": "SUCCEEDED",
            "API": "StartFaceSearch",
            "JobTag": "upload-1",
            "Video": {"S3ObjectName": "films/both.mp4", "S3Bucket": "uploads"},
        }
        pages = list(_pages(client.get_face_search, JobId=job_id, MaxResults=4))
        names = {
            match["Face"]["ExternalImageId"]
            for page in pages
            for person in page["Persons"]
            for match in person["FaceMatches"]
        }
        assert len(pages) > 1
        assert names == {"eileen"}
        # the same request again: the same job, and nobody is told a second time
        assert client.start_face_search(**request)["JobId"] == job_id
        assert "Messages" not in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)
        _check_sample(server, aws)


def _check_sample(server: Server, aws: str) -> None:
    """The same as a program of Amazon's guide does it."""
    program = Path(__file__).with_name("samples") / "video_with_queue.py"
    done = subprocess.run(
        [sys.executable, str(program), "uploads", "films/both.mp4"],
        env=server.environment() | {"AWS_ENDPOINT_URL_SNS": aws, "AWS_ENDPOINT_URL_SQS": aws},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "StartFaceDetection: SUCCEEDED of films/both.mp4" in done.stdout


def _received(sqs: Any, queue: str) -> dict[str, Any]:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        found = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            body: dict[str, Any] = json.loads(json.loads(message["Body"])["Message"])
            return body
    raise TimeoutError
