from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.errors import ModelFileError, ReknownError
from reknown.vision.packs.manifest import MtcnnPart, parse_manifest, read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reknown.vision.packs.store import PackStore

BUILTIN = ["opencv", "opencv-zoo", "public-domain", "public-domain-accurate"]


@pytest.mark.parametrize("name", BUILTIN)
def test_built_in_manifests_are_sound_and_free(store: PackStore, name: str) -> None:
    manifest = store.manifest(name)
    assert manifest.name == name
    assert not manifest.non_commercial
    assert {file.licence for file in manifest.files().values()} <= {"MIT", "CC0-1.0", "Apache-2.0"}


def test_roles_of_both_parts(store: PackStore) -> None:
    assert list(store.manifest("public-domain").files()) == ["pnet", "rnet", "onet", "resnet"]
    for pack in ("opencv", "opencv-zoo"):
        assert list(store.manifest(pack).files()) == ["yunet", "onet", "sface"]


def test_the_68_point_landmarks_are_not_used(store: PackStore) -> None:
    sources = [f.source for name in BUILTIN for f in store.manifest(name).files().values()]
    assert not any("landmarks" in source for source in sources)


def test_detector_settings(manifest_text: Callable[..., str]) -> None:
    text = manifest_text("mine") + "[detector.settings]\nmax_side = 320\n"
    settings = parse_manifest(text).detector.settings
    assert not isinstance(parse_manifest(text).detector, MtcnnPart)
    assert getattr(settings, "max_side", None) == 320


FAULTS = {
    "no digest": ("sha256 =", "sha265 ="),
    "short digest": ('sha256 = "', 'sha256 = "0'),
    "no licence": ('licence = "MIT"', 'licence = ""'),
    "no training data": ('training_data = "none"', ""),
    "plain http": ("https://example.org", "http://example.org"),
    "http that looks local": ("https://example.org", "http://localhost@example.org"),
    "a local file": ("https://example.org", "file://"),
    "pickle": (".onnx", ".pkl"),
    "torch": (".onnx", ".pt"),
    "no suffix": (".onnx", ""),
    "outside its package": ("https://example.org/", "package:mtcnn/../"),
    "package without distribution": ("https://example.org/", "package:mtcnn/"),
    "unknown detector": ('kind = "yunet"', 'kind = "haar"'),
    "unknown field": ("[embedder]", "[embedder]\nchips = 3"),
    "unknown setting": ("[embedder]", "[detector.settings]\nmin_side = 3\n[embedder]"),
    "zero setting": ("[embedder]", "[detector.settings]\nmax_side = 0\n[embedder]"),
    "endless setting": ("[embedder]", "[detector.settings]\nthreshold = inf\n[embedder]"),
    "wrong role": ("files.yunet", "files.pnet"),
    "wrong chip": ("[embedder]", "[embedder]\nchip = 150"),
    "crops of sface": ("[embedder]", "[embedder]\ncrops = [0.2]"),
    "no crops": ("[embedder]", "[embedder]\ncrops = []"),
    "size zero": ("size = ", "size = 0 # "),
    "a huge size": ("size = ", "size = 9999999999 # "),
    "name with a path": ('name = "mine"', 'name = "../mine"'),
    "rates that rise": (
        "[embedder]",
        f'[calibration]\nfingerprint = "{"0" * 64}"\nscores = [0.1, 0.2]\n'
        'false_match_rates = [0.1, 1.0]\ndataset = "d"\ncomparisons = 9\n[embedder]',
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_refused(manifest_text: Callable[..., str], fault: str) -> None:
    text = manifest_text("mine")
    changed = text.replace(*FAULTS[fault])
    assert changed != text
    with pytest.raises(ModelFileError, match="not a pack manifest"):
        parse_manifest(changed)


def test_file_and_pack_bear_one_name(user_folder: Path, manifest_text: Callable[..., str]) -> None:
    path = user_folder / "yours.toml"
    path.write_text(manifest_text("mine"))
    with pytest.raises(ModelFileError, match="bear its name"):
        read_manifest(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ModelFileError, match=str(path)):
        read_manifest(path)


@given(st.text(alphabet="[]{}=.\"\n#'abc019:-,T\t\\"))
def test_junk_is_refused(text: str) -> None:
    with pytest.raises(ReknownError):
        parse_manifest(text)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(ModelFileError):
        parse_manifest("a = " + "[" * 100_000)
