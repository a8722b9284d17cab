from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, repeat
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import InputError, NotifyError, RefusedNotifyError
from reknown.notify.base import NotifyTimeouts
from reknown.notify.signatures import verify
from reknown.notify.webhook import WebhookSender
from unit.notify.receivers import Receiver, receiving

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.notify.base import Sender

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HASTY = NotifyTimeouts(connect=0.5, read=0.3, answer=0.6)
BODY = '{"JobId": "é1"}'


def send(receiver: Receiver, message_id: str = "job-1", path: str = "/hook") -> None:
    WebhookSender(receiver.address + path, SECRET).send("webhook", BODY, message_id)


def fails(receiver: Receiver, timeouts: NotifyTimeouts = NotifyTimeouts()) -> NotifyError:
    """The error, which tells nothing private."""
    sender = WebhookSender(f"{receiver.address}/hook", SECRET, timeouts)
    with pytest.raises(NotifyError) as caught:
        sender.send("webhook", BODY, "job-1")
    for private in (receiver.address, SECRET, "/hook"):
        assert private not in str(caught.value)
    return caught.value


def test_a_message_arrives_signed(receiver: Receiver) -> None:
    before = time.time()
    sender: Sender = WebhookSender(f"{receiver.address}/hook?to=a&b", SECRET)
    sender.send("http://127.0.0.1:1/elsewhere", BODY, "job-1")
    [asked] = receiver.asked
    assert asked.line == "POST /hook?to=a&b"
    assert asked.body == BODY.encode()
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.headers["webhook-id"] == "job-1"
    assert before - 1 < int(asked.headers["webhook-timestamp"]) <= time.time()
    assert verify(SECRET, asked.headers, asked.body)
    assert not verify(SECRET, asked.headers, asked.body + b" ")
    assert not verify(SECRET, asked.headers, asked.body, time.time() + 310)


def test_the_root_is_asked_where_there_is_no_path(receiver: Receiver) -> None:
    send(receiver, path="")
    send(receiver, path="?to=a")
    assert [asked.line for asked in receiver.asked] == ["POST /", "POST /?to=a"]


def test_sent_again_it_has_the_same_id(receiver: Receiver) -> None:
    send(receiver)
    send(receiver)
    assert [asked.headers["webhook-id"] for asked in receiver.asked] == ["job-1", "job-1"]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_success(receiver: Receiver, status: int) -> None:
    receiver.status = status
    send(receiver)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_receiver_in_trouble_is_asked_later(receiver: Receiver, status: int) -> None:
    receiver.status = status
    error = fails(receiver)
    assert type(error) is NotifyError
    assert str(status) in str(error)
    assert len(receiver.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 410, 418])
def test_a_receiver_that_refuses_is_not_asked_again(receiver: Receiver, status: int) -> None:
    receiver.status = status
    error = fails(receiver)
    assert isinstance(error, RefusedNotifyError)
    assert str(status) in str(error)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    with receiving(Receiver()) as elsewhere:
        receiver.status = status
        receiver.headers["Location"] = f"{elsewhere.address}/hook"
        assert isinstance(fails(receiver), RefusedNotifyError)
    assert len(receiver.asked) == 1
    assert elsewhere.asked == []


def test_a_silent_receiver_is_given_up(receiver: Receiver) -> None:
    receiver.raw, receiver.chunks = True, receiver.silent()
    assert "took too long" in str(fails(receiver, HASTY))


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX: ",
        b"HTTP/1.1 100 Continue\r\nX: ",
    ],
)
def test_a_receiver_that_drips_is_given_up(receiver: Receiver, start: bytes) -> None:
    receiver.raw, receiver.chunks = True, receiver.dripping(start)
    error = fails(receiver, HASTY)
    assert type(error) is NotifyError
    assert "took too long" in str(error)


@pytest.mark.parametrize("chunks", [[b"SSH-2.0-OpenSSH\r\n"], [], [b"HTTP/1.1 2x0 OK\r\n\r\n"]])
def test_a_receiver_that_speaks_something_else(receiver: Receiver, chunks: list[bytes]) -> None:
    receiver.raw, receiver.chunks = True, chunks
    assert type(fails(receiver)) is NotifyError


@pytest.mark.parametrize("status", [200, 500])
def test_an_endless_answer_is_not_read(receiver: Receiver, status: int) -> None:
    receiver.status, receiver.headers = status, {}
    receiver.chunks = repeat(b"x" * 65536, 1000)
    if status == 200:
        send(receiver)
    else:
        fails(receiver)
    assert receiver.written < 16 * 2**20


def test_endless_headers_are_cut(receiver: Receiver) -> None:
    headers = repeat(b"X: y\r\n" * 1000, 1000)
    receiver.raw, receiver.chunks = True, chain([b"HTTP/1.1 200 OK\r\n"], headers)
    assert type(fails(receiver)) is NotifyError


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert type(fails(Receiver(address=f"http://127.0.0.1:{port}"))) is NotifyError


def test_a_host_without_an_address_is_tried_later() -> None:
    assert type(fails(Receiver(address="http://nothing.invalid"))) is NotifyError


def test_a_proxy_of_the_environment_is_not_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    send(receiver)
    assert len(receiver.asked) == 1


def test_several_threads_share_a_sender(receiver: Receiver) -> None:
    sender = WebhookSender(receiver.address, SECRET)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: sender.send("", BODY, f"job-{number}"), range(40)))
    assert {a.headers["webhook-id"] for a in receiver.asked} == {f"job-{n}" for n in range(40)}
    assert all(verify(SECRET, asked.headers, asked.body) for asked in receiver.asked)


@pytest.mark.parametrize("message_id", ["", "a.b", "a b", "a\r\nX: y", "é", "a" * 256])
def test_an_id_that_would_blur_the_signature_is_refused(
    receiver: Receiver, message_id: str
) -> None:
    with pytest.raises(RefusedNotifyError):
        send(receiver, message_id)
    assert receiver.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host/path",
        "ftp://host",
        "file:///etc/passwd",
        "http://",
        "http:///path",
        "http://h:port",
        "http://h:99999",
        "http://[::1",
        "http://h#x",
        "http://h/a b",
        "http://h/a\r\nX: y",
        "http://h\n",
        "http://h/é",
        "http://a..b",
        "https://user:hidden@host/path",
        "https://hidden@host/path",
        "https://@host/path",
    ],
)
def test_urls_that_make_no_sense(url: str) -> None:
    with pytest.raises(InputError, match="URL") as caught:
        WebhookSender(url, SECRET)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "password", "whsec_%%", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaQ=", "é" * 40],
)
def test_a_secret_that_is_too_short_is_refused(secret: str) -> None:
    with pytest.raises(InputError, match="openssl rand -base64 32") as caught:
        WebhookSender("http://h", secret)
    assert not secret or secret == "whsec_" or secret not in str(caught.value)


def test_the_secret_is_not_shown() -> None:
    assert "MfKQ9" not in repr(WebhookSender("http://h", SECRET))


def test_https_with_a_certificate_that_the_operator_trusts(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with receiving(Receiver(), certificate) as receiver:
        send(receiver)
        assert verify(SECRET, receiver.asked[0].headers, receiver.asked[0].body)
        assert "Host" in receiver.asked[0].headers
        # The name in the certificate counts.
        receiver.address = receiver.address.replace("localhost", "127.0.0.1")
        assert "certificate" in str(fails(receiver))
        assert len(receiver.asked) == 1


def test_https_with_a_certificate_of_nobody(certificate: Path) -> None:
    with receiving(Receiver(), certificate) as receiver:
        error = fails(receiver)
        assert type(error) is NotifyError
        assert "certificate" in str(error)
        assert receiver.asked == []


def test_https_that_drips_is_given_up(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with receiving(Receiver(raw=True), certificate) as receiver:
        receiver.chunks = receiver.dripping(b"HTTP/1.1 200 OK\r\nX: ")
        assert "took too long" in str(fails(receiver, HASTY))


def test_a_handshake_that_never_ends_is_given_up(receiver: Receiver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"https://127.0.0.1:{server.getsockname()[1]}"
        assert "took too long" in str(fails(Receiver(address=address), HASTY))
