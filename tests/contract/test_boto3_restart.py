"""What has been acknowledged outlives the process; several processes are one server."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest

import callers
import portraits
from servers import Server, serving

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "friends"


@pytest.fixture
def cache(cache_folder: Path) -> dict[str, Any]:
    return {"REKNOWN_CACHE": str(cache_folder)}


def test_a_killed_server_has_lost_nothing(
    tmp_path: Path, cache: dict[str, Any], eileen: bytes, in_base64: str
) -> None:
    with serving(tmp_path, **cache) as first:
        client = _client(first)
        client.create_collection(CollectionId=_NAME, Tags={"a": "1"})
        for user in ("ada", "bob"):
            client.create_user(CollectionId=_NAME, UserId=user, ClientRequestToken=user)
        token = client.list_users(CollectionId=_NAME, MaxResults=1)["NextToken"]
        body = {"CollectionId": _NAME, "Image": {"Bytes": in_base64}}
        signed = callers.sign(first, "IndexFaces", body)
        (record,) = signed.send().body["FaceRecords"]
        first.process.kill()
        first.process.wait()
    key = first.key_id, first.secret
    with serving(tmp_path, key=key, **cache) as second:
        client = _client(second)
        found = client.search_faces_by_image(CollectionId=_NAME, Image={"Bytes": eileen})
        assert found["FaceMatches"][0]["Face"] == record["Face"]
        # pages go on, retries are still retries, copies still copies
        rest = client.list_users(CollectionId=_NAME, NextToken=token)["Users"]
        assert [user["UserId"] for user in rest] == ["bob"]
        client.create_user(CollectionId=_NAME, UserId="ada", ClientRequestToken="ada")
        headers = signed.headers | {"Host": first.address.removeprefix("http://")}
        copied = callers.Signed(second.address, headers, signed.body)
        assert copied.send().code == "ThrottlingException"
        found = client.describe_collection(CollectionId=_NAME)
        assert (found["FaceCount"], found["UserCount"]) == (1, 2)


def test_two_processes_see_the_same(
    tmp_path: Path, cache: dict[str, Any], eileen: bytes, grace: bytes
) -> None:
    with serving(tmp_path, **cache) as first:
        key = first.key_id, first.secret
        with serving(tmp_path, key=key, **cache) as second:
            one, other = _client(first), _client(second)
            one.create_collection(CollectionId=_NAME)
            search = {"CollectionId": _NAME, "Image": {"Bytes": eileen}}
            assert other.search_faces_by_image(**search)["FaceMatches"] == []
            for number in range(5):
                answer = one.index_faces(**search, ExternalImageId=str(number))
                face = answer["FaceRecords"][0]["Face"]["FaceId"]
                found = other.search_faces_by_image(**search)["FaceMatches"]
                assert face in [match["Face"]["FaceId"] for match in found]
                other.delete_faces(CollectionId=_NAME, FaceIds=[face])
                assert one.search_faces_by_image(**search)["FaceMatches"] == []
            one.delete_collection(CollectionId=_NAME)
            other.create_collection(CollectionId=_NAME)
            other.index_faces(CollectionId=_NAME, Image={"Bytes": grace})
            assert one.describe_collection(CollectionId=_NAME)["FaceCount"] == 1
            assert one.search_faces_by_image(**search)["FaceMatches"] == []


def test_requests_in_flight_finish_when_the_server_is_told_to_stop(
    tmp_path: Path, cache: dict[str, Any]
) -> None:
    image = {"Bytes": portraits.crowd(8, 6)}
    with serving(tmp_path, **cache) as server, ThreadPoolExecutor(1) as thread:
        client = _client(server)
        client.create_collection(CollectionId=_NAME)
        request = {"CollectionId": _NAME, "Image": image, "QualityFilter": "NONE"}
        call = thread.submit(client.index_faces, **request)
        _await_work(server)
        server.process.terminate()
        assert len(call.result()["FaceRecords"]) == 48
        server.process.wait(timeout=30)


def _await_work(server: Server) -> None:
    """Waits until an image is being recognised."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with urlopen(f"{server.address}/metrics", timeout=30) as answer:
            if b'reknown_pool_running{pool="recognition"} 1' in answer.read():
                return
    pytest.fail("no work began")


def _client(server: Server) -> Any:
    return callers.distinct(server.client(**callers.NO_RETRIES))
