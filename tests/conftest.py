"""What tests of all rooms share: an engine, real portraits, folders of their own."""

from __future__ import annotations

import gc
import os
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from botocore.loaders import JSONFileLoader
from hypothesis import HealthCheck, settings

from decoding import decode_image
from reknown.cli.demo_images import EILEEN, GRACE, jpeg
from reknown.configuration import OPTIONS, SECRETS
from reknown.settings import SHORT_NAMES
from reknown.vision.load import load_engine, load_reader
from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine
    from reknown.vision.text.reader import TextReader

# What the user has set is not for tests.
for _name in {*SHORT_NAMES.values(), *SECRETS, *(option.variable for option in OPTIONS.values())}:
    os.environ.pop(_name, None)

_IN_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30
_LONG = ("golden", "e2e")


def _serves(folder: Path) -> bool:
    """Whether there is room for what tests leave until they end, programs among it."""
    if not os.access(folder, os.W_OK) or os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return False
    return shutil.disk_usage(folder).free >= _ROOM


# Nobody pulls the plug on what tests write, so it does not have to be on a disk.
if _serves(_IN_MEMORY):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_IN_MEMORY))

settings.register_profile(
    "on a busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("on a busy machine")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first: of several processes none waits for another's at the end.

    Those that have nothing left take tests from another's end, so stories that are told once
    for hundreds of tests are told by one of them.
    """
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(here).parts[0] not in _LONG)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What thousands of tests are made of stays to the end: collectors need not look at it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _endpoints_of_aws() -> Iterator[None]:
    """Parsed once a process: each boto3 session would read them again.

    The models of services are not: ours is merged into what was read.
    """
    load = JSONFileLoader.load_file
    parsed = cache(JSONFileLoader().load_file)

    def load_file(loader: JSONFileLoader, path: str) -> Any:
        return load(loader, path) if path.endswith("service-2") else parsed(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", load_file)
        yield


@pytest.fixture(scope="session", autouse=True)
def _passphrases_cost_little() -> Iterator[None]:
    """The least that is opened; what Reknown itself takes is for processes of its own to show."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reknown.access.passphrases._COST", 16384)
        yield


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One model cache for each process of the run: conversion takes a second."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def engine(cache_folder: Path) -> Engine:
    """The default pack."""
    return load_engine(PackStore(cache_folder), "opencv")


@pytest.fixture(scope="session")
def public_domain(cache_folder: Path) -> Engine:
    """MTCNN and dlib's ResNet: what galleries of the previous release were made with."""
    return load_engine(PackStore(cache_folder), "public-domain")


@pytest.fixture(scope="session")
def reader(cache_folder: Path) -> TextReader:
    """What reads text."""
    return load_reader(PackStore(cache_folder), "text")


@pytest.fixture(autouse=True)
def _no_settings_left() -> Iterator[None]:
    """A test that leaves a setting of Reknown in this process fails: others would go by it."""
    before = _our_variables()
    yield
    assert _our_variables() == before, "the test has left a setting behind"


def _our_variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("REKNOWN_")}


@pytest.fixture(autouse=True)
def _own_folders(
    _no_settings_left: None,  # before it is undone, this has to be
    tmp_path: Path,
    cache_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No test reads or writes what the user has."""
    monkeypatch.setenv("REKNOWN_CONFIG", os.devnull)
    monkeypatch.setenv("REKNOWN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("REKNOWN_CACHE", str(cache_folder))
    monkeypatch.setenv("REKNOWN_PACKS", str(tmp_path / "packs"))


@pytest.fixture(scope="session")
def eileen() -> bytes:
    """A JPEG of Eileen Collins."""
    return jpeg(EILEEN.crop())


@pytest.fixture(scope="session")
def grace() -> bytes:
    """A JPEG of Grace Hopper."""
    return jpeg(GRACE.crop())


@pytest.fixture(scope="session")
def eileen_pixels(eileen: bytes) -> NDArray[np.uint8]:
    return decode_image(eileen).pixels


@pytest.fixture
def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real data; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("REKNOWN_SHARED", "../shared")).resolve()
    if not (folder / "data").is_dir():
        pytest.skip("no shared data here: set REKNOWN_SHARED")
    return folder


@pytest.fixture
def people(tmp_path: Path, eileen: bytes, grace: bytes) -> Path:
    """A folder for each of the two people, one image in each."""
    root = tmp_path / "people"
    for name, data in (("Eileen Collins", eileen), ("Grace Hopper", grace)):
        (root / name).mkdir(parents=True)
        (root / name / "1.jpg").write_bytes(data)
    return root
