"""Kills worker, server and broker in turn while events are told, and counts what arrived.

The server that speaks AWS leaves and comes back in its turn: what it has lies in this process.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3

from brokers import running, subscribed
from event_streams import opened
from moto_server import KEY_ID, moto_server
from moto_server import SECRET as AWS_SECRET
from reknown.biometrics.live import RecordPlace
from reknown.services.live.plans import WatchPlan, plan_text
from reknown.storage.database import open_database
from reknown.watches import events, watches
from reknown.watches.watches import NewWatch
from servers import REKNOWN, Server, serving
from unit.notify.receivers import Receiver, receiving
from unit.watches.live_events import arrival
from video_faces import face

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from brokers import Broker, Subscriber

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_WATCHES = ("door", "gate")
_VICTIMS = ("worker", "server", "broker", "cloud")
_PAUSE = 0.05
_ENOUGH = 120.0
_CREDENTIALS = {
    "aws_access_key_id": KEY_ID,
    "aws_secret_access_key": AWS_SECRET,
    "region_name": "us-east-1",
}
_ENVIRONMENT: dict[str, Any] = {
    "REKNOWN_WEBHOOK_SECRET": SECRET,
    "AWS_ACCESS_KEY_ID": KEY_ID,
    "AWS_SECRET_ACCESS_KEY": AWS_SECRET,
}
_PLACE = f"seen-{uuid4()}"
_OUTPUTS = dict(
    zip(
        _WATCHES,
        (f"arn:aws:kinesis:us-east-1:123456789012:stream/{_PLACE}", f"s3://{_PLACE}/seen"),
        strict=True,
    )
)


@dataclass
class Heard:
    """The numbers that came one way, as they came, by watch."""

    numbers: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in _WATCHES})

    def take_number(self, watch: str, number: int) -> None:
        self.numbers[watch].append(number)

    def take(self, event: dict[str, Any]) -> None:
        self.take_number(event["watch"], event["sequence"])

    def counted(self, stored: dict[str, list[int]]) -> dict[str, int]:
        """What is missing, what came again, and what came for the first time behind a later one.

        Of the watches that come this way.
        """
        missing = again = late = 0
        for watch in self.numbers:
            expected = stored[watch]
            first = list(dict.fromkeys(self.numbers[watch]))
            missing += len(set(expected) - set(first))
            again += len(self.numbers[watch]) - len(first)
            late += sum(one > other for one, other in pairwise(first))
        return {"missing": missing, "again": again, "out of order": late}


@dataclass
class Cloud:
    """A server that speaks AWS, and what it got: of one watch records, of the other objects."""

    address: str
    server: ExitStack

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.address, **_CREDENTIALS)

    @property
    def options(self) -> Sequence[str]:
        places = [f"--{name}-endpoint" for name in ("s3", "sns", "kinesis")]
        endpoints = [part for place in places for part in (place, self.address)]
        topic = f"arn:aws:sns:us-east-1:123456789012:{_PLACE}"
        return (*endpoints, "--record-bucket", _PLACE, "--events-topic", topic)

    def leave(self) -> None:
        self.server.close()

    def come_back(self) -> None:
        self.server.enter_context(moto_server(int(self.address.rpartition(":")[2])))

    def prepare(self) -> None:
        """A stream, a bucket, and a topic with a queue."""
        self.client("kinesis").create_stream(StreamName=_PLACE, ShardCount=1)
        self.client("s3").create_bucket(Bucket=_PLACE)
        topic = self.client("sns").create_topic(Name=_PLACE)["TopicArn"]
        self.client("sqs").create_queue(QueueName=_PLACE)
        queue = f"arn:aws:sqs:us-east-1:123456789012:{_PLACE}"
        self.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)

    def records(self) -> Heard:
        """What lies in the stream."""
        client, heard = self.client("kinesis"), Heard({"door": []})
        shard = client.list_shards(StreamName=_PLACE)["Shards"][0]["ShardId"]
        iterator = client.get_shard_iterator(
            StreamName=_PLACE, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while found := client.get_records(ShardIterator=iterator, Limit=1000):
            for each in found["Records"]:
                video = json.loads(each["Data"])["InputInformation"]["KinesisVideo"]
                heard.take_number("door", int(video["FragmentNumber"]))
            if not found["Records"]:
                return heard
            iterator = found["NextShardIterator"]
        return heard

    def objects(self) -> Heard:
        """What lies in the bucket, in the order of its names."""
        heard = Heard({"gate": []})
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=_PLACE)
        for each in (one for page in pages for one in page.get("Contents", ())):
            name: str = each["Key"].rpartition("/")[2]
            heard.take_number("gate", int(name.removesuffix(".json")))
        return heard

    def messages(self, heard: Heard) -> None:
        """Takes what is in the queue."""
        client = self.client("sqs")
        queue = client.get_queue_url(QueueName=_PLACE)["QueueUrl"]
        while found := client.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in found:
                heard.take(json.loads(json.loads(message["Body"])["Message"]))
                client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


@dataclass
class Deployment:
    """A server, a worker, a broker and a cloud that can be killed and come back."""

    data: Path
    broker: Broker
    cloud: Cloud
    options: Sequence[str]
    stack: ExitStack
    key: tuple[str, str] | None = None
    server: Server | None = None
    worker: subprocess.Popen[bytes] | None = None

    def start_server(self) -> None:
        self.server = self.stack.enter_context(
            serving(
                self.data,
                "--video-workers",
                0,
                *self.options,
                key=self.key,
                **_ENVIRONMENT,
            )
        )
        self.key = self.server.key_id, self.server.secret

    def start_worker(self) -> None:
        self.worker = subprocess.Popen(
            [REKNOWN, "worker", "--data", str(self.data), *self.options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | _ENVIRONMENT,
        )

    def kill(self, victim: str) -> None:
        """With SIGKILL; after half a second it is started again."""
        if victim == "broker":
            self.broker.kill()
            time.sleep(0.5)
            self.broker.start()
            return
        if victim == "cloud":
            self.cloud.leave()
            time.sleep(0.5)
            self.cloud.come_back()
            return
        if victim == "worker":
            assert self.worker is not None
            self.worker.kill()
            self.worker.wait(30)
        else:
            assert self.server is not None
            self.server.process.kill()
            self.server.process.wait(30)
        time.sleep(0.5)
        (self.start_worker if victim == "worker" else self.start_server)()

    def stop(self) -> None:
        if self.worker is not None:
            self.worker.kill()
            self.worker.wait(30)


def kill_in_turn(folder: Path, kills: int, seed: int = 1) -> dict[str, Any]:
    """Appends events all the time, kills, and waits for what was appended; the counts."""
    heard = {name: Heard() for name in ("webhook", "mqtt", "stream", "sns", "kinesis", "s3")}
    chance, stopping = random.Random(seed), Event()
    stored: dict[str, list[int]] = {name: [] for name in _WATCHES}
    with ExitStack() as stack:
        receiver = stack.enter_context(receiving(Receiver()))
        broker = stack.enter_context(running(folder / "broker"))
        subscriber = stack.enter_context(subscribed(broker, "reknown/+/events", "listener"))
        served = stack.enter_context(ExitStack())
        cloud = Cloud(served.enter_context(moto_server()), served)
        cloud.prepare()
        told = ("--events-webhook", receiver.address, "--mqtt", broker.url)
        options = (*told, *cloud.options)
        deployment = Deployment(folder / "data", broker, cloud, options, stack)
        deployment.start_server()
        assert deployment.server is not None
        deployment.server.client().create_collection(CollectionId="people")
        _make_watches(deployment.data)
        deployment.start_worker()
        stack.callback(deployment.stop)
        with _thread(lambda: _follow(deployment, heard["stream"], stopping), stopping):
            appending = Event()
            with _thread(lambda: _append(deployment.data, stored, appending), appending):
                for number in range(kills):
                    time.sleep(chance.uniform(0.5, 2.0))
                    deployment.kill(_VICTIMS[number % len(_VICTIMS)])
                time.sleep(1)
            _settle(stored, heard, receiver, subscriber, cloud)
    counted = {name: each.counted(stored) for name, each in heard.items()}
    return {"events": sum(map(len, stored.values())), "kills": kills} | counted


def _settle(
    stored: dict[str, list[int]],
    heard: dict[str, Heard],
    receiver: Receiver,
    subscriber: Subscriber,
    cloud: Cloud,
) -> None:
    """Waits until all has arrived, or for two minutes."""
    deadline = time.monotonic() + _ENOUGH
    while time.monotonic() < deadline:
        heard["webhook"] = Heard()
        for asked in list(receiver.asked):
            heard["webhook"].take(json.loads(asked.body))
        for _, body in subscriber.rest():
            heard["mqtt"].take(json.loads(body))
        cloud.messages(heard["sns"])
        heard["kinesis"], heard["s3"] = cloud.records(), cloud.objects()
        if not any(each.counted(stored)["missing"] for each in heard.values()):
            break


def _make_watches(data: Path) -> None:
    """One whose records go into the stream, and one whose records go into the bucket."""
    database = open_database(data)
    with database.begin() as connection:
        for name, output in _OUTPUTS.items():
            plan = plan_text(WatchPlan(90.0, output=output))
            watches.add(connection, NewWatch(name, name, "people", plan, "nobody"))
    database.dispose()


def _append(data: Path, stored: dict[str, list[int]], stopping: Event) -> None:
    """As a worker would, each in a transaction of its own."""
    database = open_database(data)
    number = 0
    while not stopping.is_set():
        watch = _WATCHES[number % len(_WATCHES)]
        with database.begin() as connection:
            records = RecordPlace(_OUTPUTS[watch], watch)
            event = replace(arrival(number, watch=watch), face=face(), records=records)
            sequence = events.append(connection, event)
        stored[watch].append(sequence)
        number += 1
        time.sleep(_PAUSE)
    database.dispose()


def _follow(deployment: Deployment, heard: Heard, stopping: Event) -> None:
    """Goes on behind what it heard last, whatever becomes of its server."""
    last = 0
    while not stopping.is_set():
        assert deployment.server is not None
        with (
            suppress(OSError, AssertionError),
            opened(deployment.server, last_event_id=str(last)) as stream,
        ):
            stream.line.settimeout(2)
            while not stopping.is_set() and (found := stream.take(1)):
                heard.take(found[0])
                last = found[0]["sequence"]
        time.sleep(0.1)


@contextmanager
def _thread(work: Any, stopping: Event) -> Iterator[None]:
    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(30)
