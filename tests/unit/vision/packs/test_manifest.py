from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.errors import ModelFileError, ReknownError
from reknown.vision.detect.yunet import YunetSettings
from reknown.vision.packs.manifest import PackManifest, parse_manifest, read_manifest
from reknown.vision.packs.part import ManifestTable, PackFile, PackPart
from reknown.vision.packs.recipes import Recipe
from reknown.vision.packs.space import detector_fingerprint, template_space

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from reknown.vision.inference import Network
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
    assert parse_manifest(text).detector.settings == YunetSettings(max_side=320)


POINTS = """
[points]
kind = "onet"
[points.files.onet]
source = "https://example.org/onet.lz4"
sha256 = "{}"
size = 1
licence = "MIT"
training_data = "none"
""".format("ab" * 32)


def test_points_of_another_network_are_of_the_detectors_fingerprint(
    manifest_text: Callable[..., str],
) -> None:
    """As earlier manifests had it, where the file was one of YuNet's; these can still be read."""
    manifest = parse_manifest(manifest_text("mine") + POINTS)
    former = POINTS.replace('[points]\nkind = "onet"\n[points', "[detector")
    assert parse_manifest(manifest_text("mine") + former) == manifest
    without = parse_manifest(manifest_text("mine"))
    assert list(manifest.files()) == ["yunet", "onet", "sface"]
    assert without.points is None
    assert template_space(manifest) == template_space(without)
    assert detector_fingerprint(manifest) != detector_fingerprint(without)


def test_what_points_declare_counts(store: PackStore) -> None:
    manifest = store.manifest("opencv")
    assert manifest.points is not None
    file = manifest.points.files.onet
    kinds = [SmilePart(files=SmileFiles(smile=file), width=width) for width in (1, 2)]
    made = {
        detector_fingerprint(msgspec.structs.replace(manifest, points=part))
        for part in (*kinds, manifest.points, None)
    }
    assert len(made) == 4


def test_a_role_belongs_to_one_part(store: PackStore) -> None:
    points = store.manifest("opencv").points
    with pytest.raises(ValueError, match="same role"):
        msgspec.structs.replace(store.manifest("public-domain"), points=points)


class SmileFiles(ManifestTable, frozen=True, kw_only=True):
    smile: PackFile


class SmilePart(PackPart, frozen=True, kw_only=True, tag="smile"):
    recipes = (Recipe("smile", ("smile",), lambda data: {"smile": data}),)
    files: SmileFiles
    width: int = 1

    def load(self, networks: Mapping[str, Network]) -> Network:
        return networks["smile"]


class WithAttributes(PackManifest, frozen=True, kw_only=True):
    attributes: SmilePart | None = None


def test_one_more_task_is_one_more_field(manifest_text: Callable[..., str]) -> None:
    text = manifest_text("mine") + POINTS.replace("points", "attributes").replace("onet", "smile")
    manifest = msgspec.convert(tomllib.loads(text), WithAttributes)
    assert list(manifest.files()) == ["yunet", "sface", "smile"]
    assert manifest.recipes()["smile"].graphs == ("smile",)
    bare = parse_manifest(manifest_text("mine"))
    assert template_space(manifest) == template_space(bare)
    assert detector_fingerprint(manifest) == detector_fingerprint(bare)


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
    "points of no kind": ("[embedder]", POINTS.replace("onet", "dots") + "[embedder]"),
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
