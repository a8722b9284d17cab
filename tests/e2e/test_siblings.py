"""`reknown serve --processes 2`: one port, one set of figures, one end."""

from __future__ import annotations

import os
import re
import signal
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from processes import child_of, children, needs_proc, running, stopped, wait_for, wait_for_end
from servers import serving
from stopped_searches import require_stopped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers import Server

pytestmark = needs_proc

_WORD = "serve --listener"
_ANSWERED = re.compile(r'reknown_requests_total\{code="OK",operation="ListCollections"\} (\S+)')


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("siblings") / "data"
    with serving(data, "--processes", 2) as server:
        child_of(server.process.pid, _WORD)
        yield server


def lists(server: Server, count: int) -> None:
    """So many requests, each on a connection of its own, eight at a time."""

    def once(_: int) -> list[str]:
        client = server.client(retries={"max_attempts": 5})
        found: list[str] = client.list_collections()["CollectionIds"]
        client.close()
        return found

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(once, range(count))) == [["people"]] * count


def answered(server: Server) -> float:
    with urllib.request.urlopen(f"{server.address}/metrics", timeout=30) as response:
        text = response.read().decode()
    assert 'reknown_pool_running{pool="storage"} 0.0' in text
    return float(next(iter(_ANSWERED.findall(text)), 0))


def test_all_answer_on_one_port_and_their_figures_are_added_up(server: Server) -> None:
    server.client().create_collection(CollectionId="people")
    before = answered(server)
    lists(server, 24)
    for each in (server.process.pid, child_of(server.process.pid, _WORD)):
        with stopped(each):
            lists(server, 8)
    assert answered(server) == before + 40


def test_one_that_is_killed_is_replaced(server: Server) -> None:
    sibling = child_of(server.process.pid, _WORD)
    os.kill(sibling, signal.SIGKILL)
    lists(server, 16)
    wait_for(lambda: children(server.process.pid, _WORD) not in ([], [sibling]))
    lists(server, 16)
    assert "a process ended and is started again" in "".join(server.log)


def test_all_end_with_the_first(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--processes", 3) as server:
        wait_for(lambda: len(children(server.process.pid, _WORD)) == 2)
        others = children(server.process.pid, _WORD)
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(60)
        assert not any(map(running, others))
    with serving(tmp_path / "data", "--processes", 2, key=(server.key_id, server.secret)) as server:
        other = child_of(server.process.pid, _WORD)
        server.process.kill()
        wait_for_end(other)


def test_a_stop_of_all_searches_holds_at_all_from_then_on(server: Server, eileen: bytes) -> None:
    request = {"CollectionId": "stopped", "Image": {"Bytes": eileen}}
    server.client().create_collection(CollectionId="stopped")
    server.client().index_faces(**request)

    def search() -> Any:
        """On a connection of its own, which any of the processes may get."""
        client = server.client(retries={"max_attempts": 1})
        try:
            return client.search_faces_by_image(**request)
        finally:
            client.close()

    try:
        stop = ("stop-searches", "--reason", "a drill")
        require_stopped([search] * 2, lambda: server.reknown(*stop))
    finally:
        server.reknown("resume-searches")
    assert search()["FaceMatches"]
    server.client().delete_collection(CollectionId="stopped")
