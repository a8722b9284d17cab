"""Runs what the page "Tell others what happens before the cameras" shows, with real events."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path
from select import select
from typing import TYPE_CHECKING, Any

import pytest

from brokers import Broker, needs_mosquitto, running, subscribed
from event_streams import abandon, append, append_camera
from live_kills import SECRET
from pages import ROOT, snippets
from reknown.notify.signatures import verify
from servers import REKNOWN, Server, serving
from unit.notify.receivers import Receiver, receiving

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE = ROOT / "docs" / "how-to" / "live-events.md"


def _lines(language: str) -> list[str]:
    """What stands in fences of this language, a command a line."""
    text = "".join(each.text for each in snippets(_PAGE) if each.language == language)
    return text.replace("\\\n", " ").splitlines()


def _line(start: str) -> str:
    (found,) = (line for line in _lines("sh") if line.startswith(start))
    return found


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving(Receiver()) as found:
        yield found


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running(tmp_path_factory.mktemp("mqtt") / "broker") as found:
        yield found


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, receiver: Receiver, broker: Broker
) -> Iterator[Server]:
    """As the page starts it, but for the addresses."""
    webhook = shlex.split(_line("reknown serve --events-webhook"))[2:]
    mqtt = shlex.split(_line("reknown serve --mqtt"))[2:]
    webhook[1], mqtt[1] = receiver.address, broker.url
    folder = tmp_path_factory.mktemp("live")
    with serving(folder, *webhook, *mqtt, REKNOWN_WEBHOOK_SECRET=SECRET) as found:
        found.client().create_collection(CollectionId="people")
        yield found


@needs_mosquitto
def test_every_way_tells_the_same(server: Server, receiver: Receiver, broker: Broker) -> None:
    pattern = shlex.split(_line("mosquitto_sub"))[-1]
    with subscribed(broker, pattern) as heard:
        numbers = append(server.data, 3)
        by_broker = [json.loads(heard.next()[1]) for _ in numbers]
    by_command = [json.loads(line) for line in server.reknown("events", "--json").splitlines()]
    deadline = time.monotonic() + 30
    while len(receiver.asked) < len(numbers) and time.monotonic() < deadline:
        time.sleep(0.05)
    by_webhook = [json.loads(each.body) for each in receiver.asked]
    assert by_broker == by_webhook == by_command
    assert [each["sequence"] for each in by_command] == numbers
    for each in receiver.asked:
        assert verify(SECRET, each.headers, each.body)
    headers = {name.lower(): value for name, value in receiver.asked[0].headers.items()}
    assert headers["webhook-id"] == f"live-{numbers[0]}"
    (shown,) = (json.loads(each.text) for each in snippets(_PAGE) if each.language == "json")
    assert _shape(shown) == _shape(by_command[0])


def _shape(value: Any) -> Any:
    """The names of fields, all the way down."""
    if isinstance(value, dict):
        return {name: _shape(each) for name, each in value.items()}
    return [_shape(each) for each in value][:1] if isinstance(value, list) and value else None


@needs_mosquitto
def test_home_assistant_finds_sensors(server: Server, broker: Broker) -> None:
    append_camera(server.data, "connected", "porch")
    append(server.data, 1, "porch")
    sensors: dict[str, Any] = {}
    with subscribed(broker, "homeassistant/#") as found:
        while len(sensors) < 2:
            topic, body = found.next()
            if "porch" in topic:
                sensors[topic.split("/")[1]] = json.loads(body)
    states = {"sensor": "a stranger", "binary_sensor": "ON"}
    for kind, state in states.items():
        with subscribed(broker, sensors[kind]["state_topic"]) as shown:
            while shown.next()[1] != state:  # it may be as it was before that event
                pass
        with subscribed(broker, sensors[kind]["availability_topic"]) as shown:
            assert shown.next()[1] == "online"
    abandon(server.data, "porch")
    for topic, state in (("availability", "offline"), ("presence", "OFF")):
        with subscribed(broker, f"reknown/porch/{topic}") as shown:
            while shown.next()[1] != state:
                pass


def test_curl_gets_the_stream(server: Server) -> None:
    (number,) = append(server.data, 1)
    command = _line("curl").replace("after=0", f"after={number - 1}")
    environment = server.environment() | {"AWS_ENDPOINT_URL_REKOGNITION": server.address}
    with subprocess.Popen(
        ["sh", "-c", f"exec {command}"], stdout=subprocess.PIPE, text=True, env=environment
    ) as curl:
        assert curl.stdout is not None
        lines = iter(curl.stdout.readline, "")
        data = next(line for line in lines if line.startswith("data: "))
        curl.kill()
    assert json.loads(data.removeprefix("data: "))["sequence"] == number


def test_a_follower_gets_a_key_of_its_own(server: Server) -> None:
    words = shlex.split(_line("reknown keys create"))[1:]
    assert "ReknownReadEvents" in server.reknown(*words)


def test_commands_and_python_read_them(server: Server) -> None:
    (number,) = append(server.data, 1)
    change = append_camera(server.data, "connected")
    shown = server.reknown(*shlex.split(_line("reknown events --watch"))[1:])
    assert "door  arrived  face-1 99.9" in shown
    program = "\n".join(_lines("python"))
    done = subprocess.run(
        [sys.executable, "-c", program.replace("Reknown()", f"Reknown({str(server.data)!r})")],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(ROOT),
    )
    assert {f"{number} arrived [None]", f"{change} camera []"} <= set(done.stdout.splitlines())
    follow = [str(REKNOWN), *shlex.split(_line("reknown events --follow"))[1:]]
    follow += ["--data", str(server.data)]
    with subprocess.Popen(follow, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        while not select([following.stdout], [], [], 0.5)[0]:  # until it has begun
            (later,) = append(server.data, 1)
        first = json.loads(following.stdout.readline())["sequence"]
        following.kill()
    assert number < first <= later
