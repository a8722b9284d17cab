"""Every client calls every operation; what came of it is in docs/reference/clients.md.

A client that is not installed here keeps the results that were last written down, with
`REKNOWN_CLIENTS=write`, where it was.
"""

from __future__ import annotations

import base64
import json
import os
import socketserver
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import callers
from clients import NOT_IN_THIS_SDK, Driver, Requests, driver, running
from scenario import OPERATIONS, SHARED, Scenario
from vectors import Vector, vectors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients import Client
    from servers import Server

_RESULTS = Path(__file__).with_name("clients") / "results"
_WRITE = os.environ.get("REKNOWN_CLIENTS") == "write"
_ALL = vectors()
_RUN = [vector for vector in _ALL if vector.sdk]


@pytest.fixture(scope="module")
def server(media_server: Server) -> Server:
    """One with a video in a bucket, and a collection to search it for."""
    callers.distinct(media_server.client()).create_collection(CollectionId=SHARED)
    return media_server


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where clients are that have to be compiled."""
    return tmp_path_factory.mktemp("programs")


@pytest.fixture(scope="module")
def images(eileen: bytes, pair: bytes) -> tuple[str, str]:
    """Eileen, and both, as the wire has images."""
    return base64.b64encode(eileen).decode(), base64.b64encode(pair).decode()


def _program(vector: Vector, programs: Path) -> Driver:
    program = driver(str(vector.sdk), programs)
    if program.missing:
        pytest.skip(f"{vector.title}: {program.missing}")
    return program


@contextmanager
def _client(vector: Vector, server: Server, programs: Path, home: Path) -> Iterator[Client]:
    if vector.sdk is None:
        with closing(Requests(vector, server)) as requests:
            yield requests
        return
    with running(_program(vector, programs), server.environment(), home) as process:
        yield process


@pytest.mark.parametrize("vector", _ALL, ids=lambda vector: vector.name)
def test_every_operation_answers(
    server: Server,
    programs: Path,
    vector: Vector,
    name: str,
    media_celebrity: callers.Celebrity,
    images: tuple[str, str],
    tmp_path: Path,
) -> None:
    with _client(vector, server, programs, tmp_path) as client:
        results = Scenario(client, name, *images, media_celebrity.id).run()
        version = client.version
    assert set(results) == set(OPERATIONS)
    assert set(results.values()) <= {"OK", NOT_IN_THIS_SDK}, results
    place = _RESULTS / f"{vector.name}.json"
    if _WRITE:
        _write(place, {"date": f"{datetime.now(UTC):%Y-%m-%d}", "version": version}, results)
    if not _is_another_version(vector, programs, version):
        assert _recorded(vector)["results"] == results, "run with REKNOWN_CLIENTS=write"


def _recorded(vector: Vector) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_RESULTS / f"{vector.name}.json").read_text())
    return found


def _is_another_version(vector: Vector, programs: Path, version: str) -> bool:
    """Whether the machine has a client that is not the one whose results were written down."""
    return (
        vector.sdk is not None
        and not driver(vector.sdk, programs).pinned
        and _recorded(vector)["version"] != version
    )


def _write(place: Path, facts: dict[str, str], results: dict[str, str]) -> None:
    place.parent.mkdir(exist_ok=True)
    text = json.dumps(facts | {"results": results}, indent=2)
    place.write_text(text + "\n")


class _Listener(socketserver.ThreadingTCPServer):
    """Takes requests as they come over the wire, and answers each with an empty object."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Listening)
        self.heads: list[list[str]] = []


class _Listening(socketserver.StreamRequestHandler):
    server: _Listener

    def handle(self) -> None:
        lines = []
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            lines.append(line)
        length = next(line for line in lines if line.lower().startswith("content-length:"))
        self.rfile.read(int(length.partition(":")[2]))
        self.server.heads.append(lines[1:])
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\n"
            b"content-length: 2\r\nconnection: close\r\n\r\n{}"
        )


@pytest.fixture(scope="module")
def listener() -> Iterator[_Listener]:
    with _Listener() as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield listener
        listener.shutdown()
        thread.join()


@pytest.mark.parametrize("vector", _RUN, ids=lambda vector: vector.name)
def test_a_client_sends_what_its_vector_says(
    listener: _Listener, programs: Path, vector: Vector, tmp_path: Path
) -> None:
    environment = {name: value for name, value in os.environ.items() if name[:4] != "AWS_"} | {
        "AWS_ACCESS_KEY_ID": "RK" + "A" * 18,
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_REKOGNITION": f"http://127.0.0.1:{listener.server_address[1]}",
    }
    listener.heads.clear()
    with running(_program(vector, programs), environment, tmp_path) as client:
        client("ListCollections", {})
        version = client.version
    if _is_another_version(vector, programs, version):
        pytest.skip(f"{vector.title} is version {version} here")
    (head,) = listener.heads
    assert [line.partition(":")[0] for line in head] == [
        line.partition(":")[0] for line in vector.headers
    ]
    (authorization,) = (line for line in head if line.lower().startswith("authorization:"))
    assert f" SignedHeaders={';'.join(vector.signed)}," in authorization
    # but for what differs from one version or machine to another
    fixed = {line for line in vector.headers if "{" not in line and "gent:" not in line}
    assert fixed <= set(head)
