"""A key over its limit at one server or process is over it at all others, and not for ever."""

from __future__ import annotations

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

import callers
import endless
import raw
from postgres_server import own_database
from processes import child_of, needs_proc, wait_for
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = needs_proc
_LIMIT = 2
_WORDS = "--workers", 4, "--key-requests", _LIMIT
_PROGRAM = endless.program({"stop_seconds": 0.5})
_THROTTLED = "ThrottlingException"


@pytest.fixture
def pair(postgres_url: str, cache_folder: Path, tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Two servers on one database."""
    environment: dict[str, Any] = {
        "REKNOWN_DATABASE": own_database(postgres_url),
        "REKNOWN_CACHE": str(cache_folder),
    }
    with ExitStack() as opened:
        first = opened.enter_context(
            serving(tmp_path / "first", *_WORDS, program=_PROGRAM, **environment)
        )
        (tmp_path / "second").mkdir(mode=0o700)
        shutil.copy(first.data / "master.key", tmp_path / "second" / "master.key")
        key = first.key_id, first.secret
        second = opened.enter_context(
            serving(tmp_path / "second", *_WORDS, key=key, program=_PROGRAM, **environment)
        )
        yield first, second


def test_a_limit_holds_at_all_servers_of_a_database(
    pair: tuple[Server, Server], eileen: bytes
) -> None:
    first, second = pair
    assert _code(second, eileen) == ""
    _occupy(first, eileen)
    wait_for(lambda: _running(first) == _LIMIT)
    wait_for(lambda: _code(second, eileen) == _THROTTLED)
    assert {_code(second, eileen) for _ in range(5)} == {_THROTTLED}
    first.process.kill()
    wait_for(lambda: _code(second, eileen) == "")


def test_a_limit_holds_in_all_processes_of_a_server(
    tmp_path: Path, cache_folder: Path, eileen: bytes
) -> None:
    cache: dict[str, Any] = {"REKNOWN_CACHE": str(cache_folder)}
    words = *_WORDS, "--processes", 2
    with serving(tmp_path / "data", *words, program=_PROGRAM, **cache) as server:
        child_of(server.process.pid, "serve --listener")
        other = callers.key(server, "--name", "other")
        assert set(_codes(server, eileen, other)) <= {"", _THROTTLED}
        _occupy(server, eileen)
        # whichever has none of them, or one, refuses more
        wait_for(lambda: all(set(_codes(server, eileen)) == {_THROTTLED} for _ in range(4)))
        assert _code(server, eileen, other) == ""


def _occupy(server: Server, image: bytes) -> None:
    """Has as many requests in work as the key may have, until the server ends.

    Of several processes only the first takes for ever, so what another one answers is sent again.
    """

    def send() -> None:
        with suppress(BotoCoreError):
            while True:
                _code(server, endless.endless(image))
                time.sleep(0.05)

    for _ in range(_LIMIT):
        threading.Thread(target=send, daemon=True).start()


def _running(server: Server) -> float:
    lines = raw.get(server, "/metrics").body.decode().splitlines()
    name = 'reknown_pool_running{pool="recognition"}'
    return next((float(line.split()[-1]) for line in lines if line.startswith(name)), 0.0)


def _codes(server: Server, image: bytes, key: tuple[str, str] | None = None) -> list[str]:
    """Of eight requests at once, each on a connection of its own."""
    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(lambda _: _code(server, image, key), range(8)))


def _code(server: Server, image: bytes, key: tuple[str, str] | None = None) -> str:
    """The error that a request gets, empty for none."""
    with closing(_client(server, key)) as client:
        try:
            client.detect_faces(Image={"Bytes": image})
        except ClientError as error:
            return str(error.response["Error"]["Code"])
    return ""


def _client(server: Server, key: tuple[str, str] | None = None) -> Any:
    return callers.distinct(server.client(key, **callers.NO_RETRIES))
