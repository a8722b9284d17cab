"""Stream processors from boto3 to the records, and when the processes that watch are killed."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from PIL import Image

import broadcasts
import callers
import kinesis_video
import moto_server
import processes
import videos
from reknown.storage.database import open_database, reading
from reknown.watches import events
from servers import REKNOWN, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.biometrics.live import LiveEvent

pytestmark = [
    pytest.mark.skipif(not REKNOWN.exists(), reason="reknown is not installed here"),
    processes.needs_proc,
]

_HERE = videos.still((0.5, 0.5))
_VIDEO = "arn:aws:kinesisvideo:us-east-1:123456789012:stream/{}/1530559711205"
_ROLE = "arn:aws:iam::123456789012:role/streams"


@pytest.fixture(scope="module")
def cameras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file with two cameras: a short film, and one in which she comes again and again."""
    folder = tmp_path_factory.mktemp("cameras")
    eileen = [(videos.eileen(), _HERE)]
    parts = [((0, 1000), []), ((1000, 5000), eileen), ((5000, 6000), [])]
    _render(folder / "door.mp4", parts)
    again = [((at, at + 4000), eileen if at % 8000 else []) for at in range(0, 96_000, 4000)]
    _render(folder / "hall.mp4", again)
    file = folder / "cameras.toml"
    file.write_text(
        '[cameras.door]\nfile = "door.mp4"\n\n'
        f'[cameras.lobby]\nfile = "hall.mp4"\narn = "{_VIDEO.format("hall")}"\n'
    )
    file.chmod(0o600)
    return file


def _render(path: Path, parts: list[tuple[tuple[int, int], list[Any]]]) -> None:
    scenes = (videos.scene(videos.steady(*span, 10.0), actors) for span, actors in parts)
    videos.render(path, (frame for scene in scenes for frame in scene))


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where Kinesis, S3, SNS and SQS are."""
    moto_server.without_aws_settings(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", moto_server.KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", moto_server.SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with moto_server.moto_server() as address:
        yield address


@dataclass(frozen=True)
class DataStream:
    """A stream that records are put into."""

    client: Any
    name: str

    @property
    def arn(self) -> str:
        return f"arn:aws:kinesis:us-east-1:123456789012:stream/{self.name}"

    @property
    def output(self) -> dict[str, Any]:
        return {"KinesisDataStream": {"Arn": self.arn}}

    def records(self) -> list[dict[str, Any]]:
        """All of them, in their order."""
        shard = self.client.list_shards(StreamName=self.name)["Shards"][0]["ShardId"]
        iterator = self.client.get_shard_iterator(
            StreamName=self.name, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found = self.client.get_records(ShardIterator=iterator)["Records"]
        return [json.loads(one["Data"]) for one in found]


@pytest.fixture
def stream(aws: str) -> Iterator[DataStream]:
    client = boto3.client("kinesis", endpoint_url=aws)
    name = f"seen-{uuid4()}"
    client.create_stream(StreamName=name, ShardCount=1)
    yield DataStream(client, name)
    client.close()


@dataclass(frozen=True)
class Topic:
    """A FIFO topic, and the queue that gets its messages."""

    arn: str
    sqs: Any
    queue: str

    def events(self, count: int) -> list[dict[str, Any]]:
        """So many, in their order."""
        found: list[dict[str, Any]] = []

        def more() -> bool:
            answer = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
            for message in answer.get("Messages", ()):
                found.append(json.loads(json.loads(message["Body"])["Message"]))
                handle = message["ReceiptHandle"]
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=handle)
            return len(found) >= count

        processes.wait_for(more, 60)
        return found


@pytest.fixture
def topic(aws: str) -> Iterator[Topic]:
    sns, sqs = (boto3.client(name, endpoint_url=aws) for name in ("sns", "sqs"))
    name, fifo = f"live-{uuid4()}.fifo", {"FifoTopic": "true"}
    arn = sns.create_topic(Name=name, Attributes=fifo)["TopicArn"]
    queue = sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=told["QueueArn"])
    yield Topic(arn, sqs, queue)
    sns.close()
    sqs.close()


@pytest.fixture
def bucket(aws: str) -> Iterator[Any]:
    """Where records are put as objects."""
    s3 = boto3.resource("s3", endpoint_url=aws)
    made = s3.create_bucket(Bucket="seen")
    yield made
    s3.meta.client.close()


@pytest.fixture
def server(aws: str, tmp_path: Path, cache_folder: Path) -> Iterator[Server]:
    options = ("--kinesis-endpoint", aws, "--s3-endpoint", aws, "--record-bucket", "seen")
    with serving(tmp_path / "data", *options, REKNOWN_CACHE=str(cache_folder)) as server:
        yield server


@contextmanager
def _worker(
    server: Server, aws: str, cameras: Path, cache: Path, *more: str
) -> Iterator[subprocess.Popen[str]]:
    command = [REKNOWN, "worker", "--data", server.data, "--streams", 2, "--cameras", cameras]
    process = subprocess.Popen(
        [*map(str, command), "--kinesis-endpoint", aws, *more],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"REKNOWN_CACHE": str(cache)},
    )
    try:
        yield process
    finally:
        process.terminate()
        _, log = process.communicate(timeout=60)
        print(log)


def _client(server: Server, eileen: bytes) -> Any:
    client = callers.distinct(server.client(**callers.NO_RETRIES))
    client.create_collection(CollectionId="friends")
    client.index_faces(CollectionId="friends", Image={"Bytes": eileen}, ExternalImageId="eileen")
    return client


def _create(client: Any, name: str, camera: str, output: dict[str, Any], **more: Any) -> None:
    client.create_stream_processor(
        Name=name,
        Input={"KinesisVideoStream": {"Arn": _VIDEO.format(camera)}},
        Output=output,
        Settings={"FaceSearch": {"CollectionId": "friends", "FaceMatchThreshold": 85.5}},
        RoleArn=_ROLE,
        **more,
    )


def _status(client: Any, name: str) -> str:
    status: str = client.describe_stream_processor(Name=name)["Status"]
    return status


def test_who_comes_before_a_camera_is_a_record_in_the_data_stream(
    server: Server, stream: DataStream, aws: str, cameras: Path, cache_folder: Path, eileen: bytes
) -> None:
    client = _client(server, eileen)
    (face,) = client.list_faces(CollectionId="friends")["Faces"]
    _create(client, "door-watch", "door", stream.output)
    assert client.start_stream_processor(Name="door-watch")["SessionId"]
    assert _status(client, "door-watch") == "STARTING"
    with _worker(server, aws, cameras, cache_folder):
        processes.wait_for(lambda: _status(client, "door-watch") == "STOPPED", 240)
        found = client.describe_stream_processor(Name="door-watch")
        assert found["StatusMessage"] == "The film of the camera is at its end."
        processes.wait_for(stream.records)
    first = stream.records()[0]
    video = first["InputInformation"]["KinesisVideo"]
    assert video["StreamArn"] == _VIDEO.format("door")
    assert set(video) == {
        "StreamArn",
        "FragmentNumber",
        "ServerTimestamp",
        "ProducerTimestamp",
        "FrameOffsetInSeconds",
    }
    assert first["StreamProcessorInformation"] == {"Status": "RUNNING"}
    (seen,) = first["FaceSearchResponse"]
    assert set(seen["DetectedFace"]) == {
        "BoundingBox",
        "Confidence",
        "Landmarks",
        "Pose",
        "Quality",
    }
    assert len(seen["DetectedFace"]["Landmarks"]) == 5
    (match,) = seen["MatchedFaces"]
    assert match["Similarity"] >= 85.5
    assert match["Face"] == {
        key: face[key]
        for key in ("FaceId", "BoundingBox", "ImageId", "Confidence", "ExternalImageId")
    }


def test_records_are_objects_and_events_reach_a_queue_in_their_order(
    server: Server,
    bucket: Any,
    topic: Topic,
    aws: str,
    cameras: Path,
    cache_folder: Path,
    eileen: bytes,
) -> None:
    client = _client(server, eileen)
    output = {"S3Destination": {"Bucket": bucket.name, "KeyPrefix": "cameras/"}}
    _create(client, "door-files", "door", output, KmsKeyId="alias/seen")
    found = client.describe_stream_processor(Name="door-files")
    assert (found["Output"], found["KmsKeyId"]) == (output, "alias/seen")
    session = client.start_stream_processor(Name="door-files")["SessionId"]
    records = ("--s3-endpoint", aws, "--record-bucket", bucket.name)
    topics = ("--sns-endpoint", aws, "--events-topic", topic.arn)
    with _worker(server, aws, cameras, cache_folder, *records, *topics):
        processes.wait_for(lambda: _status(client, "door-files") == "STOPPED", 240)
        stored = _stored(server)
        heard = topic.events(len(stored))
        seen = [event for event in stored if event.kind.value in {"arrived", "seen"}]
        processes.wait_for(lambda: len(list(bucket.objects.all())) >= len(seen))
    assert [event["sequence"] for event in heard] == [event.sequence for event in stored]
    assert [event["kind"] for event in heard][:2] == ["camera", "arrived"]
    objects = list(bucket.objects.all())
    assert [each.key for each in objects] == [
        f"cameras/door-files/{session}/{event.sequence:019}.json" for event in seen
    ]
    first = objects[0].get()
    assert (first["ServerSideEncryption"], first["SSEKMSKeyId"]) == ("aws:kms", "alias/seen")
    record = json.loads(first["Body"].read())
    assert _number(record) == str(seen[0].sequence)
    (match,) = record["FaceSearchResponse"][0]["MatchedFaces"]
    assert match["Face"]["ExternalImageId"] == "eileen"


def _stored(server: Server) -> list[LiveEvent]:
    database = open_database(server.data)
    with reading(database) as connection:
        found = events.read(connection, 0, 100)
    database.dispose()
    return found


def test_another_worker_watches_on_when_one_is_killed(
    server: Server, stream: DataStream, aws: str, cameras: Path, cache_folder: Path, eileen: bytes
) -> None:
    client = _client(server, eileen)
    _create(client, "hall-watch", "hall", stream.output)
    client.start_stream_processor(Name="hall-watch")
    with _worker(server, aws, cameras, cache_folder) as first:
        processes.wait_for(stream.records, 240)
        with _worker(server, aws, cameras, cache_folder):
            before = len(stream.records())
            first.send_signal(signal.SIGKILL)
            processes.wait_for(lambda: _status(client, "hall-watch") == "STARTING")
            processes.wait_for(lambda: _status(client, "hall-watch") == "RUNNING")
            processes.wait_for(lambda: len(stream.records()) > before, 240)
            client.stop_stream_processor(Name="hall-watch")
            processes.wait_for(lambda: _status(client, "hall-watch") == "STOPPED")
    told = [int(_number(record)) for record in stream.records()]
    # each at least once, in their order
    assert sorted(told) == told
    client.delete_stream_processor(Name="hall-watch")


def test_a_record_names_the_fragment_of_a_kinesis_video_stream(
    server: Server, stream: DataStream, aws: str, tmp_path: Path, cache_folder: Path, eileen: bytes
) -> None:
    client = _client(server, eileen)
    sent = _walk()
    gate = kinesis_video.Kinesis(fragments=sent, hangs=True, arn=_VIDEO.format("gate"))
    with broadcasts.station(gate.routes()) as here:
        cameras = tmp_path / "cameras.toml"
        cameras.write_text(
            f'[cameras.gate]\narn = "{gate.arn}"\nendpoint = "{here.address}"\n'
            'region = "us-east-1"\naccess_key_id = "AKIA"\nsecret_access_key = "s3cret"\n'
        )
        cameras.chmod(0o600)
        _create(client, "gate-watch", "gate", stream.output)
        client.start_stream_processor(Name="gate-watch")
        with _worker(server, aws, cameras, cache_folder):
            processes.wait_for(lambda: len(stream.records()) >= 2, 200)
            client.stop_stream_processor(Name="gate-watch")
            processes.wait_for(lambda: _status(client, "gate-watch") == "STOPPED")
    for record in stream.records():
        video = record["InputInformation"]["KinesisVideo"]
        (named,) = [each for each in sent if each.number == video["FragmentNumber"]]
        assert video["ServerTimestamp"] == named.server
        assert video["ProducerTimestamp"] == named.producer
        offset = video["FrameOffsetInSeconds"]
        assert min(abs(offset - time / 1000) for time in named.times_ms) <= 0.0011
        (face,) = record["FaceSearchResponse"]
        assert [each["Face"]["ExternalImageId"] for each in face["MatchedFaces"]] == ["eileen"]
        # she is where she was then: a tenth of a second earlier or later she would not be
        there = _png(_gate(named.start + offset))
        (seen,) = client.detect_faces(Image={"Bytes": there})["FaceDetails"]
        moved = face["DetectedFace"]["BoundingBox"]["Left"] - seen["BoundingBox"]["Left"]
        assert abs(moved) < 0.1 * _PACE


# widths of the picture in a second
_PACE = 0.14


def _walk() -> list[kinesis_video.Sent]:
    """Uneven fragments and pictures: from the fifth second on she walks by."""
    even_less = [0, 90, 210, 300, 420, 480, 610, 700, 830, 900]
    times = [even_less, [0, 160, 250, 480, 600, 900, 1000, 1180]] * 7
    lengths = [1.0, 1.3] * 7
    starts = [0.0, *accumulate(lengths)]
    moments = [
        start + time / 1000 for start, within in zip(starts, times, strict=False) for time in within
    ]
    return kinesis_video.fragments(
        times, lengths, lambda number, _: _gate(moments[number]), picture_size=videos.SIZE
    )


def _gate(seconds: float) -> Any:
    """What the camera sees then."""
    place = 0.15 + _PACE * (seconds - 4)
    actors = [(videos.eileen(), videos.still((place, 0.5)))] if 0.15 <= place <= 0.85 else []
    ((pixels, _),) = videos.scene([0], actors)
    return pixels


def _png(pixels: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _number(record: dict[str, Any]) -> str:
    number: str = record["InputInformation"]["KinesisVideo"]["FragmentNumber"]
    return number
