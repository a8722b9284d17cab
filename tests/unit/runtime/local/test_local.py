from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import socket
import threading
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from PIL import Image

from decoding import DECODERS
from outcomes import outcome
from reknown.api.fairness import Shares
from reknown.api.metrics import Metrics
from reknown.api.pool import Pool
from reknown.biometrics.errors import (
    ImageError,
    ImageTooSmallError,
    InvalidImageError,
    SpaceMismatchError,
)
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.quality_filter import DEFAULT_FILTER, QualityFilter
from reknown.configuration import Server, Settings
from reknown.runtime.local import messages
from reknown.runtime.local.executor import LocalServer, RemoteExecutor, helper
from reknown.runtime.local.listener import CommandListener
from reknown.runtime.local.place import NAME, call, may_ask, user_of
from reknown.runtime.log import json_log
from reknown.services.executor import LocalExecutor
from reknown.vision.engines import Engines
from reknown.vision.extraction import Extraction, ExtractionPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.biometrics.templates import TemplateSpace
    from reknown.services.executor import Executor
    from reknown.vision.analyze import Engine


class Counting:
    """An executor of real work that notes what it is asked for."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self.images: list[bytes] = []
        self.before: Callable[[], object] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._executor, name)

    def extract(self, data: bytes, policy: ExtractionPolicy) -> Extraction:
        self.images.append(data)
        self.before()
        return self._executor.extract(data, policy)


@dataclasses.dataclass
class Machine:
    """A folder, what the server there does the work with, and what its commands do it with."""

    settings: Settings
    theirs: Counting
    own: Counting
    turns: Pool
    space: TemplateSpace

    @contextmanager
    def server(self, **changes: Any) -> Iterator[CommandListener]:
        settings = dataclasses.replace(self.settings, **changes)
        executor: Any = self.theirs
        with CommandListener(settings, executor, self.turns, json_log()) as listener:
            yield listener

    @contextmanager
    def command(self, **changes: Any) -> Iterator[RemoteExecutor]:
        own: Any = self.own
        with closing(LocalServer(dataclasses.replace(self.settings, **changes))) as server:
            yield RemoteExecutor(server, own)

    @property
    def policy(self) -> ExtractionPolicy:
        return ExtractionPolicy(self.space)


@pytest.fixture(scope="module")
def executor(engine: Engine) -> LocalExecutor:
    class Packs:
        def load(self, pack: str) -> Engine:
            return engine

        def space(self, pack: str) -> TemplateSpace:
            return engine.space

    packs: Any = Packs()
    return LocalExecutor(Engines(packs, "opencv"), DECODERS, Path("cache"), Path("packs"))


@pytest.fixture
def machine(tmp_path: Path, engine: Engine, executor: LocalExecutor) -> Iterator[Machine]:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (tmp_path / "packs").mkdir()
    settings = Settings(data=folder, cache=tmp_path / "cache", packs=tmp_path / "packs")
    turns = Pool("recognition", Shares(2, 8), Metrics())
    yield Machine(settings, Counting(executor), Counting(executor), turns, engine.space)
    turns.close(0)


def _file(pixels: np.ndarray[Any, Any], kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


@pytest.fixture(scope="module")
def images(eileen: bytes, grace: bytes, eileen_pixels: Any) -> dict[str, bytes]:
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    return {
        "a face": eileen,
        "another": grace,
        "two faces": _file(np.hstack([eileen_pixels, eileen_pixels]), "JPEG"),
        "no face": _file(noise, "PNG"),
        "too small": _file(noise[:20, :20], "PNG"),
        "no image": b"not an image",
        "half a JPEG": eileen[: len(eileen) // 2],
        "nothing": b"",
        "WebP": _file(eileen_pixels, "WEBP"),
        "TIFF": _file(eileen_pixels, "TIFF"),
        "BMP": _file(eileen_pixels, "BMP"),
        "GIF": _file(eileen_pixels, "GIF"),
    }


def _policies(space: TemplateSpace) -> list[ExtractionPolicy]:
    box = BoundingBox(0.0, 0.0, 0.5, 1.0)
    return [
        ExtractionPolicy(space),
        ExtractionPolicy(space, DEFAULT_FILTER, limit=0),
        ExtractionPolicy(space, QualityFilter(min_unified=99), largest=1),
        ExtractionPolicy(space, places=(box,), attributes=True),
    ]


def test_what_a_server_does_is_what_the_command_would_have_done(
    machine: Machine, images: dict[str, bytes]
) -> None:
    with machine.server(), machine.command() as command:
        for data in images.values():
            for policy in _policies(machine.space):
                assert outcome(command, data, policy) == outcome(machine.theirs, data, policy)
    assert not machine.own.images


def test_every_field_of_an_extraction_travels() -> None:
    sent = {field.name for field in msgspec.structs.fields(messages.Extracted)}
    assert sent == {field.name for field in dataclasses.fields(Extraction)}


def test_images_at_once_go_over_connections_of_their_own(machine: Machine, eileen: bytes) -> None:
    both = threading.Barrier(2, timeout=30)
    machine.theirs.before = both.wait
    found: list[Extraction] = []
    with machine.server(), machine.command() as command:
        threads = [
            threading.Thread(target=lambda: found.append(command.extract(eileen, machine.policy)))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len(found) == 2
    assert not machine.own.images


def test_without_a_server_the_command_does_it(machine: Machine, eileen: bytes) -> None:
    with machine.command() as command:
        assert command.extract(eileen, machine.policy).fit
    assert machine.own.images == [eileen]


def test_a_socket_left_behind_is_nobody_and_is_replaced(machine: Machine, eileen: bytes) -> None:
    path = machine.settings.data / NAME
    with closing(socket.socket(socket.AF_UNIX)) as left:
        left.bind(str(path))
    path.chmod(0o600)
    with machine.command() as command:
        command.extract(eileen, machine.policy)
    assert len(machine.own.images) == 1
    with machine.server():
        assert path.stat().st_mode & 0o777 == 0o600
        with machine.command() as command:
            command.extract(eileen, machine.policy)
        assert [each.name for each in machine.settings.data.iterdir()] == [NAME]
    assert len(machine.own.images) == 1
    assert not path.exists()


def test_a_second_server_leaves_the_first_one_its_socket(machine: Machine, eileen: bytes) -> None:
    with machine.server():
        with machine.server():
            pass
        with machine.command() as command:
            command.extract(eileen, machine.policy)
    assert not machine.own.images


def test_a_path_longer_than_an_address_is_one_too(machine: Machine, eileen: bytes) -> None:
    deep = machine.settings.data / ("d" * 100) / ("e" * 100)
    deep.mkdir(mode=0o700, parents=True)
    with machine.server(data=deep), machine.command(data=deep) as command:
        command.extract(eileen, machine.policy)
    assert len(machine.theirs.images) == 1
    assert not machine.own.images


def _another_cache(machine: Machine) -> dict[str, Any]:
    return {"cache": machine.settings.cache / "another"}


def _another_manifest(machine: Machine) -> dict[str, Any]:
    (machine.settings.packs / "mine.toml").write_text("name = 'mine'", encoding="utf-8")
    return {}


@pytest.mark.parametrize("change", [_another_cache, _another_manifest])
def test_a_server_that_might_find_something_else_is_not_asked(
    machine: Machine, eileen: bytes, change: Callable[[Machine], dict[str, Any]]
) -> None:
    with machine.server(), machine.command(**change(machine)) as command:
        command.extract(eileen, machine.policy)
    assert machine.own.images == [eileen]
    assert not machine.theirs.images


def test_a_server_of_another_version_is_not_asked(
    machine: Machine, eileen: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with machine.server(), machine.command() as command:
        monkeypatch.setattr("reknown.__version__", "0.0.1")
        command.extract(eileen, machine.policy)
    assert machine.own.images == [eileen]
    assert not machine.theirs.images


def test_a_space_that_the_server_does_not_make_is_left_to_the_command(
    machine: Machine, eileen: bytes
) -> None:
    other = ExtractionPolicy(dataclasses.replace(machine.space, fingerprint="0" * 64))
    with (
        machine.server(),
        machine.command() as command,
        pytest.raises(SpaceMismatchError, match="000000000000"),
    ):
        command.extract(eileen, other)
    assert machine.own.images == [eileen]


def test_a_busy_server_is_not_waited_for_long(machine: Machine, eileen: bytes) -> None:
    """The first waits for a turn within its patience, the others ask only."""
    with machine.server(), machine.command() as command:
        with machine.turns.turn("a"), machine.turns.turn("b"), machine.turns.turn("local commands"):
            for _ in range(3):
                command.extract(eileen, machine.policy)
            assert len(machine.own.images) == 3
        command.extract(eileen, machine.policy)
    assert len(machine.own.images) == 3
    assert len(machine.theirs.images) == 1


def test_a_stopped_server_takes_nothing_more(machine: Machine, eileen: bytes) -> None:
    with machine.server() as listener, machine.command() as command:
        command.extract(eileen, machine.policy)
        listener.stop()
        listener.stop()
        machine.turns.give_up()
        for _ in range(2):
            command.extract(eileen, machine.policy)
    assert len(machine.own.images) == 2


def test_a_server_that_fails_leaves_it_to_the_command(machine: Machine, eileen: bytes) -> None:
    def fail() -> None:
        raise MemoryError

    machine.theirs.before = fail
    with machine.server(), machine.command() as command:
        for _ in range(2):
            command.extract(eileen, machine.policy)
    assert len(machine.own.images) == 2
    assert len(machine.theirs.images) == 1


def test_no_socket_where_it_is_turned_off(machine: Machine) -> None:
    with machine.server(server=Server(local_commands=False)):
        assert not list(machine.settings.data.iterdir())


def test_a_folder_that_nobody_may_write_stops_no_server(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with machine.server(data=tmp_path / "nowhere"):
        pass
    assert "commands load models themselves" in capsys.readouterr().err


# what another program may send or leave undone


def _raw(body: bytes) -> bytes:
    return len(body).to_bytes(4, "little") + body


def _hello(machine: Machine) -> bytes:
    return _raw(msgspec.msgpack.encode(messages.hello(machine.settings)))


def _extracted(machine: Machine, data: bytes, **changes: Any) -> bytes:
    from reknown.runtime.local.conversion import to_message

    message = to_message(machine.theirs.extract(data, machine.policy))
    return _raw(msgspec.msgpack.encode(msgspec.structs.replace(message, **changes)))


@contextmanager
def impostor(machine: Machine, *messages_: bytes) -> Iterator[None]:
    """Something that listens there, says this, and hangs up."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(machine.settings.data / NAME))
    (machine.settings.data / NAME).chmod(0o600)
    listener.listen()

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(messages_[0])
            if len(messages_) > 1:
                connection.recv(1)
                connection.sendall(b"".join(messages_[1:]))
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(2**16):
                    pass

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    with closing(listener):
        yield
    thread.join(30)


TAKEN = _raw(msgspec.msgpack.encode(messages.Accepted()))
HUGE = (2**32 - 1).to_bytes(4, "little")


def _lies(machine: Machine, eileen: bytes, grace: bytes) -> dict[str, tuple[bytes, ...]]:
    hello = _hello(machine)
    space = dataclasses.replace(machine.space, fingerprint="1" * 64)
    face = machine.theirs.extract(eileen, machine.policy).found[0].face
    short = messages.SentFace(face, (), b"\0" * 8, None)
    nan = messages.SentFace(face, (), b"\xff" * 4 * machine.space.dimension, None)
    refused = _raw(msgspec.msgpack.encode(messages.Refused("SystemExit", "no")))
    return {
        "nothing": (b"",),
        "a length beyond measure": (HUGE,),
        "no message": (_raw(b"\xc1"),),
        "another kind": (TAKEN,),
        "no answer": (hello, b""),
        "killed at work": (hello, TAKEN),
        "killed while answering": (hello, TAKEN, _extracted(machine, eileen)[:-5]),
        "an answer beyond measure": (hello, TAKEN, HUGE),
        "another image": (hello, TAKEN, _extracted(machine, grace)),
        "another space": (hello, TAKEN, _extracted(machine, eileen, space=space)),
        "a short template": (hello, TAKEN, _extracted(machine, eileen, found=(short,))),
        "a template of no numbers": (hello, TAKEN, _extracted(machine, eileen, found=(nan,))),
        "no refusal that there is": (hello, TAKEN, refused),
        "taken twice": (hello, TAKEN, TAKEN),
    }


def test_whatever_listens_there_the_command_is_right(
    machine: Machine, eileen: bytes, grace: bytes
) -> None:
    right = outcome(machine.theirs, eileen, machine.policy)
    for name, said in _lies(machine, eileen, grace).items():
        asked = len(machine.own.images)
        with impostor(machine, *said), machine.command() as command:
            assert outcome(command, eileen, machine.policy) == right, name
            assert len(machine.own.images) == asked + 1, name
        (machine.settings.data / NAME).unlink()


@pytest.mark.parametrize("said", [None, "hello", "taken"])
def test_what_falls_silent_is_not_waited_for(
    machine: Machine, eileen: bytes, monkeypatch: pytest.MonkeyPatch, said: str | None
) -> None:
    """It accepts, says as much, and then nothing more while it holds the line."""
    for limit in ("_SECONDS", "_WORK_SECONDS"):
        monkeypatch.setattr(f"reknown.runtime.local.executor.{limit}", 0.1)
    monkeypatch.setattr("reknown.runtime.local.executor._PATIENCE_MS", 0)
    spoken = {None: b"", "hello": _hello(machine), "taken": _hello(machine) + TAKEN}[said]
    path = machine.settings.data / NAME
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen()
        held: list[socket.socket] = []

        def answer() -> None:
            held.append(listener.accept()[0])
            held[0].sendall(spoken)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with machine.command() as command:
            command.extract(eileen, machine.policy)
        thread.join(30)
        held[0].close()
    assert machine.own.images == [eileen]


@pytest.mark.parametrize("place", ["folder", "socket"])
def test_a_socket_that_others_may_touch_is_not_called(machine: Machine, place: str) -> None:
    with machine.server():
        call_now(machine)
        path = machine.settings.data if place == "folder" else machine.settings.data / NAME
        path.chmod(path.stat().st_mode | 0o020)
        assert call(machine.settings.data) is None


def call_now(machine: Machine) -> None:
    connection = call(machine.settings.data)
    assert connection is not None
    connection.close()


def test_a_link_to_a_socket_is_not_called(machine: Machine, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    with machine.server(data=other):
        (machine.settings.data / NAME).symlink_to(other / NAME)
        assert call(machine.settings.data) is None


def test_a_folder_of_somebody_else_is_not_called(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with machine.server():
        somebody = os.geteuid() + 1
        monkeypatch.setattr("os.geteuid", lambda: somebody)
        assert call(machine.settings.data) is None


def test_only_the_owner_of_the_folder_and_root_may_ask() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert user_of(ours) == os.geteuid()
        assert may_ask(ours, os.geteuid())
        assert may_ask(ours, os.geteuid() + 1) is (os.geteuid() == 0)


def _talk(machine: Machine, *sent: bytes) -> bytes:
    """What the server says to this, until it hangs up."""
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.connect(str(machine.settings.data / NAME))
        connection.settimeout(30)
        for each in sent:
            connection.sendall(each)
        connection.shutdown(socket.SHUT_WR)
        said = b""
        with suppress(ConnectionResetError):  # it has not read all that was sent
            while part := connection.recv(2**16):
                said += part
        return said


def test_what_is_no_request_ends_the_connection_and_nothing_else(
    machine: Machine, eileen: bytes
) -> None:
    hello = _hello(machine)
    with machine.server():
        for sent in (HUGE, HUGE + b"x" * 100, _raw(b"\xc1"), TAKEN, b"\x05\0\0\0ab", b"\x05"):
            assert _talk(machine, sent) == hello
        with machine.command() as command:
            command.extract(eileen, machine.policy)
    assert not machine.own.images


def test_who_sends_half_a_message_is_not_waited_for(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reknown.runtime.local.listener._MESSAGE_SECONDS", 0.1)
    hello = _hello(machine)
    with machine.server(), closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.connect(str(machine.settings.data / NAME))
        connection.settimeout(30)
        connection.sendall(b"\x05\0\0\0a")
        said = b""
        while part := connection.recv(2**16):  # which ends although nothing is closed here
            said += part
    assert said == hello


def test_connections_beyond_the_most_are_turned_away(machine: Machine, eileen: bytes) -> None:
    with machine.server() as listener:
        held = []
        while True:
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(str(machine.settings.data / NAME))
            connection.settimeout(30)
            held.append(connection)
            if not connection.recv(1):
                break
        assert listener.at_work == len(held) - 1 == 32
        with machine.command() as command:
            command.extract(eileen, machine.policy)
        assert machine.own.images == [eileen]
        for connection in held:
            connection.close()


@pytest.mark.parametrize("kind", [ImageTooSmallError, InvalidImageError])
def test_refusals_are_of_the_same_kind(
    machine: Machine, images: dict[str, bytes], kind: type[ImageError]
) -> None:
    name = {ImageTooSmallError: "too small", InvalidImageError: "no image"}[kind]
    with machine.server(), machine.command() as command, pytest.raises(kind):
        command.extract(images[name], machine.policy)
    assert not machine.own.images


def test_the_digest_is_of_the_file(machine: Machine, eileen: bytes) -> None:
    with machine.server(), machine.command() as command:
        found = command.extract(eileen, machine.policy)
    assert found.image.sha256 == hashlib.sha256(eileen).hexdigest()


def test_people_are_told_whether_a_server_helps(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "none to ask" in helper(machine.settings)
    with machine.server():
        assert "finds faces for commands" in helper(machine.settings)
        off = dataclasses.replace(machine.settings, server=Server(local_commands=False))
        assert "server.local_commands is false" in helper(off)
        monkeypatch.setattr("reknown.__version__", "0.0.1")
        assert "another version" in helper(machine.settings)
