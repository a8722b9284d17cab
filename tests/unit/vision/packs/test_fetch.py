"""Pulling from a server on this machine that misbehaves in every way we could think of."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.request import Request

import pytest

from reknown.biometrics.errors import (
    DownloadError,
    LicenceNotAcceptedError,
    ModelFileError,
    ModelNotFoundError,
)
from reknown.vision.packs.fetch import RetryPolicy, _SafeRedirects, pull
from reknown.vision.packs.sources import FileState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reknown.vision.packs.store import PackStore

    Answer = Callable[["Handler", bytes, int], None]

QUICK = RetryPolicy(timeout=5, attempts=3, pause=0)
PULL_IN_CHILD = """
import sys
from pathlib import Path
from reknown.vision.packs.fetch import pull
from reknown.vision.packs.store import PackStore
store = PackStore(Path(sys.argv[1]), [Path(sys.argv[2])])
pull(store.manifest("mine"), store.cache)
print(*store.open("mine"))
"""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        requested = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(requested[1]) if requested else 0
        self.server.asked.append((self.path, start))
        answers = self.server.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        answer(self, self.server.files[self.path], start)

    def send(self, status: int, body: bytes = b"", **headers: str | int) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class Server(ThreadingHTTPServer):
    """Gives its answers in turn, the last one again and again."""

    daemon_threads = True
    files: dict[str, bytes]
    answers: list[Answer]
    asked: list[tuple[str, int]]


def whole(handler: Handler, data: bytes, start: int) -> None:
    if not start:
        return handler.send(200, data, Content_Length=len(data))
    span = f"bytes {start}-{len(data) - 1}/{len(data)}"
    return handler.send(206, data[start:], Content_Range=span, Content_Length=len(data) - start)


def ignoring_range(handler: Handler, data: bytes, start: int) -> None:
    handler.send(200, data, Content_Length=len(data))


def half(handler: Handler, data: bytes, start: int) -> None:
    handler.send(200, data[: len(data) // 2], Content_Length=len(data))


def only_the_first_byte(handler: Handler, data: bytes, start: int) -> None:
    if not start:
        return handler.send(200, data[:1], Content_Length=len(data))
    span = f"bytes {start}-{len(data) - 1}/{len(data)}"
    return handler.send(206, b"", Content_Range=span, Content_Length=len(data) - start)


def altered(handler: Handler, data: bytes, start: int) -> None:
    whole(handler, bytes(255 - byte for byte in data), start)


def longer(handler: Handler, data: bytes, start: int) -> None:
    handler.send(200, data + b"x", Content_Length=len(data) + 1)


def endless(handler: Handler, data: bytes, start: int) -> None:
    """Promises nothing and sends what was asked for, then goes on."""
    handler.send(200, data + bytes(100_000))


def status(code: int) -> Answer:
    return lambda handler, data, start: handler.send(code, Content_Length=0)


def redirect(target: str) -> Answer:
    return lambda handler, data, start: handler.send(302, Location=target, Content_Length=0)


def of_another_length(handler: Handler, data: bytes, start: int) -> None:
    if start:
        return handler.send(206, data[start:], Content_Range=f"bytes {start}-{start + 9}/999999")
    return whole(handler, data, start)


@pytest.fixture
def server(
    monkeypatch: pytest.MonkeyPatch, yunet_file: bytes, sface_file: bytes
) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with Server(("127.0.0.1", 0), Handler) as server:
        server.files = {"/yunet.onnx": yunet_file, "/sface.onnx": sface_file}
        server.answers, server.asked = [whole], []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def pack(
    server: Server, store: PackStore, user_folder: Path, manifest_text: Callable[..., str]
) -> PackStore:
    base = f"http://127.0.0.1:{server.server_port}"
    (user_folder / "mine.toml").write_text(manifest_text("mine", base))
    (user_folder / "bound.toml").write_text(manifest_text("bound", base, non_commercial=True))
    return store


def _pull(store: PackStore, name: str = "mine", accept_licence: bool = False) -> None:
    manifest = store.manifest(name)
    pull(manifest, store.cache, accept_licence=accept_licence, retries=QUICK)


def _leftovers(store: PackStore) -> list[str]:
    """Suffixes of what lies among the downloads."""
    folder = store.cache.root / "downloads"
    return sorted(path.suffix or path.name for path in folder.iterdir())


def _part(store: PackStore, data: bytes) -> Path:
    """What an interrupted pull of the first file leaves."""
    path = store.cache.download(store.manifest("mine").files()["yunet"]).with_suffix(".part")
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return path


def test_plain(server: Server, pack: PackStore) -> None:
    seen: dict[str, list[int]] = {}
    manifest = pack.manifest("mine")
    pull(manifest, pack.cache, progress=lambda f, n: seen.setdefault(f.source[-10:], []).append(n))
    assert seen["yunet.onnx"][-1] == len(server.files["/yunet.onnx"])
    assert len(seen["sface.onnx"]) > 2
    assert list(pack.open("mine")) == ["yunet", "sface"]
    assert {s.state for s in pack.status("mine")} == {FileState.READY}
    assert _leftovers(pack) == [".lock", ".onnx", ".onnx"]

    asked = len(server.asked)
    _pull(pack)
    assert len(server.asked) == asked, "what is here is not fetched again"


def test_damaged_files_are_fetched_again(server: Server, pack: PackStore) -> None:
    _pull(pack)
    path = pack.cache.download(pack.manifest("mine").files()["yunet"])
    path.write_bytes(b"damaged")
    _pull(pack)
    assert path.read_bytes() == server.files["/yunet.onnx"]


def test_continues_after_an_interruption(server: Server, pack: PackStore) -> None:
    server.answers = [half, whole]
    _pull(pack)
    middle = len(server.files["/yunet.onnx"]) // 2
    assert server.asked[:2] == [("/yunet.onnx", 0), ("/yunet.onnx", middle)]


@pytest.mark.parametrize("answer", [ignoring_range, whole])
def test_continues_what_an_earlier_run_left(
    server: Server, pack: PackStore, answer: Answer
) -> None:
    server.answers = [answer]
    _part(pack, server.files["/yunet.onnx"][:100])
    _pull(pack)
    assert server.asked[0] == ("/yunet.onnx", 100)
    assert pack.open("mine")


@pytest.mark.parametrize("kept", [b"another file", b"x" * 100_000])
def test_begins_anew_when_the_content_changed(server: Server, pack: PackStore, kept: bytes) -> None:
    _part(pack, kept)
    _pull(pack)
    assert ("/yunet.onnx", 0) in server.asked
    assert pack.open("mine")


@pytest.mark.parametrize("first", [of_another_length, status(416), status(503), status(429)])
def test_tries_again(server: Server, pack: PackStore, first: Answer) -> None:
    _part(pack, server.files["/yunet.onnx"][:100])
    server.answers = [first, whole]
    _pull(pack)
    assert pack.open("mine")


def test_wrong_digest(server: Server, pack: PackStore) -> None:
    server.answers = [altered]
    with pytest.raises(DownloadError, match="SHA-256"):
        _pull(pack)
    assert _leftovers(pack) == [".lock"]
    assert len(server.asked) == 1


def test_cut_off_forever(server: Server, pack: PackStore) -> None:
    server.answers = [only_the_first_byte]
    with pytest.raises(DownloadError, match=r"ended at 1 of .* again to continue"):
        _pull(pack)
    assert len(server.asked) == QUICK.attempts
    assert _leftovers(pack) == [".lock", ".part"]


def test_longer_than_promised(server: Server, pack: PackStore) -> None:
    server.answers = [longer]
    with pytest.raises(DownloadError, match="the server offers"):
        _pull(pack)
    assert _leftovers(pack) == [".lock"]
    server.answers = [endless]
    _pull(pack)
    assert pack.open("mine")


@pytest.mark.parametrize("code", [204, 404, 403])
def test_refusals_are_final(server: Server, pack: PackStore, code: int) -> None:
    server.answers = [status(code)]
    with pytest.raises(DownloadError, match=r"yunet\.onnx"):
        _pull(pack)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "target", ["http://example.org/x.onnx", "ftp://example.org/x", "file:///etc/passwd"]
)
def test_redirects_to_less_than_https_are_refused(
    server: Server, pack: PackStore, target: str
) -> None:
    server.answers = [redirect(target)]
    with pytest.raises(DownloadError, match=r"refused|302"):
        _pull(pack)


def test_redirects_on_this_machine_are_followed(server: Server, pack: PackStore) -> None:
    target = f"http://127.0.0.1:{server.server_port}/yunet.onnx"
    server.answers = [redirect(target), whole]
    _pull(pack)
    assert pack.open("mine")


def test_https_is_not_left_once_taken() -> None:
    request = Request("https://example.org/x.onnx", headers={"Range": "bytes=5-"})

    def follow(target: str) -> Request | None:
        headers, page = HTTPMessage(), BytesIO(b"This has moved")
        followed = _SafeRedirects().redirect_request(request, page, 302, "", headers, target)
        assert page.closed  # nobody reads it to an end that it may not have
        return followed

    with pytest.raises(DownloadError, match="refused"):
        follow("http://127.0.0.1/x.onnx")
    followed = follow("https://example.net/y.onnx")
    assert followed is not None
    assert followed.get_header("Range") == "bytes=5-"


def test_no_server(server: Server, pack: PackStore) -> None:
    manifest = pack.manifest("mine")
    text = (pack.cache.root.parent / "packs" / "mine.toml").read_text()
    (pack.cache.root.parent / "packs" / "mine.toml").write_text(
        text.replace(f":{server.server_port}", ":9")
    )
    assert pack.manifest("mine") != manifest
    with pytest.raises(DownloadError, match="refused"):
        _pull(pack)


def test_no_space_left(server: Server, pack: PackStore) -> None:
    part = _part(pack, b"")
    part.unlink()
    part.symlink_to("/dev/full")
    with pytest.raises(DownloadError, match="no space left"):
        _pull(pack)
    assert _leftovers(pack) == [".lock"]


def test_a_file_in_the_place_of_the_cache(server: Server, pack: PackStore) -> None:
    pack.cache.root.write_bytes(b"")
    with pytest.raises(DownloadError, match=r"cannot write .*\.part: Not a directory"):
        _pull(pack)
    assert pack.cache.root.read_bytes() == b""


def test_two_processes_pull_at_once(server: Server, pack: PackStore) -> None:
    folders = [str(pack.cache.root), str(pack.cache.root.parent / "packs")]
    command = [sys.executable, "-c", PULL_IN_CHILD, *folders]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [child.communicate(timeout=60)[0] for child in children] == ["yunet sface\n"] * 2
    assert sorted(server.asked) == [("/sface.onnx", 0), ("/yunet.onnx", 0)]
    assert _leftovers(pack) == [".lock", ".onnx", ".onnx"]


def test_licence_comes_first(server: Server, pack: PackStore) -> None:
    with pytest.raises(LicenceNotAcceptedError, match="pull bound --accept-licence"):
        _pull(pack, "bound")
    assert not server.asked
    _pull(pack, "bound", accept_licence=True)
    assert pack.open("bound")
    _pull(pack, "bound")


def test_files_in_packages_need_no_network(store: PackStore) -> None:
    pull(store.manifest("public-domain"), store.cache)
    assert not (store.cache.root / "downloads").exists()


def test_absent_packages_are_named(store: PackStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ModelNotFoundError, match=r"pip install .* mtcnn"):
        pull(store.manifest("public-domain"), store.cache)


def test_graphs_that_reach_outside_are_refused(
    server: Server, pack: PackStore, user_folder: Path
) -> None:
    import hashlib

    path = user_folder / "mine.toml"
    good = server.files["/yunet.onnx"]
    bad = b"PK\x03\x04" + good[4:]
    old, new = (hashlib.sha256(data).hexdigest() for data in (good, bad))
    path.write_text(path.read_text().replace(old, new))
    server.files["/yunet.onnx"] = bad
    with pytest.raises(ModelFileError, match="not an ONNX file"):
        _pull(pack)
