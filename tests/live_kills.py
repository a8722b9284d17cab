"""Kills worker, server and broker in turn while events are told, and counts what arrived."""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from brokers import running, subscribed
from event_streams import opened
from reknown.storage.database import open_database
from reknown.watches import events
from servers import REKNOWN, Server, serving
from unit.notify.receivers import Receiver, receiving
from unit.watches.live_events import arrival

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from brokers import Broker, Subscriber

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_WATCHES = ("door", "gate")
_PAUSE = 0.05
_ENOUGH = 120.0


@dataclass
class Heard:
    """The numbers that came one way, as they came, by watch."""

    numbers: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in _WATCHES})

    def take(self, event: dict[str, Any]) -> None:
        self.numbers[event["watch"]].append(event["sequence"])

    def counted(self, stored: dict[str, list[int]]) -> dict[str, int]:
        """What is missing, what came again, and what came for the first time behind a later one."""
        missing = again = late = 0
        for watch, expected in stored.items():
            first = list(dict.fromkeys(self.numbers[watch]))
            missing += len(set(expected) - set(first))
            again += len(self.numbers[watch]) - len(first)
            late += sum(one > other for one, other in pairwise(first))
        return {"missing": missing, "again": again, "out of order": late}


@dataclass
class Deployment:
    """A server, a worker and a broker that can be killed and come back."""

    data: Path
    broker: Broker
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
                REKNOWN_WEBHOOK_SECRET=SECRET,
            )
        )
        self.key = self.server.key_id, self.server.secret

    def start_worker(self) -> None:
        self.worker = subprocess.Popen(
            [REKNOWN, "worker", "--data", str(self.data), *self.options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"REKNOWN_WEBHOOK_SECRET": SECRET},
        )

    def kill(self, victim: str) -> None:
        """With SIGKILL; after half a second it is started again."""
        if victim == "broker":
            self.broker.kill()
            time.sleep(0.5)
            self.broker.start()
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
    heard = {"webhook": Heard(), "mqtt": Heard(), "stream": Heard()}
    chance, stopping = random.Random(seed), Event()
    stored: dict[str, list[int]] = {name: [] for name in _WATCHES}
    with ExitStack() as stack:
        receiver = stack.enter_context(receiving(Receiver()))
        broker = stack.enter_context(running(folder / "broker"))
        subscriber = stack.enter_context(subscribed(broker, "reknown/+/events", "listener"))
        (folder / "buckets").mkdir()
        told = ("--events-webhook", receiver.address, "--mqtt", broker.url)
        options = (*told, "--buckets", str(folder / "buckets"))
        deployment = Deployment(folder / "data", broker, options, stack)
        deployment.start_server()
        assert deployment.server is not None
        deployment.server.client().create_collection(CollectionId="people")
        deployment.start_worker()
        stack.callback(deployment.stop)
        with _thread(lambda: _follow(deployment, heard["stream"], stopping), stopping):
            appending = Event()
            with _thread(lambda: _append(deployment.data, stored, appending), appending):
                for number in range(kills):
                    time.sleep(chance.uniform(0.5, 2.0))
                    deployment.kill(("worker", "server", "broker")[number % 3])
                time.sleep(1)
            _settle(stored, heard, receiver, subscriber)
    counted = {name: each.counted(stored) for name, each in heard.items()}
    return {"events": sum(map(len, stored.values())), "kills": kills} | counted


def _settle(
    stored: dict[str, list[int]],
    heard: dict[str, Heard],
    receiver: Receiver,
    subscriber: Subscriber,
) -> None:
    """Waits until all has arrived, or for two minutes."""
    deadline = time.monotonic() + _ENOUGH
    while time.monotonic() < deadline:
        heard["webhook"] = Heard()
        for asked in list(receiver.asked):
            heard["webhook"].take(json.loads(asked.body))
        for _, body in subscriber.rest():
            heard["mqtt"].take(json.loads(body))
        if not any(each.counted(stored)["missing"] for each in heard.values()):
            break


def _append(data: Path, stored: dict[str, list[int]], stopping: Event) -> None:
    """As a worker would, each in a transaction of its own."""
    database = open_database(data)
    number = 0
    while not stopping.is_set():
        watch = _WATCHES[number % len(_WATCHES)]
        with database.begin() as connection:
            sequence = events.append(connection, arrival(number, watch=watch))
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
