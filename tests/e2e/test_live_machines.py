"""Two workers on machines of their own, each with its cameras, on one PostgreSQL database."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

import callers
import processes
import videos
from event_streams import opened
from postgres_server import own_database
from servers import REKNOWN, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(not REKNOWN.exists(), reason="reknown is not installed here"),
    processes.needs_proc,
]
_ARN = "arn:aws:kinesisvideo:us-east-1:000000000000:stream/{}/1"
# what is promised, and what a machine with other work may take for it
_PROMISED, _SLACK = 10.0, 10.0


@dataclass
class Machine:
    """One that watches and reads no videos, with a data folder of its own; its log as it grows."""

    process: subprocess.Popen[str]
    log: list[dict[str, Any]] = field(default_factory=list)

    def read(self) -> None:
        assert self.process.stderr is not None
        self.log.extend(json.loads(line) for line in self.process.stderr)

    def took(self, watch: str) -> bool:
        return any((it["event"], it.get("watch")) == ("watch taken", watch) for it in self.log)


@contextmanager
def _machine(folder: Path, url: str, key: Path, cache: Path, *cameras: str) -> Iterator[Machine]:
    folder.mkdir(mode=0o700)
    file = folder / "cameras.toml"
    film = folder.parent / "film.mp4"
    file.write_text("".join(f'[cameras.{name}]\nfile = "{film}"\n' for name in cameras))
    file.chmod(0o600)
    command = [REKNOWN, "worker", "--data", folder, "--streams", 2, "--cameras", file]
    process = subprocess.Popen(
        [*map(str, command), "--master-key-file", str(key)],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"REKNOWN_DATABASE": url, "REKNOWN_CACHE": str(cache)},
    )
    machine = Machine(process)
    reader = threading.Thread(target=machine.read, daemon=True)
    reader.start()
    try:
        yield machine
    finally:
        process.terminate()
        process.wait(60)
        reader.join(60)
        assert process.stderr is not None
        process.stderr.close()


def _started(client: Any, watch: str, camera: str) -> None:
    client.create_stream_processor(
        Name=watch,
        Input={"KinesisVideoStream": {"Arn": _ARN.format(camera)}},
        Output={},
        Settings={"FaceSearch": {"CollectionId": "friends"}},
        RoleArn="arn:aws:iam::000000000000:role/streams",
    )
    client.start_stream_processor(Name=watch)


def _stored(server: Server, url: str) -> list[dict[str, Any]]:
    """The events as a command reads them."""
    command = [str(REKNOWN), "events", "--after", "0", "--json", "--data", str(server.data)]
    environment = os.environ | {"REKNOWN_DATABASE": url}
    done = subprocess.run(command, capture_output=True, check=True, env=environment, timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_one_of_two_machines_is_killed_and_the_other_watches_on(
    postgres_url: str, tmp_path: Path, cache_folder: Path, eileen: bytes
) -> None:
    url = own_database(postgres_url)
    here = [(videos.eileen(), videos.still((0.5, 0.5)))]
    videos.render(tmp_path / "film.mp4", videos.scene(videos.steady(0, 120_000, 5.0), here))
    with ExitStack() as stack:
        options: dict[str, Any] = {"REKNOWN_DATABASE": url, "REKNOWN_CACHE": str(cache_folder)}
        server = stack.enter_context(serving(tmp_path / "server", **options))
        client = callers.distinct(server.client(**callers.NO_RETRIES))
        client.create_collection(CollectionId="friends")
        client.index_faces(CollectionId="friends", Image={"Bytes": eileen})
        _started(client, "hall", "lobby")
        _started(client, "door", "gate")

        def how(watch: str) -> tuple[str, str | None]:
            found = client.describe_stream_processor(Name=watch)
            return found["Status"], found.get("StatusMessage")

        key = server.data / "master.key"
        one = stack.enter_context(_machine(tmp_path / "one", url, key, cache_folder, "lobby"))
        processes.wait_for(lambda: how("hall")[0] == "RUNNING", 240)
        assert how("door")[0] == "STARTING"
        assert "waits for a worker that has the camera" in str(how("door")[1])
        two = stack.enter_context(
            _machine(tmp_path / "two", url, key, cache_folder, "lobby", "gate")
        )
        processes.wait_for(lambda: how("door")[0] == "RUNNING", 240)
        assert (one.took("hall"), two.took("hall")) == (True, False)
        with opened(server, "/events?after=0&watch=hall") as stream:
            while stream.take(1)[0]["kind"] != "arrived":
                pass
        one.process.kill()
        killed = time.monotonic()
        processes.wait_for(lambda: two.took("hall"), _PROMISED + _SLACK)
        print(f"taken over after {time.monotonic() - killed:.1f} s")
        processes.wait_for(lambda: how("hall")[0] == "RUNNING", 240)
        for watch in ("hall", "door"):
            client.stop_stream_processor(Name=watch)
        processes.wait_for(lambda: {how("hall")[0], how("door")[0]} == {"STOPPED"})
        expected = _stored(server, url)
        with opened(server, "/events?after=0") as stream:
            told = stream.take(len(expected))
    assert [each["sequence"] for each in told] == list(range(1, len(expected) + 1))
    assert told == expected
    hall = [each for each in told if each["watch"] == "hall"]
    states = [each["state"] for each in hall if each["kind"] == "camera"]
    assert states.count("connected") >= 2
    assert (states[0], states[-1]) == ("connected", "ended")
    broken = [each for each in hall if each.get("reason") == "the watch broke off"]
    assert [each["kind"] for each in broken if each["kind"] == "left"] == ["left"]
    visits = {each["visit"] for each in told if each["kind"] == "arrived"}
    assert visits == {each["visit"] for each in told if each["kind"] == "left"}
