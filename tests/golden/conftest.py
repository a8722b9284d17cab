from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import pytest

import callers
from forks import printed
from golden import commands, operations, wire, world
from golden.placeholders import Placeholders
from golden.recording import Recording
from reknown.access.rights import BY_NAME
from reknown.services.archive import scan
from servers import REKNOWN, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ALL = ("*", *BY_NAME)


@pytest.fixture(scope="session")
def golden_world(tmp_path_factory: pytest.TempPathFactory, eileen: bytes, grace: bytes) -> Path:
    """A folder with all images and films."""
    root = tmp_path_factory.mktemp("golden")
    world.build(root, eileen, grace)
    return root


def _recording(root: Path, cache: Path) -> Recording:
    """An empty one, which knows the files below the folder."""
    folders = {str(root): "<folder>", str(cache): "<cache>"}
    return Recording(Placeholders(world.digests(root) | folders))


@pytest.fixture(scope="session")
def recorded_commands(golden_world: Path, cache_folder: Path) -> Recording:
    """What the command line answers, told once for all tests."""
    recording = _recording(golden_world, cache_folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(golden_world)
        patch.setenv("REKNOWN_DATA", str(golden_world / "data"))
        patch.setenv("REKNOWN_CACHE", str(cache_folder))
        patch.setenv("REKNOWN_PACKS", str(golden_world / "packs"))
        patch.setattr(scan, "_BATCH_SECONDS", 3600)  # a slow machine writes no more records
        commands.tell(commands.runner(recording))
    return recording


@pytest.fixture(scope="session")
def golden_server(
    golden_world: Path, tmp_path_factory: pytest.TempPathFactory, cache_folder: Path
) -> Iterator[Server]:
    """A server that leaves its jobs to others."""
    options = (
        "--buckets",
        golden_world / "buckets",
        "--uploads",
        golden_world / "uploads",
        "--video-workers",
        0,
        "--celebrities",
        "stars",
    )
    folder = tmp_path_factory.mktemp("golden-server")
    with serving(folder, *options, REKNOWN_CACHE=str(cache_folder)) as server:
        yield server


@pytest.fixture(scope="session")
def recorded_operations(golden_server: Server, golden_world: Path, cache_folder: Path) -> Recording:
    """What the server answers, told once for all tests."""
    recording = _recording(golden_world, cache_folder)
    images = world.digests(golden_world)
    caller = partial(wire.Caller, golden_server, recording, images=images)
    rights = [word for right in _ALL for word in ("--operation", right)]
    key_id, _ = everything = _key(golden_server, "--name", "golden", *rights)
    guest = _key(golden_server, "--operation", "*", "--collection", "guest-*")

    def reknown(*words: object) -> None:
        command = [str(REKNOWN), *map(str, words), "--data", str(golden_server.data)]
        environment = os.environ | {"REKNOWN_CACHE": str(cache_folder)}
        printed(command, environment)

    def work() -> None:
        reknown("worker", "--once", "--buckets", golden_world / "buckets")

    def look() -> None:
        reknown("scan", golden_world / "people", "--collection", "family")
        reknown("groups", "list", "--collection", "family")

    def review() -> None:
        reknown("reviewers", "add", f"key:{key_id}", "--trained-until", "2099-12-31")
        with callers.reviewed(golden_server, "family", 1):
            for command in ("identify", "find"):
                reknown(command, golden_world / "eileen.jpg", "--collection", "family")

    operations.Story(
        caller(everything),
        caller(guest, "guest"),
        caller((key_id, "wrong"), "wrong secret"),
        golden_world,
        work,
        look,
        review,
    ).tell()
    _, out, _ = commands.execute(["ledger", "--json", "--data", str(golden_server.data)])
    for row in commands.lines(out):
        recording.add("ledger", row)
    return recording


def _key(server: Server, *options: str) -> tuple[str, str]:
    """A new access key of the server and its secret."""
    words = ["keys", "create", "--json", "--data", str(server.data), *options]
    (made,) = commands.lines(commands.execute(words)[1])
    return made["access_key_id"], made["secret_access_key"]
