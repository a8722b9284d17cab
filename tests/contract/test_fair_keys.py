"""Two clients with keys of their own: what one takes is not taken from the other."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

import callers
import endless
import raw
from processes import wait_for
from servers import Server, serving

if TYPE_CHECKING:
    from pathlib import Path

_FLOOD = 40
_ROOM = 12


class _Flood:
    """Requests of one key, all at once, that never come to an end by themselves."""

    def __init__(self, server: Server, image: bytes) -> None:
        self.codes: list[str] = []
        self._client = callers.distinct(
            server.client(callers.key(server, "--name", "flood"), max_pool_connections=_FLOOD)
        )
        self._image = endless.endless(image)
        threads = [threading.Thread(target=self._send, daemon=True) for _ in range(_FLOOD)]
        for thread in threads:
            thread.start()

    def _send(self) -> None:
        try:
            self._client.detect_faces(Image={"Bytes": self._image})
        except ClientError as error:
            self.codes.append(error.response["Error"]["Code"])
        except BotoCoreError:
            self.codes.append("")


def _figure(server: Server, name: str) -> float:
    lines = raw.get(server, "/metrics").body.decode().splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(name)), 0.0)


def test_a_flood_leaves_the_others_their_answers(tmp_path: Path, eileen: bytes) -> None:
    options = "--workers", 2, "--queue", _ROOM - 2
    program = endless.program({"stop_seconds": 0.5})
    with (
        serving(tmp_path, *options, program=program) as server,
        closing(callers.distinct(server.client(**callers.NO_RETRIES))) as client,
    ):
        flood = _Flood(server, eileen)
        waiting = 'reknown_pool_waiting{pool="recognition"}'
        wait_for(lambda: _figure(server, waiting) == _ROOM - 2)
        wait_for(lambda: _figure(server, 'reknown_throttled_total{reason="room"}') >= 1)
        # the ordinary slots are occupied for ever, and the room is full
        client.create_collection(CollectionId="people")
        for _ in range(5):
            assert len(client.detect_faces(Image={"Bytes": eileen})["FaceDetails"]) == 1
        found = client.index_faces(CollectionId="people", Image={"Bytes": eileen})
        assert len(found["FaceRecords"]) == 1
        assert _figure(server, 'reknown_throttled_total{reason="place"}') >= 1
        assert set(flood.codes) <= {"ThrottlingException"}


def _detect_often(client: Any, image: bytes) -> None:
    for _ in range(100):
        client.detect_faces(Image={"Bytes": image})


def test_a_key_beyond_its_budget_is_told_why_and_until_when(
    tmp_path: Path, eileen: bytes, cache_folder: Path
) -> None:
    options: tuple[Any, ...] = ("--workers", 1, "--key-share", 1)
    with serving(tmp_path, *options, REKNOWN_CACHE=str(cache_folder)) as server:
        with closing(callers.distinct(server.client(**callers.NO_RETRIES))) as client:
            with pytest.raises(ClientError) as caught:
                _detect_often(client, eileen)
            answer = caught.value.response
            assert answer["Error"]["Code"] == "ThrottlingException"
            assert "of computing in about the last 10, and may use 0.1: try again in" in str(
                answer["Error"]["Message"]
            )
            assert int(answer["ResponseMetadata"]["HTTPHeaders"]["x-amz-retry-after"]) > 0
            # what is quick has a budget of its own
            assert client.list_collections()["CollectionIds"] == []
        with closing(server.client(callers.key(server, "--name", "other"))) as other:
            assert other.detect_faces(Image={"Bytes": eileen})["FaceDetails"]


def test_no_more_in_flight_than_a_key_may_have(tmp_path: Path, eileen: bytes) -> None:
    program = endless.program({"stop_seconds": 0.5})
    with serving(tmp_path, "--workers", 2, "--key-requests", 3, program=program) as server:
        flood = _Flood(server, eileen)
        wait_for(lambda: _figure(server, 'reknown_throttled_total{reason="requests"}') >= 1)
        running = _figure(server, 'reknown_pool_running{pool="recognition"}')
        assert running + _figure(server, 'reknown_pool_waiting{pool="recognition"}') == 3
        with closing(server.client(**callers.NO_RETRIES)) as client:
            assert client.detect_faces(Image={"Bytes": eileen})["FaceDetails"]
        assert set(flood.codes) <= {"ThrottlingException"}


def test_who_forges_a_key_takes_nothing_from_its_owner(
    tmp_path: Path, eileen: bytes, cache_folder: Path
) -> None:
    options: tuple[Any, ...] = ("--workers", 1, "--key-share", 1, "--key-requests", 1)
    with serving(tmp_path, *options, REKNOWN_CACHE=str(cache_folder)) as server:
        forged = server.key_id, "not the secret of this key"
        for _ in range(50):
            signed = callers.sign(server, "DetectFaces", {"Image": {"Bytes": "AAAA"}}, forged)
            assert signed.send().code == "InvalidSignatureException"
        with closing(server.client(**callers.NO_RETRIES)) as client:
            assert client.detect_faces(Image={"Bytes": eileen})["FaceDetails"]
