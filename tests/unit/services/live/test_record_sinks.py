from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
import structlog

from moto_server import KEY_ID, SECRET, moto_server, without_aws_settings
from reknown.biometrics.errors import (
    InputError,
    NotifyError,
    ObjectNotFoundError,
    ObjectRefusedError,
    ObjectStoreError,
    RefusedNotifyError,
)
from reknown.biometrics.live import LiveEventKind, RecordPlace
from reknown.configuration import Objects, Settings
from reknown.notify.kinesis import KinesisSender
from reknown.objects.allow import WritableBuckets
from reknown.objects.s3 import S3Objects
from reknown.runtime.stores import open_sinks
from reknown.services.live.delivery import EventDeliverer
from reknown.services.live.outputs import RecordFolder, folder_of, require_output
from reknown.services.live.plans import WatchPlan, plan_of
from reknown.services.live.record_sinks import BucketSink, DataStreamSink
from reknown.services.live.telling import ToldEvent
from reknown.services.live.watches import WatchRequest, WatchState, create_watch, describe_watch
from reknown.storage.database import reading
from reknown.watches import events, watches
from reknown.watches.schema import event_failures
from unit.watches.live_events import arrival
from video_faces import face

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.biometrics.live import LiveEvent
    from reknown.services.context import Context

STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/seen"
SESSION = "5e" * 16


@dataclass
class Kept:
    """What was sent or written, and where to."""

    sent: list[tuple[Any, ...]] = field(default_factory=list)
    trouble: Exception | None = None

    def send(self, target: str, body: str, message_id: str, group: str | None = None) -> None:
        self.sent.append((target, body))

    def write(self, bucket: str, key: str, data: bytes, kms_key: str | None = None) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.sent.append((bucket, key, data, kms_key))


def _seen(output: str, kms_key: str | None = None, **more: Any) -> LiveEvent:
    place = RecordPlace(output, "front", kms_key)
    return replace(arrival(1, "door", "people"), face=face(), sequence=41, records=place, **more)


def test_views_of_people_are_put_into_the_stream_of_their_watch_which_may_be_gone(
    context: Context, collection: str
) -> None:
    kept = Kept()
    sink = DataStreamSink(context.database, kept, lambda record: record.camera)
    own = _seen(STREAM, collection=collection)
    for told in (replace(own, records=None), replace(own, kind=LiveEventKind.LEFT)):
        sink.send(ToldEvent(told, {}))
    assert kept.sent == []
    # the same name, and records of its own
    plan = WatchPlan(90.0, output="arn:aws:kinesis:us-east-1:000000000000:stream/others")
    create_watch(context, WatchRequest("door", "back", collection, plan))
    sink.send(ToldEvent(own, {}))
    assert kept.sent == [(STREAM, "front")]


def test_a_record_is_one_object_of_its_session_whenever_it_is_told(
    context: Context, collection: str
) -> None:
    kept, elsewhere = Kept(), Kept()
    sink = BucketSink(context.database, kept, lambda record: record.camera)
    other = DataStreamSink(context.database, elsewhere, lambda record: record.camera)
    own = _seen("s3://seen/cameras/", "key", collection=collection, session=SESSION)
    for event in (own, own, replace(own, session=None)):
        sink.send(ToldEvent(event, {}))
        other.send(ToldEvent(event, {}))
    name = "0000000000000000041.json"
    told = ("seen", f"cameras/door/{SESSION}/{name}", b"front", "key")
    by_command = ("seen", f"cameras/door/command/{name}", b"front", "key")
    assert kept.sent == [told, told, by_command]
    assert elsewhere.sent == []


def test_settings_make_a_sink_for_the_buckets_that_they_name(
    context: Context, collection: str, tmp_path: Path
) -> None:
    assert open_sinks(Settings(objects=Objects(buckets=tmp_path)), context.database) == []
    for bucket in ("seen", "images"):
        (tmp_path / bucket).mkdir()
    objects = Objects(buckets=tmp_path, record_bucket=("seen",))
    (sink,) = open_sinks(Settings(objects=objects), context.database)
    told = _seen("s3://seen", collection=collection, session=SESSION)
    sink.send(ToldEvent(told, {}))
    written = tmp_path / "seen" / "door" / SESSION / "0000000000000000041.json"
    assert json.loads(written.read_text())["StreamProcessorInformation"] == {"Status": "RUNNING"}
    elsewhere = replace(told, records=RecordPlace("s3://images", "front"))
    with pytest.raises(RefusedNotifyError, match="--record-bucket"):
        sink.send(ToldEvent(elsewhere, {}))
    assert list((tmp_path / "images").iterdir()) == []


def test_what_a_store_does_not_take_is_tried_again_or_refused(
    context: Context, collection: str
) -> None:
    troubles = {
        ObjectStoreError("it is down"): False,
        ObjectRefusedError("not here"): True,
        ObjectNotFoundError(): True,
    }
    for trouble, refused in troubles.items():
        sink = BucketSink(context.database, Kept(trouble=trouble), lambda _: "")
        with pytest.raises(NotifyError) as raised:
            sink.send(ToldEvent(_seen("s3://seen", collection=collection), {}))
        assert isinstance(raised.value, RefusedNotifyError) is refused


def test_a_bucket_that_is_gone_is_given_up_in_writing_and_one_that_is_back_is_written_to(
    context: Context, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_aws_settings(monkeypatch)
    name = f"seen-{uuid4()}"
    database = context.database
    tries: list[bool] = []

    def at_once(attempts: int, *, refused: bool) -> timedelta | None:
        tries.append(refused)
        return timedelta(0) if attempts < 3 else None

    def append() -> int:
        with database.begin() as connection:
            return events.append(
                connection, _seen(f"s3://{name}", collection=collection, session=SESSION)
            )

    with moto_server() as aws, closing(S3Objects(aws, "us-east-1", KEY_ID, SECRET)) as objects:
        sink = BucketSink(database, WritableBuckets(objects, frozenset({name})), lambda _: "{}")
        deliverer = EventDeliverer(database, [sink], structlog.get_logger(), waits=at_once)
        lost = append()
        deliverer.deliver()
        assert tries == [True] * 3
        with reading(database) as connection:
            row = connection.execute(event_failures.select()).one()
        assert (row.sequence, row.sink) == (lost, "s3")
        assert "404 NoSuchBucket" in row.error
        session = boto3.session.Session(KEY_ID, SECRET, region_name="us-east-1")
        bucket = session.resource("s3", endpoint_url=aws).create_bucket(Bucket=name)
        kept = append()
        deliverer.deliver()
        keys = [each.key for each in bucket.objects.all()]
        bucket.meta.client.close()
    assert keys == [f"door/{SESSION}/{kept:019}.json"]


def test_a_watch_that_runs_says_why_its_records_are_not_taken(
    context: Context, collection: str
) -> None:
    plan = WatchPlan(90.0, output=STREAM)
    create_watch(context, WatchRequest("door", "front", collection, plan))
    with context.database.begin() as connection:
        found = watches.find(connection, "door")
        watches.start(connection, found, "bob", found.settings)
        lease = watches.claim(connection, found, timedelta(days=1))
        assert lease is not None
        watches.report(connection, lease, WatchState.RUNNING, None)

    def said() -> str | None:
        return describe_watch(context, "door").message

    assert said() == (
        "Records are not taken: no server and no worker puts any into data streams "
        "(--kinesis-endpoint)."
    )
    log = structlog.get_logger()
    with moto_server() as aws, closing(KinesisSender(aws, "eu-west-1", KEY_ID, SECRET)) as sender:
        sink = DataStreamSink(context.database, sender, lambda _: "{}")
        deliverer = EventDeliverer(
            context.database, [sink], log, waits=lambda _, **__: timedelta(minutes=1)
        )
        assert said() is None
        with context.database.begin() as connection:
            events.append(connection, _seen(STREAM, collection=collection, session=SESSION))
        deliverer.deliver()
    assert said() == "Records are not taken: the data stream 'seen' does not exist."
    with context.database.begin() as connection:
        watches.report(connection, lease, WatchState.RUNNING, "The camera is slow.")
    assert said() == "The camera is slow."


@pytest.mark.parametrize("text", ["s3://seen", "s3://seen/", "s3://seen/a", "s3://seen/a/b/"])
def test_a_folder_is_written_as_it_is_read(text: str) -> None:
    folder = folder_of(text)
    assert folder is not None
    assert folder.text == text
    assert folder.takes("door")


def test_what_is_no_folder_is_none() -> None:
    assert folder_of(None) is folder_of(STREAM) is folder_of("S3://seen") is None


@pytest.mark.parametrize(
    ("bucket", "prefix"),
    [
        ("..", None),
        ("ab", None),
        ("see n", None),
        ("seen", "/"),
        ("seen", "a//b"),
        ("seen", "/a"),
        ("seen", "../others"),
        ("seen", "a/./b"),
        ("seen", "a\\b"),
        ("seen", "a\0b"),
        ("seen", "a\nb"),
        ("seen", "\ud800"),
        ("seen", "\u00e9" * 500),
    ],
)
def test_names_that_lead_elsewhere_are_refused(bucket: str, prefix: str | None) -> None:
    with pytest.raises(InputError, match="records cannot be put there"):
        require_output("door", RecordFolder(bucket, prefix).text, None)


def test_the_longest_prefix_is_taken_and_on_record(context: Context, collection: str) -> None:
    behind = len(f"/door/{SESSION}/0000000000000000041.json")
    folder = RecordFolder("b" * 255, "k" * (1024 - behind))
    assert len(folder.key(_seen(folder.text, session=SESSION))) == 1024
    longest = WatchPlan(90.0, output=folder.text)
    longer = replace(longest, output=folder.text + "k")
    create_watch(context, WatchRequest("door", "front", collection, longest))
    with pytest.raises(InputError, match="1,024 bytes at most"):
        create_watch(context, WatchRequest("door", "front", collection, longer))


def test_a_plan_of_before_is_read() -> None:
    assert plan_of(f'{{"similarity":80.0,"output":"{STREAM}"}}').kms_key is None


def test_a_key_is_for_buckets() -> None:
    with pytest.raises(InputError, match="KMS key is for records that are put into a bucket"):
        require_output("door", STREAM, "key")
