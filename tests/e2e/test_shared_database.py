"""Two servers and two workers, with a data folder each, on one PostgreSQL database."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from sqlalchemy import create_engine, text

import callers
import processes
import videos
from postgres_server import as_owner, own_database
from servers import REKNOWN, Server, serving
from stopped_searches import require_stopped

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(not REKNOWN.exists(), reason="reknown is not installed here")
_SECRET = "never-to-be-shown"
_VIDEO = {"S3Object": {"Bucket": "media", "Name": "film.mp4"}}
_JOBS = 3
_CUTS = 30
_CRASHES = 3


@pytest.fixture(scope="module")
def url(postgres_url: str) -> str:
    """A database of these tests' own; the server does not ask for the password."""
    return own_database(postgres_url).replace("postgres@", f"postgres:{_SECRET}@")


@pytest.fixture(scope="module")
def buckets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short video."""
    root = tmp_path_factory.mktemp("buckets")
    (root / "media").mkdir()
    motion = videos.line((0.3, 0.5), (0.6, 0.5))
    film = videos.scene(videos.steady(0, 600), [(videos.eileen(), motion)])
    videos.render(root / "media" / "film.mp4", film)
    return root


@pytest.fixture(scope="module")
def pair(
    url: str,
    buckets: Path,
    cache_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Server, Server]]:
    """Two servers; the second one has got the master key and the access key of the first."""
    root = tmp_path_factory.mktemp("servers")
    words = ["--buckets", buckets, "--video-workers", 0]
    environment: dict[str, Any] = {"REKNOWN_DATABASE": url, "REKNOWN_CACHE": str(cache_folder)}
    with ExitStack() as opened:
        first = opened.enter_context(serving(root / "first", *words, **environment))
        (root / "second").mkdir(mode=0o700)
        shutil.copy(first.data / "master.key", root / "second" / "master.key")
        (root / "second" / "reknown.db").touch()  # of before, so to say
        known = first.key_id, first.secret
        few = [*words, "--database-connections", 2]
        second = opened.enter_context(serving(root / "second", *few, key=known, **environment))
        yield first, second


@pytest.fixture
def collection(pair: tuple[Server, Server]) -> str:
    name = f"c-{uuid4().hex}"
    pair[0].client().create_collection(CollectionId=name)
    return name


def test_a_signed_change_is_done_once_whichever_server_gets_the_copy(
    pair: tuple[Server, Server],
) -> None:
    first, second = pair
    name = f"c-{uuid4().hex}"
    signed = callers.sign(first, "CreateCollection", {"CollectionId": name})
    assert signed.send().status == 200
    first.client().delete_collection(CollectionId=name)
    for server in (second, first):
        status, body = _send(
            server, signed.headers | {"Host": urlsplit(first.address).netloc}, signed.body
        )
        assert (status, body["__type"]) == (400, "ThrottlingException")
        assert "has been received before" in body["Message"]
    with pytest.raises(ClientError, match="does not exist"):
        second.client().describe_collection(CollectionId=name)


def test_what_is_written_at_one_is_in_the_next_answer_of_the_other(
    pair: tuple[Server, Server], collection: str, eileen: bytes, grace: bytes
) -> None:
    clients = [callers.distinct(server.client(**callers.NO_RETRIES)) for server in pair]

    def found(client: Any, image: bytes) -> list[str]:
        answer = client.search_faces_by_image(CollectionId=collection, Image={"Bytes": image})
        return [match["Face"]["FaceId"] for match in answer["FaceMatches"]]

    for _ in range(3):
        for writer, reader in (clients, clients[::-1]):
            assert found(reader, eileen) == []  # it has the gallery in memory
            made = writer.index_faces(CollectionId=collection, Image={"Bytes": eileen})
            face = made["FaceRecords"][0]["Face"]["FaceId"]
            assert found(reader, eileen) == [face]
            assert found(reader, grace) == []
            assert writer.describe_collection(CollectionId=collection)["FaceCount"] == 1
            reader.delete_faces(CollectionId=collection, FaceIds=[face])
            assert found(writer, eileen) == []


def test_a_stop_of_all_searches_holds_at_both_from_then_on(
    pair: tuple[Server, Server], url: str, collection: str, eileen: bytes
) -> None:
    """Not within a second: no search that begins when the command has ended is answered."""
    clients = [server.client(**callers.NO_RETRIES) for server in pair]
    request = {"CollectionId": collection, "Image": {"Bytes": eileen}}
    clients[0].index_faces(**request)
    searches = [partial(client.search_faces_by_image, **request) for client in clients]
    data = pair[0].data
    try:
        require_stopped(
            searches, lambda: _reknown(data, url, "stop-searches", "--reason", "a drill")
        )
    finally:
        _reknown(data, url, "resume-searches")
    for search in searches:
        assert search()["FaceMatches"]


def test_keys_that_are_made_at_one_work_at_the_other_until_they_are_revoked(
    pair: tuple[Server, Server], url: str, collection: str
) -> None:
    first, second = pair
    made = json.loads(_reknown(first.data, url, "keys", "create", "--json"))
    key = made["access_key_id"], made["secret_access_key"]
    client = second.client(key=key)
    assert client.describe_collection(CollectionId=collection)["FaceCount"] == 0
    _reknown(second.data, url, "keys", "revoke", key[0], "--yes")
    for server in pair:
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            server.client(key=key).describe_collection(CollectionId=collection)


def test_another_master_key_is_refused_by_its_fingerprint(
    pair: tuple[Server, Server], url: str, tmp_path: Path
) -> None:
    other = {"REKNOWN_MASTER_KEY": "A" * 43 + "="}
    done = _command(tmp_path / "third", url, "serve", "--port", "0", **other)
    assert done.returncode == 2
    assert "is not that of the database" in done.stderr
    assert "all who use one database need the same key" in done.stderr
    assert _SECRET not in done.stderr


@processes.needs_proc
def test_a_job_is_done_once_by_one_of_the_workers(
    pair: tuple[Server, Server], url: str, buckets: Path, tmp_path: Path
) -> None:
    clients = [callers.distinct(server.client(**callers.NO_RETRIES)) for server in pair]
    jobs = [
        clients[number % 2].start_face_detection(Video=_VIDEO)["JobId"] for number in range(_JOBS)
    ]
    key = pair[0].data / "master.key"
    with (
        _worker(tmp_path / "a", url, buckets, key) as one,
        _worker(tmp_path / "b", url, buckets, key) as two,
    ):

        def states() -> set[str]:
            return {clients[0].get_face_detection(JobId=job)["JobStatus"] for job in jobs}

        processes.wait_for(lambda: states() == {"SUCCEEDED"})
        lines = [*one(), *two()]
    done = [line["job"] for line in lines if line.get("state") == "SUCCEEDED"]
    assert sorted(done) == sorted(jobs)
    for job in jobs:
        assert clients[1].get_face_detection(JobId=job)["Faces"]


def test_lost_connections_cost_clients_nothing_but_a_retry(
    pair: tuple[Server, Server], postgres_url: str, url: str, collection: str
) -> None:
    """Most reads are answered all the same; what fails is an error that SDKs send again."""
    name = url.partition("@/")[2].partition("?")[0]
    ended = threading.Event()
    cut: list[int] = []
    codes: list[str] = []

    def disturb() -> None:
        while not ended.wait(0.05):
            if len(codes) < 6 * len(cut):  # a slow machine answers less between two of them
                continue
            as_owner(
                postgres_url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                f"WHERE datname = '{name}' AND application_name = 'reknown'",
            )
            cut.append(1)

    plain = callers.distinct(pair[0].client(**callers.NO_RETRIES))
    patient = callers.distinct(pair[1].client(retries={"mode": "standard", "max_attempts": 20}))
    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        while len(cut) < _CUTS or 0.8 * len(codes) <= _CUTS:
            codes.append(_describe(plain, collection))
            if len(codes) % 20 == 0:
                _create_user(patient, collection, f"user-{len(codes)}")
    finally:
        ended.set()
        thread.join()
    assert set(codes) <= {"", "503 ServiceUnavailableException"}
    assert codes.count("") > 0.8 * len(codes) > _CUTS
    users = [f"user-{number}" for number in range(20, len(codes) + 1, 20)]
    found = patient.list_users(CollectionId=collection, MaxResults=500)["Users"]
    assert [user["UserId"] for user in found] == users
    assert not any("Traceback" in line for server in pair for line in server.log)


def test_a_crash_of_the_database_loses_nothing_that_was_acknowledged(
    pair: tuple[Server, Server], postgres_url: str, collection: str
) -> None:
    made: list[str] = []
    ended = threading.Event()

    def write(server: Server, mark: str) -> None:
        client = callers.distinct(server.client(retries={"mode": "standard", "max_attempts": 50}))
        number = 0
        while not ended.is_set():
            number += 1
            _create_user(client, collection, f"{mark}-{number}")
            made.append(f"{mark}-{number}")

    threads = [
        threading.Thread(target=write, args=(server, str(place)))
        for place, server in enumerate(pair)
    ]
    for thread in threads:
        thread.start()
    for _ in range(_CRASHES):
        before = len(made)
        processes.wait_for(lambda before=before: len(made) > before + 20)  # type: ignore[misc]
        os.kill(_backend(postgres_url), signal.SIGKILL)  # PostgreSQL then ends all, and recovers
    before = len(made)
    processes.wait_for(lambda: len(made) > before + 20)
    ended.set()
    for thread in threads:
        thread.join()
    pages = pair[0].client().get_paginator("list_users").paginate(CollectionId=collection)
    found = [user["UserId"] for page in pages for user in page["Users"]]
    assert sorted(found) == sorted(made)


def test_few_connections_are_waited_for(pair: tuple[Server, Server], eileen: bytes) -> None:
    """No request needs two at once, so that none can wait for another for ever."""
    server = pair[1]

    def use(number: int) -> int:
        client = callers.distinct(server.client(**callers.NO_RETRIES))
        gallery = {"CollectionId": f"few-{number}"}
        client.create_collection(**gallery)
        client.create_user(**gallery, UserId="one")
        made = client.index_faces(**gallery, Image={"Bytes": eileen})["FaceRecords"]
        faces = [made[0]["Face"]["FaceId"]]
        client.associate_faces(**gallery, UserId="one", FaceIds=faces)
        answer = client.search_users_by_image(**gallery, Image={"Bytes": eileen})
        client.delete_faces(**gallery, FaceIds=faces)
        client.delete_collection(**gallery)
        return len(answer["UserMatches"])

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(use, range(8))) == 8 * [1]


@processes.needs_proc
def test_no_process_and_no_log_shows_the_password(pair: tuple[Server, Server]) -> None:
    for server in pair:
        command = Path(f"/proc/{server.process.pid}/cmdline").read_bytes().decode()
        assert _SECRET not in command + "".join(server.log)
    assert not (pair[0].data / "reknown.db").exists()
    processes.wait_for(lambda: any("is not used" in line for line in pair[1].log), seconds=10)
    assert [any("is not used" in line for line in server.log) for server in pair] == [False, True]


def _backend(postgres_url: str) -> int:
    """A process that serves one of our connections; after a crash there is none for a while."""
    engine = create_engine(postgres_url)
    try:
        with engine.connect() as connection:
            query = text("SELECT min(pid) FROM pg_stat_activity WHERE application_name = 'reknown'")
            return int(connection.execute(query).scalar_one())
    finally:
        engine.dispose()


def _describe(client: Any, collection: str) -> str:
    """What went wrong."""
    try:
        client.describe_collection(CollectionId=collection)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return f"{status} {error.response['Error']['Code']}"
    return ""


def _create_user(client: Any, collection: str, name: str) -> None:
    """An attempt that seemed to fail may have been carried out."""
    with suppress(client.exceptions.ConflictException):
        client.create_user(CollectionId=collection, UserId=name)


def _send(server: Server, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=30)
    connection.request("POST", "/", body, headers)
    answer = connection.getresponse()
    status, content = answer.status, json.loads(answer.read())
    connection.close()
    return status, content


def _command(
    data: Path, url: str, *words: str, **environment: str
) -> subprocess.CompletedProcess[str]:

    command = [str(REKNOWN), *words, "--data", str(data)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"REKNOWN_DATABASE": url} | environment,
    )


def _reknown(data: Path, url: str, *words: str) -> str:
    done = _command(data, url, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def _worker(data: Path, url: str, buckets: Path, key: Path) -> Iterator[Any]:
    """What gives its log, once it has ended."""

    command = [REKNOWN, "worker", "--data", data, "--buckets", buckets]
    command += ["--master-key-file", key]
    process = subprocess.Popen(
        list(map(str, command)),
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"REKNOWN_DATABASE": url},
    )

    def log() -> list[dict[str, Any]]:
        process.terminate()
        _, lines = process.communicate(timeout=60)
        return [json.loads(line) for line in lines.splitlines()]

    try:
        yield log
    finally:
        process.kill()
        process.communicate(timeout=30)
