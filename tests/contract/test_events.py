"""`GET /events` of a real server, over real sockets."""

from __future__ import annotations

import json
import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.request import urlopen

import psutil
import pytest

from event_streams import Stream, append, append_bulky, opened
from processes import stopped
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("events")) as found:
        client = found.client()
        for name in ("people", "others"):
            client.create_collection(CollectionId=name)
        yield found


def _key(server: Server, *words: str) -> tuple[str, str]:
    printed = server.reknown("keys", "create", "--name", "follower", "--json", *words)
    made = json.loads(printed)
    return made["access_key_id"], made["secret_access_key"]


def _process_of(server: Server, stream: Stream) -> int:
    """Which of the server's processes has the other end."""
    port = stream.line.getsockname()[1]
    first = psutil.Process(server.process.pid)
    for each in (first, *first.children(recursive=True)):
        if any(it.raddr and it.raddr.port == port for it in each.net_connections()):
            return int(each.pid)
    raise AssertionError("nobody serves it")


def test_events_come_as_they_happen_and_a_client_goes_on_where_it_was(server: Server) -> None:
    with opened(server) as stream:
        assert stream.status == 200
        first = append(server.data, 3)
        found = stream.take(3)
        assert [each["sequence"] for each in found] == first
        assert found[0]["candidates"][0]["subject_id"] == "subject-1"
    later = append(server.data, 2)
    with opened(server, last_event_id=str(first[1])) as stream:
        assert stream.numbers(3) == [first[2], *later]
    with opened(server, f"/events?after={first[0]}") as stream:
        assert stream.numbers(4) == [*first[1:], *later]
    # who has heard something goes on behind that, whatever the address says
    with opened(server, "/events?after=0", last_event_id=str(later[0])) as stream:
        assert stream.numbers(1) == [later[1]]


def test_a_stream_is_of_a_watch_or_a_collection_and_of_what_the_key_may_see(
    server: Server,
) -> None:
    start = append(server.data, 1)[0]
    door = append(server.data, 1)
    gate = append(server.data, 1, "gate", "others")
    last = append(server.data, 1, "gate")
    with opened(server, f"/events?after={start}&watch=gate") as stream:
        assert stream.numbers(2) == [*gate, *last]
    with opened(server, f"/events?after={start}&collection=people") as stream:
        assert stream.numbers(2) == [*door, *last]
    own = _key(server, "--operation", "ReknownReadEvents", "--collection", "people")
    with opened(server, f"/events?after={start}", own) as stream:
        assert stream.numbers(2) == [*door, *last]
    with opened(server, "/events?collection=others", own) as stream:
        assert stream.status == 400
        assert "AccessDeniedException" in next(stream.lines())


def test_who_is_not_known_or_not_allowed_gets_nothing(server: Server) -> None:
    with opened(server) as stream:
        assert stream.status == 200
    other = _key(server, "--operation", "DetectFaces")
    with opened(server, key=other) as stream:
        assert "AccessDeniedException" in next(stream.lines())
    with opened(server, key=(server.key_id, "wrong")) as stream:
        assert "InvalidSignatureException" in next(stream.lines())
    with opened(server, key=("RKUNKNOWN", "wrong")) as stream:
        assert "UnrecognizedClientException" in next(stream.lines())
    with pytest.raises(OSError, match="400"):
        urlopen(f"{server.address}/events", timeout=30)
    shown = server.reknown("ledger", "--operation", "read live events", "--json")
    assert '"follow": true' in shown or '"follow":true' in shown


def test_a_key_that_is_revoked_hears_no_more_however_much_happens(server: Server) -> None:
    own = _key(server, "--operation", "ReknownReadEvents")
    with opened(server, key=own) as stream:
        append(server.data, 1)
        assert len(stream.take(1)) == 1
        server.reknown("keys", "revoke", own[0], "--yes")
        ended = threading.Event()

        def happen() -> None:
            while not ended.wait(0.5):
                append(server.data, 1)

        others = threading.Thread(target=happen)
        others.start()
        try:
            heard = 0
            for line in stream.lines():
                if line == "0":  # the last chunk
                    break
                heard += line.startswith("id: ")
                assert heard < 200
        finally:
            ended.set()
            others.join()


@pytest.mark.parametrize(
    "path", ["/events?after=-1", "/events?after=x", "/events?after=1&after=2", "/events?all=1"]
)
def test_what_is_asked_is_checked(server: Server, path: str) -> None:
    with opened(server, path) as stream:
        assert stream.status == 400
        assert "InvalidParameterException" in next(stream.lines())


def test_a_key_has_a_few_streams(server: Server) -> None:
    own = _key(server, "--operation", "ReknownReadEvents")
    with ExitStack() as stack:
        asked = [opened(server, "/events", own) for _ in range(24)]
        with ThreadPoolExecutor(len(asked)) as pool:
            at_once = Counter(each.status for each in pool.map(stack.enter_context, asked))
        assert at_once == {200: 8, 429: 16}
    shown = server.reknown("ledger", "--operation", "read live events", "--limit", "50", "--json")
    assert shown.count(own[0]) == 8


def test_a_stream_that_never_began_takes_no_place(server: Server) -> None:
    own = _key(server, "--operation", "ReknownReadEvents")
    for _ in range(9):
        with opened(server, "/events?collection=nobody", own) as refused:
            assert refused.status == 400
    with opened(server, "/events", own) as stream:
        assert stream.status == 200


def test_a_reader_that_stops_reading_holds_no_memory_and_holds_up_nobody(server: Server) -> None:
    process = psutil.Process(server.process.pid)
    with opened(server) as slow, opened(server) as quick:
        append(server.data, 1)
        assert quick.take(1)
        before = process.memory_info().rss
        numbers = append_bulky(server.data, 2000)  # 40 MB for each reader
        assert quick.numbers(2000) == numbers
        assert process.memory_info().rss - before < 20 * 2**20
        # one that reads again has missed nothing
        assert slow.numbers(2001)[1:] == numbers


def test_a_stream_goes_on_at_another_process_and_a_revoked_key_ends_it_at_all(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(serving(tmp_path, "--processes", 2))
        server.client().create_collection(CollectionId="people")
        own = _key(server, "--operation", "ReknownReadEvents")
        first = append(server.data, 1)
        one = stack.enter_context(opened(server, key=own, last_event_id="0"))
        second = append(server.data, 1)
        assert one.numbers(2) == [*first, *second]
        with stopped(_process_of(server, one)):  # so that the other takes the connection
            other = stack.enter_context(opened(server, key=own, last_event_id=str(second[0])))
            third = append(server.data, 1)
            assert other.numbers(1) == third
        assert one.numbers(1) == third
        assert _process_of(server, one) != _process_of(server, other)
        server.reknown("keys", "revoke", own[0], "--yes")
        for stream in (one, other):
            assert "0" in stream.lines()  # the last chunk


def test_a_server_that_is_killed_loses_no_event_of_a_stream(server: Server) -> None:
    key = (server.key_id, server.secret)
    expected: list[int] = []
    heard: list[int] = []
    last = append(server.data, 1)[0]
    for _ in range(2):
        with (
            serving(server.data, key=key) as another,
            opened(another, last_event_id=str(last)) as stream,
        ):
            expected += append(server.data, 20)
            heard += stream.numbers(7)
            last = heard[-1]
            another.process.send_signal(signal.SIGKILL)
            another.process.wait(30)
    with (
        serving(server.data, key=key) as another,
        opened(another, last_event_id=str(last)) as stream,
    ):
        heard += stream.numbers(len(expected) - len(heard))
        # and it ends in order when it is told to
        another.process.send_signal(signal.SIGTERM)
        assert another.process.wait(15) == 0
        assert [line for line in stream.lines() if line] == ["0"]  # the last chunk
    assert heard == expected
