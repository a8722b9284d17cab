"""Clients that are slow, silent, many, or no clients of HTTP at all."""

from __future__ import annotations

import base64
import contextlib
import http.client
import io
import json
import re
import resource
import signal
import socket
import ssl
import struct
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from PIL import Image

import callers
import impatient
import raw
from processes import wait_for
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

_MIB = 2**20
_HEAD_SECONDS = 1.0
_IDLE_SECONDS = 2
_IMPATIENT = impatient.program(
    connections={"head_seconds": _HEAD_SECONDS, "idle_seconds": _IDLE_SECONDS, "rest_seconds": 0.5},
    bodies={"body_seconds": 1.0, "rest_seconds": 0.3},
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Iterator[Server]:
    """A server with the limits that users have."""
    with serving(tmp_path_factory.mktemp("patient"), REKNOWN_CACHE=str(cache_folder)) as server:
        yield server
        _is_well(server)
        for line in server.log:
            assert "event" in json.loads(line), line


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Iterator[Server]:
    """A server with little patience."""
    data, cache = tmp_path_factory.mktemp("hasty"), str(cache_folder)
    with serving(data, program=_IMPATIENT, REKNOWN_CACHE=cache) as server:
        yield server
        _is_well(server)


def _is_well(server: Server) -> None:
    assert server.process.poll() is None
    assert raw.get(server, "/ready").status == 200
    assert _listed(server).status == 200


def _listed(server: Server) -> raw.Reply:
    caller = raw.Caller(server)
    try:
        return caller.ask("ListCollections", {})
    finally:
        caller.close()


def _connect(server: Server, timeout: float = 10) -> socket.socket:
    place = urlsplit(server.address)
    return socket.create_connection((place.hostname, place.port), timeout=timeout)


def _all(connection: socket.socket) -> bytes:
    """Everything until the server closes; an end by force is an end too."""
    got = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65_536):
            got += part
    return got


def _exchange(server: Server, data: bytes, timeout: float = 10) -> bytes:
    """What comes back for these bytes and no more."""
    with _connect(server, timeout) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        return _all(connection)


def _status(answer: bytes) -> int:
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    return int(found[1]) if found else 0


def _memory_mib(server: Server) -> float:
    status = Path(f"/proc/{server.process.pid}/status")
    if not status.exists():
        pytest.skip("no /proc here")
    found = re.search(r"VmRSS:\s*(\d+) kB", status.read_text())
    assert found
    return int(found[1]) / 1024


# --- slow ones -------------------------------------------------------------------------------


def _is_closed_upon(connection: socket.socket, trickle: bytes, pause: float = 0.1) -> bool:
    """Whether the server listens to a byte from time to time and goes before the last."""
    connection.settimeout(pause)
    for place in range(len(trickle)):
        try:
            connection.sendall(trickle[place : place + 1])
            if not connection.recv(1000):
                return True
        except TimeoutError:
            continue
        except ConnectionError:
            return True
    return False


@pytest.mark.parametrize("trickle", [b"POST / HTTP/1.1\r\nhost: here\r\n" * 3, b"\r\n" * 50])
def test_a_head_byte_by_byte_is_not_waited_for(hasty: Server, trickle: bytes) -> None:
    with _connect(hasty) as connection:
        assert _is_closed_upon(connection, trickle)


def test_neither_is_one_after_an_answer(hasty: Server) -> None:
    with _connect(hasty) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nhost: here\r\n\r\n")
        assert _status(connection.recv(1000)) == 200
        head = b"GET /health HTTP/1.1\r\nhost: here\r\nx: " + b"a" * 50
        assert _is_closed_upon(connection, head)


def test_silence_is_not_waited_for(hasty: Server) -> None:
    with _connect(hasty) as silent, _connect(hasty) as used:
        used.sendall(b"GET /health HTTP/1.1\r\nhost: here\r\n\r\n")
        assert _all(silent) == b""
        assert _all(used).endswith(b'{"status": "ok"}')


def test_half_a_body_is_not_waited_for(hasty: Server) -> None:
    body = b'{"CollectionId":"people"}'
    headers = raw.signed(hasty, "DescribeCollection", body) | {"content-length": str(len(body))}
    with _connect(hasty) as connection:
        connection.sendall(raw.head(hasty, headers) + body[:10])
        answer = _all(connection)
    assert _status(answer) == 408
    assert b"RequestTimeoutException" in answer


def test_who_does_not_take_an_answer_is_left(hasty: Server) -> None:
    before = _memory_mib(hasty)
    request = b"GET /metrics HTTP/1.1\r\nhost: here\r\n\r\n" * 1000
    ended = False
    with _connect(hasty) as connection:
        connection.settimeout(60)
        end = time.monotonic() + 60
        # the first refusal to send more comes when all buffers are full, the end thereafter
        with contextlib.suppress(TimeoutError):
            while time.monotonic() < end:
                try:
                    connection.sendall(request)
                except ConnectionError:
                    ended = True
                    break
    assert ended
    assert _memory_mib(hasty) < before + 100


# --- large ones ------------------------------------------------------------------------------


def _pour(connection: socket.socket, data: bytes, most: int) -> int:
    """How many bytes the server lets a client send."""
    sent = 0
    with contextlib.suppress(ConnectionError, TimeoutError):
        while sent < most:
            connection.sendall(data)
            sent += len(data)
    return sent


@pytest.mark.parametrize(
    "start",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nx-long: ",
        b"GET / HTTP/1.1\r\nx-1: 1\r\nx-2: 2\r\n",
        b"GET /health HTTP/1.1\r\nhost: here\r\n\r\nGET /",
    ],
)
def test_a_head_without_end_is_not_read(served: Server, start: bytes) -> None:
    before = _memory_mib(served)
    more = b"x-a: b\r\n" * 8192 if start.endswith(b"\n") else b"a" * 65_536
    with _connect(served) as connection:
        connection.sendall(start)
        assert _pour(connection, more, 200 * _MIB) < 20 * _MIB
    assert _memory_mib(served) < before + 50


def test_a_head_without_end_behind_a_request_in_work(served: Server) -> None:
    before = _memory_mib(served)
    body = json.dumps({"Image": {"Bytes": _slow_image()}}).encode()
    headers = raw.signed(served, "DetectFaces", body) | {"content-length": str(len(body))}
    with _connect(served) as connection:
        connection.sendall(raw.head(served, headers) + body + b"GET / HTTP/1.1\r\nx: ")
        time.sleep(0.1)
        assert _pour(connection, b"a" * 65_536, 500 * _MIB) < 20 * _MIB
    assert _memory_mib(served) < before + 500


def test_a_chunked_gigabyte_is_not_read(served: Server) -> None:
    before = _memory_mib(served)
    headers = raw.signed(served, "ListCollections", b"") | {"transfer-encoding": "chunked"}
    chunk = b"100000\r\n" + b" " * _MIB + b"\r\n"
    with _connect(served) as connection:
        connection.sendall(raw.head(served, headers))
        assert _pour(connection, chunk, 1024 * _MIB) < 64 * _MIB
    assert _memory_mib(served) < before + 100


_CHUNKED = {
    "extensions": (b"1;" + b"x" * 65_000 + b"\r\n \r\n", 2 * _MIB),
    "an extension without end": (b";" + b"x" * 65_000, 2 * _MIB),
    "chunks of one byte": (b"1\r\n \r\n" * 10_000, _MIB),
    "chunks of seven bytes": (b"7\r\n       \r\n" * 10_000, _MIB),
    "zeros before the size": (b"0" * 14 + b"40\r\n" + b" " * 64 + b"\r\n", 64 * _MIB),
}


@pytest.mark.parametrize("shape", _CHUNKED)
@pytest.mark.parametrize("known", [True, False])
def test_what_is_on_the_wire_beside_a_body_is_in_proportion(
    served: Server, shape: str, known: bool
) -> None:
    chunk, most = _CHUNKED[shape]
    headers = raw.signed(served, "ListCollections", b"") if known else {}
    start = b"1" if chunk.startswith(b";") else b""
    with _connect(served) as connection:
        connection.sendall(raw.head(served, headers | {"transfer-encoding": "chunked"}) + start)
        # what buffers take in is not read
        assert _pour(connection, chunk, 512 * _MIB) < most + 16 * _MIB
    assert _listed(served).status == 200


def test_trailers_without_end_are_not_read(served: Server) -> None:
    headers = raw.signed(served, "ListCollections", b"") | {"transfer-encoding": "chunked"}
    with _connect(served) as connection:
        connection.sendall(raw.head(served, headers) + b"0\r\n")
        assert _pour(connection, b"x-a: b\r\n" * 8192, 512 * _MIB) < 16 * _MIB


def test_a_body_that_nobody_reads_has_an_end_too(served: Server) -> None:
    head = f"GET /health HTTP/1.1\r\nhost: here\r\ncontent-length: {2**40}\r\n\r\n"
    with _connect(served) as connection:
        connection.sendall(head.encode())
        assert _pour(connection, b" " * _MIB, 1024 * _MIB) < 128 * _MIB


@pytest.mark.parametrize("size", [16, 64, 1024, 65_536])
def test_chunks_of_a_reasonable_size_are_read(served: Server, size: int) -> None:
    body = json.dumps({"MaxResults": 1}).encode() + b" " * 400_000 * (size > 16)
    headers = raw.signed(served, "ListCollections", body)
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    whole = raw.head(served, headers | {"transfer-encoding": "chunked"}) + chunks + b"0\r\n\r\n"
    with _connect(served) as connection:
        connection.sendall(whole)
        assert _status(connection.recv(100)) == 200


def test_requests_that_wait_behind_another_have_a_limit(served: Server) -> None:
    with _connect(served) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(b"GET /metrics HTTP/1.1\r\nhost: here\r\n\r\n" * 5000)
        assert _all(connection).count(b"HTTP/1.1 200") < 5000
    assert _listed(served).status == 200


@pytest.mark.parametrize("length", ["16777217", "99999999999999", "0" * 20 + "400000000"])
def test_what_announces_too_much_is_refused(hasty: Server, length: str) -> None:
    headers = raw.signed(hasty, "ListCollections", b"") | {"content-length": length}
    with _connect(hasty) as connection:
        connection.sendall(raw.head(hasty, headers))
        answer = _all(connection)
    assert _status(answer) == 413
    assert b"RequestEntityTooLargeException" in answer


def test_announcing_much_takes_no_room_from_others(served: Server) -> None:
    headers = raw.signed(served, "ListCollections", b"") | {"content-length": str(16 * _MIB)}
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            connection = stack.enter_context(_connect(served))
            connection.sendall(raw.head(served, headers))
        assert _listed(served).status == 200


def test_a_refused_upload_gets_its_answer(served: Server) -> None:
    connection = http.client.HTTPConnection(urlsplit(served.address).netloc, timeout=30)
    body = b" " * (7 * _MIB)
    headers = {"X-Amz-Target": "RekognitionService.DetectFaces"}
    for _ in range(3):
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        assert json.loads(answer.read())["__type"] == "MissingAuthenticationTokenException"
    connection.close()


# --- many ------------------------------------------------------------------------------------


@pytest.fixture
def _many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4000:
        pytest.skip("not enough open files allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("_many_files")
@pytest.mark.parametrize("begun", ["", "head", "body"])
def test_those_who_say_nothing_do_not_shut_out_others(served: Server, begun: str) -> None:
    headers = raw.signed(served, "ListCollections", b"") | {"content-length": "100"}
    whole = raw.head(served, headers)
    said = {"": b"", "head": whole[:50], "body": whole + b"{"}[begun]
    with contextlib.ExitStack() as stack:
        good = raw.Caller(served)
        stack.callback(good.close)
        assert good.ask("ListCollections", {}).status == 200
        for number in range(1100):
            connection = stack.enter_context(_connect(served))
            with contextlib.suppress(ConnectionError):
                connection.sendall(said)
            if number % 100 == 0:
                assert good.ask("ListCollections", {}).status == 200
        assert raw.get(served, "/health").status == 200
        assert _listed(served).status == 200
        assert good.ask("ListCollections", {}).status == 200
        assert _is_open(connection)  # so nobody had to wait until the silent ones were gone


def _is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


def test_those_who_go_in_the_middle_do_no_harm(served: Server) -> None:
    body = b"{}"
    reset = struct.pack("ii", 1, 0)
    for cut in (10, 100, None):
        for _ in range(20):
            headers = raw.signed(served, "ListCollections", body) | {"content-length": "2"}
            with _connect(served) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                connection.sendall((raw.head(served, headers) + body)[:cut])
                if cut is None:
                    connection.recv(10)
    _is_well(served)


# --- what is no HTTP, or too clever ----------------------------------------------------------


def _client_hello() -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname="here").do_handshake()
    return outgoing.read()


_GARBAGE = {
    "tls": _client_hello(),
    "http/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "bytes": bytes(range(256)) * 10,
    "zeros": bytes(1000),
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n",
    "smtp": b"EHLO here\r\n",
    "no version": b"GET /nothing\r\n\r\n",
    "http/0.9": b"GET /nothing HTTP/0.9\r\n\r\n",
    "http/9": b"GET /health HTTP/9.9\r\n\r\n",
    "no method": b" / HTTP/1.1\r\n\r\n",
    "space in the path": b"GET /a b HTTP/1.1\r\n\r\n",
    "space before the colon": b"GET /health HTTP/1.1\r\nhost : here\r\n\r\n",
    "no colon": b"GET /health HTTP/1.1\r\nhost here\r\n\r\n",
    "nul": b"GET /health HTTP/1.1\r\nhost: he\x00re\r\n\r\n",
    "no address": b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nhost: here\r\n\r\n",
    "bad address": b"GET http://[::1 HTTP/1.1\r\nhost: here\r\n\r\n",
}


@pytest.mark.parametrize("data", _GARBAGE.values(), ids=_GARBAGE)
def test_garbage_is_refused(served: Server, data: bytes) -> None:
    answer = _exchange(served, data)
    assert _status(answer) in {0, 400, 404, 405}, answer
    assert b"Traceback" not in answer
    _listed(served)


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/%00",
        "//evil.example/",
        "/health/..",
        "/\\..\\..",
        "/" + "a" * 5000,
        "/?" + "a=b&" * 1000,
        "/docs",
        "/openapi.json",
        "http://evil.example/health",
        "*",
    ],
)
def test_odd_paths(served: Server, path: str) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "POST"):
        head = f"{method} {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n"
        answer = _exchange(served, head.encode())
        assert _status(answer) in {0, 200, 400, 404, 405}, (method, answer)
        assert b"root:" not in answer
        assert b"evil.example" not in answer
        if method == "POST" and _status(answer) == 400 and b"__type" in answer:
            assert b"UnknownOperationException" in answer


def test_http_1_0(served: Server) -> None:
    answer = _exchange(served, b"GET /health HTTP/1.0\r\n\r\n")
    assert _status(answer) == 200
    assert answer.endswith(b'{"status": "ok"}')


def test_requests_in_a_row_are_answered_in_their_order(served: Server) -> None:
    requests, wanted = b"", []
    for number in range(20):
        body = json.dumps({"CollectionId": f"nobody-{number}"}).encode()
        headers = raw.signed(served, "DescribeCollection", body)
        requests += raw.head(served, headers | {"content-length": str(len(body))}) + body
        wanted.append(f"nobody-{number} does".encode())
    with _connect(served) as connection:
        connection.sendall(requests)
        got = b""
        while got.count(b" does not exist") < 20:
            got += connection.recv(65_536)
    assert re.findall(rb"nobody-\d+ does", got) == wanted


_INNER = b"GET /health HTTP/1.1\r\nhost: here\r\n\r\n"
_SMUGGLED = {
    "two lengths": b"content-length: 2\r\ncontent-length: 40\r\n\r\n{}",
    "the same length twice": b"content-length: 2\r\ncontent-length: 2\r\n\r\n{}",
    "a list of lengths": b"content-length: 2, 2\r\n\r\n{}",
    "negative": b"content-length: -1\r\n\r\n",
    "plus": b"content-length: +2\r\n\r\n{}",
    "hexadecimal": b"content-length: 0x2\r\n\r\n{}",
    "empty length": b"content-length: \r\n\r\n",
    "length above 64 bits": b"content-length: 18446744073709551618\r\n\r\n{}",
    "length and chunks": b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
    "not quite chunked": b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked not last": b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked twice": b"transfer-encoding: chunked\r\ntransfer-encoding: x\r\n\r\n0\r\n\r\n",
    "space before the colon": b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
    "vertical tab": b"transfer-encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "folded": b"transfer-encoding:\r\n chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
    "bare line feeds in chunks": b"transfer-encoding: chunked\r\n\r\n0\n\n",
    "bare carriage return": b"x: a\rtransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "huge chunk": b"transfer-encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n",
    "negative chunk": b"transfer-encoding: chunked\r\n\r\n-1\r\n\r\n",
    "bad chunk": b"transfer-encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "chunk longer than told": b"transfer-encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("shape", _SMUGGLED.values(), ids=_SMUGGLED)
def test_nothing_is_smuggled(served: Server, shape: bytes) -> None:
    """Whatever a proxy might make of it: refused, or the connection closed after one answer."""
    start = b"POST / HTTP/1.1\r\nhost: here\r\n"
    answer = _exchange(served, start + shape + _INNER)
    assert answer.count(b"HTTP/1.1 ") <= 1, answer
    assert _status(answer) in {0, 400, 413}
    assert b'"ok"' not in answer


def test_upgrades_are_not_made(served: Server) -> None:
    for wanted in ("h2c", "websocket"):
        head = f"GET /health HTTP/1.1\r\nhost: here\r\nconnection: upgrade\r\nupgrade: {wanted}"
        assert _status(_exchange(served, head.encode() + b"\r\n\r\n")) in {200, 400}


# --- headers of proxies ----------------------------------------------------------------------


def _unsigned(server: Server, **forwarded: str) -> callers.Answer:
    """The answer to a request with a body that nobody has signed."""
    headers = {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    address = f"http://{urlsplit(server.address).netloc}/"
    target = {"x-amz-target": "RekognitionService.ListCollections"}
    request = AWSRequest("POST", address, headers | target, b"{}")
    key = Credentials(server.key_id, server.secret)
    with mock.patch.object(SigV4Auth, "payload", return_value="UNSIGNED-PAYLOAD"):
        SigV4Auth(key, "rekognition", "eu-west-1").add_auth(request)
    return callers.Signed(server.address, dict(request.headers.items()), b"{}").send(**forwarded)


def _clients(server: Server) -> set[str]:
    return {json.loads(line).get("client", "") for line in server.log}


def test_nobody_is_believed_to_be_a_proxy(served: Server) -> None:
    answer = _unsigned(served, x_forwarded_proto="https", x_forwarded_for="6.6.6.6")
    assert answer.code == "InvalidSignatureException"
    assert "6.6.6.6" not in _clients(served)


def test_but_for_those_that_the_operator_trusts(tmp_path: Path) -> None:
    options = "--trusted-proxy", "10.0.0.0/8", "--trusted-proxy", "127.0.0.1"
    with serving(tmp_path, *options) as server:
        said = "6.6.6.6, 1.2.3.4, 10.0.0.7"
        answer = _unsigned(server, x_forwarded_proto="https", x_forwarded_for=said)
        assert answer.status == 200
        assert _unsigned(server, x_forwarded_proto="http").code == "InvalidSignatureException"
        wait_for(lambda: _clients(server) == {"1.2.3.4", "127.0.0.1"})


# --- too much work ---------------------------------------------------------------------------


def _slow_image() -> str:
    """Some tenths of a second of work in some kilobytes, in base64."""
    buffer = io.BytesIO()
    Image.new("RGB", (4000, 4000)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def _detect(server: Server, image: str) -> raw.Reply:
    caller = raw.Caller(server)
    try:
        return caller.ask("DetectFaces", {"Image": {"Bytes": image}})
    finally:
        caller.close()


def test_what_there_is_no_room_for_is_refused_at_once(tmp_path: Path) -> None:
    image, answered_meanwhile = _slow_image(), 0
    with serving(tmp_path, "--workers", 1, "--queue", 1) as server:
        with ThreadPoolExecutor(30) as pool:
            futures = [pool.submit(_detect, server, image) for _ in range(30)]
            while not all(future.done() for future in futures):
                assert raw.get(server, "/health").status == 200
                assert raw.get(server, "/ready").status == 200
                assert _at_work(server) <= 2  # so nobody else waits before the refusal
                answered_meanwhile += not all(future.done() for future in futures)
                time.sleep(0.05)
            answers = [future.result() for future in futures]
        done = [reply for reply in answers if reply.status == 200]
        refused = [reply for reply in answers if reply.status != 200]
        assert answered_meanwhile
        assert len(done) >= 2
        assert refused
        for reply in refused:
            raw.check(reply)
            assert reply.code == "ThrottlingException"
        _is_well(server)


# --- the stop --------------------------------------------------------------------------------


def _at_work(server: Server) -> float:
    text = raw.get(server, "/metrics").body.decode()
    found = re.findall(r'reknown_pool_(?:running|waiting)\{pool="recognition"\} (\S+)', text)
    return sum(map(float, found))


def test_requests_in_flight_finish(tmp_path: Path) -> None:
    image = _slow_image()
    program = impatient.program(connections={"stop_seconds": 60}, bodies={})
    with (
        serving(tmp_path, "--workers", 1, program=program) as server,
        ThreadPoolExecutor(4) as pool,
    ):
        futures = [pool.submit(_detect, server, image) for _ in range(4)]
        while _at_work(server) < 4:
            time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        with pytest.raises(ConnectionError):
            _listed(server)
        assert [future.result().status for future in futures] == [200] * 4
        assert server.process.wait(timeout=30) in {0, -signal.SIGTERM}


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_half_a_request_does_not_hold_up_the_stop(
    tmp_path: Path, share: float, cache_folder: Path
) -> None:
    body = b'{"CollectionId":"people"}' + b" " * 100_000
    with serving(tmp_path, program=_IMPATIENT, REKNOWN_CACHE=str(cache_folder)) as server:
        headers = raw.signed(server, "DescribeCollection", body)
        request = raw.head(server, headers | {"content-length": str(len(body))}) + body
        with _connect(server) as connection:
            connection.sendall(request[: int(share * len(request))])
            time.sleep(0.1)
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(timeout=30) in {0, -signal.SIGTERM}


# --- out of descriptors ----------------------------------------------------------------------


@pytest.mark.usefixtures("_many_files")
def test_connections_stay_below_the_limit_of_open_files(tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200)); "
    start = "import sys; from reknown.cli.main import app; sys.argv[0] = 'reknown'; app()"
    with serving(tmp_path, program=(sys.executable, "-c", limit + start)) as server:
        with contextlib.ExitStack() as stack:
            for _ in range(600):
                stack.enter_context(_connect(server))
            assert raw.get(server, "/health").status == 200
            assert _listed(server).status == 200
        _is_well(server)
        lines = [json.loads(line) for line in server.log]
    told = [line["connections"] for line in lines if line["event"].startswith("fewer connections")]
    assert told == [100]
    assert sum("out of system resource" in line["event"] for line in lines) < 20


# --- a full disk -----------------------------------------------------------------------------


def _limit_files(server: Server, size: int) -> None:
    """No file of the server may grow beyond that."""
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, hard))


def _eventually(server: Server, status: int) -> bool:
    """Whether /ready says so by and by."""
    end = time.monotonic() + 30
    while raw.get(server, "/ready").status != status:
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux has prlimit")
def test_what_cannot_be_logged_is_not_done(tmp_path: Path, eileen: bytes) -> None:
    image = {"Bytes": base64.b64encode(eileen).decode()}
    requests: tuple[tuple[str, dict[str, Any]], ...] = (
        ("CreateCollection", {"CollectionId": "new"}),
        ("DeleteCollection", {"CollectionId": "people"}),
        ("IndexFaces", {"CollectionId": "people", "Image": image}),
        ("CreateUser", {"CollectionId": "people", "UserId": "somebody"}),
        ("DetectFaces", {"Image": image}),
        ("SearchFacesByImage", {"CollectionId": "people", "Image": image}),
        ("CreateCollection", {"CollectionId": "!"}),
    )
    with serving(tmp_path) as server:
        caller = raw.Caller(server)
        assert caller.ask("CreateCollection", {"CollectionId": "people"}).status == 200
        assert _eventually(server, 200)
        rows = len(callers.ledger(server))
        _limit_files(server, 1)
        for operation, parameters in requests:
            reply = caller.ask(operation, parameters)
            assert (reply.status, reply.code) == (500, "InternalServerError"), operation
            assert str(tmp_path) not in reply.message
        assert raw.get(server, "/health").status == 200
        assert _eventually(server, 503)
        _limit_files(server, resource.RLIM_INFINITY)
        assert _eventually(server, 200)
        assert len(callers.ledger(server)) == rows
        listed = json.loads(caller.ask("ListCollections", {}).body)
        assert listed["CollectionIds"] == ["people"]
        assert caller.ask("CreateCollection", {"CollectionId": "new"}).status == 200
        caller.close()
