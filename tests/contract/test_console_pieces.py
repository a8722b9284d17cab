"""Uploads in pieces as an attacker sends them: of others, out of order, too much, two at once."""

from __future__ import annotations

import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import urllib3

import uploading
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PATH = "/console/uploads/people"
_POOL = urllib3.PoolManager()


@dataclass
class Sender:
    """Somebody signed in, who sends what they like."""

    address: str
    cookie: str
    token: str

    def ask(self, about: dict[str, object], path: str = _PATH) -> int:
        """How much the server says that it has."""
        answer = self._send("GET", f"{path}?{urlencode(about)}")
        assert answer.status == 200
        return int(answer.json()["length"])

    def send(
        self,
        about: dict[str, object],
        start: object,
        piece: bytes,
        path: str = _PATH,
        **more: str,
    ) -> urllib3.BaseHTTPResponse:
        """A piece that begins there."""
        fields: dict[str, Any] = {"form_token": self.token} | about | {"start": start} | more
        texts = {name: str(value) for name, value in fields.items()}
        return self._send("POST", path, fields=texts | {"piece": ("piece", piece)})

    def forget(self, about: dict[str, object]) -> urllib3.BaseHTTPResponse:
        texts = {name: str(value) for name, value in about.items()}
        return self._send("POST", f"{_PATH}/forget", fields={"form_token": self.token} | texts)

    def _send(self, method: str, path: str, **body: Any) -> urllib3.BaseHTTPResponse:
        headers = {"cookie": self.cookie}
        address = self.address + path
        return _POOL.request(
            method, address, headers=headers, redirect=False, retries=False, **body
        )


def _sign_in(address: str, key: str, secret: str) -> Sender:
    entered = uploading.sign_in(address, key, secret)
    return Sender(address, entered.cookie, entered.token)


@pytest.fixture
def sender(upload_server: Server) -> Sender:
    return _sign_in(upload_server.address, upload_server.key_id, upload_server.secret)


@pytest.fixture
def other(upload_server: Server) -> Sender:
    """Somebody else with the same rights."""
    made = json.loads(upload_server.reknown("keys", "create", "--json"))
    return _sign_in(upload_server.address, made["access_key_id"], made["secret_access_key"])


@pytest.fixture(autouse=True)
def nothing_left(uploads: Path) -> Iterator[None]:
    yield
    for each in uploading.files(uploads):
        each.unlink()


def _about(film: bytes, name: str = "../../film.mp4") -> dict[str, object]:
    return {"name": name, "size": len(film), "modified": 1700000000000}


def test_what_broke_off_goes_on_where_it_was(sender: Sender, film: bytes, uploads: Path) -> None:
    about, half = _about(film), len(film) // 2
    assert sender.ask(about) == 0
    assert sender.send(about, 0, film[:half]).json() == {"length": half}
    (waiting,) = uploading.files(uploads)
    assert re.fullmatch(r"[0-9a-f]{64}\.waiting", waiting.name)
    assert waiting.stat().st_mode & 0o777 == 0o600
    assert sender.ask(about) == half
    # the last piece once more, as its answer may have been lost, with what follows
    answer = sender.send(about, half // 2, film[half // 2 :])
    assert answer.json()["next"].startswith("/console/films/people/")
    (kept,) = uploading.files(uploads)
    assert kept.read_bytes() == film
    assert re.fullmatch("[0-9a-f]{64}", kept.name)
    assert sender.ask(about) == 0
    # whoever did not get that answer does not have it searched twice
    again = sender.send(about, 0, film[:half])
    assert (again.status, "already arrived" in again.data.decode()) == (400, True)
    assert uploading.files(uploads) == [kept]


def test_another_file_does_not_go_on(sender: Sender, film: bytes, uploads: Path) -> None:
    about, half = _about(film), len(film) // 2
    sender.send(about, 0, film[:half])
    changed = film[: half - 1] + b"\0\1" + film[half + 1 :]
    answer = sender.send(about, half - 100, changed[half - 100 :])
    assert (answer.status, "another file" in answer.data.decode()) == (400, True)
    assert uploading.files(uploads)[0].read_bytes() == film[:half]
    for differing in ({"size": len(film) + 1}, {"modified": 1}, {"name": "film.mp4"}):
        assert sender.ask(about | differing) == 0


def test_a_gap_is_not_taken(sender: Sender, film: bytes, uploads: Path) -> None:
    about = _about(film)
    sender.send(about, 0, film[:100])
    assert sender.send(about, 101, film[101:200]).json() == {"length": 100}
    assert uploading.files(uploads)[0].read_bytes() == film[:100]


@pytest.mark.parametrize("start", ["-1", "1e3", "", "x", "9" * 30, "\0"])
def test_a_piece_begins_at_a_byte(sender: Sender, film: bytes, uploads: Path, start: str) -> None:
    assert sender.send(_about(film), start, film).status == 400
    assert uploading.files(uploads) == []


def test_more_than_was_said_is_not_taken(sender: Sender, film: bytes, uploads: Path) -> None:
    about = _about(film[:100])
    sender.send(about, 0, film[:90])
    assert sender.send(about, 90, film[90:101]).status == 400
    assert uploading.files(uploads)[0].read_bytes() == film[:90]


def test_too_large_a_film_is_refused_at_its_first_piece(sender: Sender, uploads: Path) -> None:
    about = {"name": "film.mp4", "size": (uploading.LIMIT_MIB + 1) * 2**20, "modified": 1}
    answer = sender.send(about, 0, b"begin")
    assert (answer.status, f"more than {uploading.LIMIT_MIB} MiB" in answer.data.decode()) == (
        400,
        True,
    )
    assert uploading.files(uploads) == []


def test_nobody_goes_on_with_what_somebody_else_has_sent(
    sender: Sender, other: Sender, film: bytes, uploads: Path
) -> None:
    about = _about(film)
    sender.send(about, 0, film[:1000])
    assert other.ask(about) == 0
    assert sender.ask(about, "/console/uploads/others") == 0
    other.forget(about)
    assert sender.ask(about) == 1000
    other.send(about, 0, film[:10])
    assert sorted(each.stat().st_size for each in uploading.files(uploads)) == [10, 1000]
    sender.forget(about)
    assert (sender.ask(about), other.ask(about)) == (0, 10)


def test_two_at_once_are_one_film(sender: Sender, film: bytes, uploads: Path) -> None:
    about, piece = _about(film), 1000

    def send(number: int) -> int:
        return sender.send(about, 0, film[: piece * (number + 1)]).status

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(send, range(8))) <= {200, 400}  # one writes, the others wait or not
    (waiting,) = uploading.files(uploads)
    found = waiting.read_bytes()
    assert found
    assert found == film[: len(found)]


def test_what_is_no_film_is_not_kept(sender: Sender, uploads: Path) -> None:
    wrong = b"this is no film" * 1000
    answer = sender.send(_about(wrong), 0, wrong)
    assert (answer.status, "not a video" in answer.data.decode()) == (400, True)
    assert uploading.files(uploads) == []


def test_a_person_has_a_few_waiting_and_the_oldest_goes(
    sender: Sender, other: Sender, film: bytes, uploads: Path
) -> None:
    other.send(_about(film), 0, film[:7])
    for number in range(5):
        assert sender.send(_about(film, f"{number}.mp4"), 0, film[: number + 1]).status == 200
        for each in uploading.files(uploads):  # so that their order does not hang on the clock
            os.utime(each, (time.time() - 1000, each.stat().st_mtime - 1000))
    assert sorted(each.stat().st_size for each in uploading.files(uploads)) == [3, 4, 5, 7]


def test_it_takes_token_right_and_page_of_ours(
    upload_server: Server, sender: Sender, film: bytes, uploads: Path
) -> None:
    about = _about(film)
    assert sender.send(about, 0, film, form_token="0" * 64).status == 403
    assert sender.send(about, 0, film, path="/console/uploads/nowhere").status == 404
    made = json.loads(upload_server.reknown("keys", "create", "--json", "--operation", "List*"))
    limited = _sign_in(upload_server.address, made["access_key_id"], made["secret_access_key"])
    assert limited.send(about, 0, film).status == 403
    stranger = Sender(upload_server.address, "reknown_sign_in=none", "0" * 64)
    assert stranger.send(about, 0, film).status == 303
    assert uploading.files(uploads) == []


def test_a_full_disk_is_said_and_what_had_come_stays(
    tmp_path_factory: pytest.TempPathFactory, cache_folder: Path, film: bytes
) -> None:
    data, folder = tmp_path_factory.mktemp("full"), tmp_path_factory.mktemp("full-uploads")
    about = _about(film)
    options = ("--uploads", folder, "--video-workers", "0")
    with serving(data, *options, "--upload-reserve", 0, REKNOWN_CACHE=str(cache_folder)) as server:
        server.reknown("collections", "create", "people")
        sender = _sign_in(server.address, server.key_id, server.secret)
        sender.send(about, 0, film[:100])
        key = server.key_id, server.secret
    reserve = ("--upload-reserve", 10**9)
    with serving(data, *options, *reserve, key=key, REKNOWN_CACHE=str(cache_folder)) as server:
        sender = _sign_in(server.address, server.key_id, server.secret)
        answer = sender.send(about, 100, film[100:])
        assert (answer.status, "no room" in answer.data.decode()) == (400, True)
        # and it outlives a server that is started anew
        assert sender.ask(about) == 100
