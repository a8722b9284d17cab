"""A real MQTT broker for tests: Debian's mosquitto on a free port."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
needs_mosquitto = pytest.mark.skipif(
    MOSQUITTO is None, reason="there is no broker: apt-get install mosquitto"
)


@dataclass
class Broker:
    """A broker that can be killed and started again on its port; what it keeps is in `folder`."""

    folder: Path
    lines: tuple[str, ...] = ("allow_anonymous true",)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.port = self.port or free_port()
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o777)  # as root, mosquitto becomes another user
        config = self.folder / "mosquitto.conf"
        kept = (
            "persistence true",
            f"persistence_location {self.folder}/",
            "autosave_interval 1",
            "autosave_on_changes true",
        )
        lines = (f"listener {self.port} 127.0.0.1", "user root", *kept, *self.lines)
        config.write_text("\n".join(lines) + "\n")
        assert MOSQUITTO is not None
        self.process = subprocess.Popen(
            [MOSQUITTO, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("mosquitto does not answer")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)


@dataclass
class Subscriber:
    """Everything that is published below a topic, as it comes; it comes back to a new broker."""

    client: Client
    messages: Queue[tuple[str, str, bool]] = field(default_factory=Queue)

    def next(self, seconds: float = 30) -> tuple[str, str]:
        topic, body, _ = self.messages.get(timeout=seconds)
        return topic, body

    def kept(self, count: int) -> dict[str, str]:
        """The first so many that the broker had kept."""
        found: dict[str, str] = {}
        while len(found) < count:
            topic, body, retained = self.messages.get(timeout=30)
            if retained:
                found[topic] = body
        return found

    def rest(self) -> list[tuple[str, str]]:
        return [(topic, body) for topic, body, _ in self.everything()]

    def everything(self) -> list[tuple[str, str, bool]]:
        """The rest, with whether the broker had kept it."""
        found: list[tuple[str, str, bool]] = []
        while True:
            try:
                found.append(self.messages.get(timeout=0.5))
            except Empty:
                return found


@contextmanager
def running(folder: Path, *lines: str) -> Iterator[Broker]:
    broker = Broker(folder, lines or ("allow_anonymous true",))
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


@contextmanager
def subscribed(broker: Broker, topic: str, session: str = "") -> Iterator[Subscriber]:
    """With a name of its `session`, the broker keeps for it what comes while it is away."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=session, protocol=MQTTv5)
    lasting = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    lasting.SessionExpiryInterval = 3600 if session else 0
    client.reconnect_delay_set(1, 1)
    found = Subscriber(client)
    ready: Queue[None] = Queue()

    def on_connect(*_: Any) -> None:
        client.subscribe(topic, qos=1)

    client.on_connect = on_connect
    client.on_subscribe = lambda *_: ready.put(None)
    client.on_message = lambda _client, _data, each: found.messages.put(
        (each.topic, each.payload.decode(), each.retain)
    )
    client.connect("127.0.0.1", broker.port, clean_start=not session, properties=lasting)
    client.loop_start()
    try:
        ready.get(timeout=30)
        yield found
    finally:
        client.disconnect()
        client.loop_stop()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
