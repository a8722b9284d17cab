"""Uploads as an attacker sends them: too much, too little, in a stranger's name, all at once."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest

import uploading
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_PATH = "/console/films/people/upload"
_BOUNDARY = "between-the-parts"
_KIND = f"multipart/form-data; boundary={_BOUNDARY}"
_PATIENCE = 20.0


@dataclass
class Sender:
    """Somebody signed in, who sends what they like."""

    address: str
    cookie: str = ""
    token: str = ""

    path: str = _PATH

    def begin(self, length: int | None, **headers: str) -> http.client.HTTPConnection:
        """The head of an upload, whose body is sent by the caller."""
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=_PATIENCE)
        connection.putrequest("POST", self.path)
        size = {"transfer-encoding": "chunked"} if length is None else {"content-length": length}
        all_headers = {"cookie": self.cookie, "content-type": _KIND} | size | headers
        for name, value in all_headers.items():
            connection.putheader(name, str(value))
        connection.endheaders()
        return connection

    def send(self, body: bytes, **headers: str) -> tuple[int, str]:
        """A whole upload; the status of the answer and what it says."""
        with closing(self.begin(len(body), **headers)) as connection:
            connection.send(body)
            return _answer(connection)

    def form(self, film: bytes, token: str | None = None) -> bytes:
        return _field("form_token", token or self.token) + _file(film) + _END


_END = f"--{_BOUNDARY}--\r\n".encode()


def _field(name: str, value: str) -> bytes:
    head = f'--{_BOUNDARY}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n'
    return f"{head}{value}\r\n".encode()


def _file(film: bytes, name: str = "../../film.mp4") -> bytes:
    return _head_of_file(name) + film + b"\r\n"


def _head_of_file(name: str = "film.mp4") -> bytes:
    head = f'content-disposition: form-data; name="film"; filename="{name}"'
    return f"--{_BOUNDARY}\r\n{head}\r\ncontent-type: video/mp4\r\n\r\n".encode()


def _answer(connection: http.client.HTTPConnection) -> tuple[int, str]:
    response = connection.getresponse()
    return response.status, response.read().decode()


def _sign_in(address: str, name: str, secret: str) -> Sender:
    entered = uploading.sign_in(address, name, secret)
    return Sender(address, entered.cookie, entered.token)


@pytest.fixture
def sender(upload_server: Server) -> Sender:
    return _sign_in(upload_server.address, upload_server.key_id, upload_server.secret)


@pytest.fixture(autouse=True)
def nothing_left(uploads: Path) -> Iterator[None]:
    """Whatever is refused leaves nothing; a test that leaves something deletes it."""
    yield
    _expect_files(uploads, 0)


def _expect_files(uploads: Path, count: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while len(uploading.files(uploads)) != count and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(uploading.files(uploads)) == count


def _forget(uploads: Path) -> None:
    for each in uploading.files(uploads):
        each.unlink()


def test_a_film_comes_whole_whatever_it_is_called(
    sender: Sender, film: bytes, uploads: Path
) -> None:
    status, _ = sender.send(sender.form(film))
    assert status == 303
    (kept,) = uploading.files(uploads)
    assert kept.read_bytes() == film
    assert re.fullmatch("[0-9a-f]{64}", kept.name)
    _forget(uploads)


def test_a_film_larger_than_any_other_body_needs_no_memory_for_it(
    sender: Sender, film: bytes, uploads: Path, upload_server: Server
) -> None:
    sender.send(sender.form(b"warm"))
    before = _peak(upload_server)
    # what follows the last box of an MP4 is nobody's
    large = film + (32 * 2**20).to_bytes(4, "big") + b"free" + bytes(32 * 2**20 - 8)
    status, _ = sender.send(sender.form(large))
    assert status == 303
    assert _peak(upload_server) - before < 16 * 2**20
    _forget(uploads)


def _peak(server: Server) -> int:
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        (line,) = [each for each in status if each.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


@pytest.mark.parametrize("stated", [True, False])
def test_more_than_is_allowed_is_refused_before_it_has_come(sender: Sender, stated: bool) -> None:
    size = (uploading.LIMIT_MIB + 8) * 2**20
    start = _field("form_token", sender.token) + _head_of_file()
    with closing(sender.begin(size if stated else None)) as connection:
        if stated:  # the size is enough to know
            connection.send(start)
        else:
            _send_chunked(connection, start, size)
        status, said = _answer(connection)
    assert status == 400
    assert f"more than {uploading.LIMIT_MIB} MiB" in said


def _send_chunked(connection: http.client.HTTPConnection, start: bytes, size: int) -> None:
    block = bytes(2**20)
    try:
        for data in (start, *[block] * (size // len(block))):
            connection.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    except (BrokenPipeError, ConnectionResetError):
        pass  # it is answered already


def test_what_breaks_off_leaves_nothing(sender: Sender, film: bytes, uploads: Path) -> None:
    body = sender.form(film)
    connection = sender.begin(len(body))
    connection.send(body[:-200])
    _expect_files(uploads, 1)
    connection.close()
    _expect_files(uploads, 0)


def test_a_form_without_its_end_is_not_taken(sender: Sender, film: bytes) -> None:
    status, said = sender.send(sender.form(film)[: -len(_END) - 100])
    assert (status, "did not come whole" in said) == (400, True)


def test_a_film_without_its_end_is_not_kept(sender: Sender, film: bytes) -> None:
    status, said = sender.send(sender.form(film[: len(film) // 2]))
    assert status == 400
    assert "alert" in said


@pytest.mark.parametrize(
    "make",
    [
        lambda sender, film: sender.form(film, "0" * 64),
        # its right to come is said first, or nothing is taken
        lambda sender, film: _file(film) + _field("form_token", sender.token) + _END,
    ],
)
def test_a_form_of_another_sign_in_is_not_taken(
    sender: Sender, film: bytes, make: Callable[[Sender, bytes], bytes]
) -> None:
    assert sender.send(make(sender, film))[0] == 403


def test_another_site_sends_nothing(sender: Sender, film: bytes) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    assert sender.send(sender.form(film), **headers)[0] == 403


def test_strangers_send_nothing(upload_server: Server, film: bytes) -> None:
    stranger = Sender(upload_server.address, "reknown_sign_in=none", "0" * 64)
    assert stranger.send(stranger.form(film))[0] == 303


def test_it_takes_the_right_and_a_refusal_is_recorded(upload_server: Server, film: bytes) -> None:
    rights = ("--name", "looks", "--operation", "List*")
    made = json.loads(upload_server.reknown("keys", "create", "--json", *rights))
    limited = _sign_in(upload_server.address, made["access_key_id"], made["secret_access_key"])
    status, said = limited.send(limited.form(film))
    assert status == 403
    assert "StartFaceSearch" in said
    ledger = upload_server.reknown("ledger", "--json", "--limit", "3")
    assert "AccessDeniedException" in ledger


def test_a_person_sends_a_few_at_once(sender: Sender, uploads: Path) -> None:
    start = _field("form_token", sender.token) + _head_of_file() + bytes(2**21)
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(closing(sender.begin(2**22))).send(start)
        _expect_files(uploads, 3)
        fourth = stack.enter_context(closing(sender.begin(2**22)))
        fourth.send(start)
        assert "Too many uploads" in _answer(fourth)[1]
    _expect_files(uploads, 0)


@pytest.mark.parametrize("kind", ["multipart/form-data", "text/plain", ""])
def test_other_forms_are_refused(sender: Sender, film: bytes, kind: str) -> None:
    assert sender.send(sender.form(film), **{"content-type": kind})[0] == 400


def test_a_full_disk_is_said_before_anything_has_come(
    tmp_path_factory: pytest.TempPathFactory, cache_folder: Path, film: bytes
) -> None:
    data, folder = tmp_path_factory.mktemp("full"), tmp_path_factory.mktemp("full-uploads")
    options = ("--uploads", folder, "--upload-reserve", 10**9, "--video-workers", "0")
    with serving(data, *options, REKNOWN_CACHE=str(cache_folder)) as server:
        server.reknown("collections", "create", "people")
        sender = _sign_in(server.address, server.key_id, server.secret)
        status, said = sender.send(sender.form(film))
    assert status == 400
    assert "no room" in said
    assert uploading.files(folder) == []


def test_additions_are_never_paths_and_only_what_can_be_read_is_kept(
    sender: Sender, film: bytes, eileen: bytes, uploads: Path
) -> None:
    sender.path = "/console/archive/people/add"
    names = ("../../../etc/cron.d/x", "..\\\\..\\\\x.jpg", "<script>.jpg")
    body = _field("form_token", sender.token)
    body += b"".join(
        _file(data, name) for name, data in zip(names, (eileen, film, b"no"), strict=True)
    )
    with closing(sender.begin(len(body + _END))) as connection:
        connection.send(body + _END)
        response = connection.getresponse()
        assert response.status == 303
        said = unquote(response.headers["location"])
    assert "2 files added. 1 file refused: <script>.jpg" in said
    kept = [each for each in uploads.rglob("*") if each.is_file()]
    assert {each.read_bytes() for each in kept} == {eileen, film}
    assert all(re.fullmatch(r"[0-9a-f]{64}\.(jpeg|mp4)", each.name) for each in kept)
    shutil.rmtree(uploads / "archive")


def test_additions_take_a_right_of_their_own(upload_server: Server, eileen: bytes) -> None:
    rights = ("--operation", "StartFaceSearch")
    made = json.loads(upload_server.reknown("keys", "create", "--json", *rights))
    limited = _sign_in(upload_server.address, made["access_key_id"], made["secret_access_key"])
    limited.path = "/console/archive/people/add"
    status, said = limited.send(limited.form(eileen))
    assert status == 403
    assert "ReknownAddToArchive" in said


def test_additions_to_no_collection_are_refused(sender: Sender, eileen: bytes) -> None:
    sender.path = "/console/archive/nobody/add"
    assert sender.send(sender.form(eileen))[0] == 404
