"""How `reknown serve` ends, whatever is in flight, and what it says then."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

import callers
import endless
import raw
from processes import wait_for
from servers import REKNOWN, Server, serving

if TYPE_CHECKING:
    from pathlib import Path

_SOON = endless.program({"rest_seconds": 0.5, "stop_seconds": 1.0})


def _events(server: Server) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log if line.startswith("{")]


def _connect(server: Server) -> socket.socket:
    place = urlsplit(server.address)
    connection = socket.create_connection((place.hostname, place.port), timeout=60)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return connection


def _all(connection: socket.socket) -> bytes:
    got = b""
    while part := connection.recv(65_536):
        got += part
    return got


def test_nothing_holds_up_the_stop(tmp_path: Path, eileen: bytes) -> None:
    image = {"Bytes": base64.b64encode(endless.endless(eileen)).decode()}
    codes: list[str] = []
    with serving(tmp_path, "--workers", 2, program=_SOON) as server, ExitStack() as stack:
        with closing(server.client()) as client:
            client.create_collection(CollectionId="acknowledged")

        def detect() -> None:
            codes.append(callers.sign(server, "DetectFaces", {"Image": image}).send().code)

        threads = [threading.Thread(target=detect) for _ in range(8)]
        for thread in threads:
            thread.start()
        waiting = re.compile(rb'reknown_pool_waiting\{pool="recognition"\} 6')
        wait_for(lambda: waiting.search(raw.get(server, "/metrics").body))
        idle, half_head, half_body, deaf = (stack.enter_context(_connect(server)) for _ in range(4))
        half_head.sendall(b"POST / HTTP/1.1\r\nhost: h")
        body = b'{"CollectionId":"people"}'
        headers = raw.signed(server, "DescribeCollection", body) | {"content-length": "25"}
        half_body.sendall(raw.head(server, headers) + body[:10])
        deaf.sendall(b"GET /metrics HTTP/1.1\r\nhost: here\r\n\r\n" * 90)
        wait_for(lambda: raw.get(server, "/health").status == 200)
        server.process.send_signal(signal.SIGTERM)
        # the images would take for ever
        assert server.process.wait(timeout=60) == 0
        for thread in threads:
            thread.join()
        assert codes == ["ServiceUnavailableException"] * 8
        assert b"503 Service Unavailable" in (answer := _all(half_body))
        assert b"connection: close" in answer
        assert _all(idle) == b""
    first, last = (
        each for each in _events(server) if each["event"].startswith(("stopping", "stopped"))
    )
    assert (first["event"], first["reason"]) == ("stopping", "SIGTERM")
    assert (last["event"], last["requests"]) == ("stopped", 2)
    assert "acknowledged" in server.reknown("collections", "list")


def test_a_second_signal_does_not_disturb_the_end(tmp_path: Path, eileen: bytes) -> None:
    image = {"Bytes": base64.b64encode(endless.endless(eileen)).decode()}
    with serving(tmp_path, program=_SOON) as server:
        request = callers.sign(server, "DetectFaces", {"Image": image})
        thread = threading.Thread(target=request.send, daemon=True)
        thread.start()
        running = re.compile(rb'reknown_pool_running\{pool="recognition"\} 1')
        wait_for(lambda: running.search(raw.get(server, "/metrics").body))
        while server.process.poll() is None:
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.05)
        assert server.process.returncode == 0
    assert [each["event"] for each in _events(server)][-1] == "stopped"


def test_a_crash_of_native_code_says_where_it_was(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        wait_for(lambda: raw.get(server, "/health").status == 200)
        server.process.send_signal(signal.SIGSEGV)
        assert server.process.wait(timeout=60) == -signal.SIGSEGV
    said = "".join(server.log)
    assert "Fatal Python error: Segmentation fault" in said
    assert "most recent call first" in said


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_it_serves_on_when_nobody_reads_what_it_says(tmp_path: Path, closed: str) -> None:
    made = json.loads(
        subprocess.run(
            [REKNOWN, "keys", "create", "--name", "a", "--json", "--data", tmp_path],
            capture_output=True,
            check=True,
        ).stdout
    )
    key, port = (made["access_key_id"], made["secret_access_key"]), _free_port()
    reading, writing = os.pipe()
    os.close(reading)
    streams: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    streams[closed] = writing
    command = [str(REKNOWN), "serve", "--data", str(tmp_path), "--port", str(port)]
    with subprocess.Popen(command, text=True, **streams) as process:
        os.close(writing)
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: _answers(port))
        for _ in range(3):
            assert callers.sign(address, "ListCollections", {}, key).send().status == 200
            assert callers.sign(address, "ListFaces", {}, key).send().status == 400
        process.terminate()
        assert process.wait(timeout=60) == 0
        if process.stderr is not None:
            said = process.stderr.read()
            assert "cannot print the address: Broken pipe" in said
            assert '"event": "stopped"' in said


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
    except ConnectionError:
        return False
    return True
