from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from own_classifiers import LABELS, SIDE, install, manifest, network, steady
from reknown.biometrics.errors import ModelFileError, ModelNotFoundError
from reknown.cli.demo_images import EILEEN
from reknown.vision.analyze import Look
from reknown.vision.attributes.classifiers import ClassifierReading, FaceClassifiers
from reknown.vision.inference import OnnxNetwork
from reknown.vision.load import load_analyst, load_engine
from reknown.vision.packs.manifest import parse_any_manifest, parse_manifest
from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from pathlib import Path

_POINTS = np.array([(11, 15), (21, 15), (16, 20), (12, 26), (20, 26)], np.float32)


def _reading(**values: object) -> ClassifierReading:
    known = {"labels": ("no", "yes"), "side": SIDE, "dataset": "d", "images": 10, "right": 9}
    return ClassifierReading(**(known | values))  # type: ignore[arg-type]


def test_an_operators_classifiers_are_asked_with_the_attributes(
    tmp_path: Path, cache_folder: Path
) -> None:
    files = {name: steady(len(labels)) for name, labels in LABELS.items()}
    engine = load_engine(install(tmp_path, cache_folder, files), "opencv")
    (face,) = engine.detect(np.array(EILEEN.crop()), Look.ATTRIBUTES)
    assert face.attributes is not None
    assert face.attributes.eyes_open is not None
    found = face.attributes.classified
    assert found.keys() == LABELS.keys()
    assert found["age_range"] == pytest.approx({"0-19": 9 / 13, "20-59": 3 / 13, "60-120": 1 / 13})
    assert found["gender"] == pytest.approx({"female": 0.75, "male": 0.25})


def test_without_such_a_pack_nothing_is_classified(cache_folder: Path, tmp_path: Path) -> None:
    analyst = load_analyst(install(tmp_path / "packs", cache_folder, {"beard": steady(2)}))
    assert analyst is not None
    assert analyst.classifiers is not None
    (tmp_path / "packs" / "classifiers.toml").unlink()
    bare = load_analyst(PackStore(cache_folder))
    assert bare is not None
    assert bare.classifiers is None


def test_a_network_is_shown_colours_less_their_mean() -> None:
    blue = np.full((SIDE, SIDE, 3), (10, 20, 200), np.uint8)
    shown = network(np.eye(3), [0.0, 0.0, 0.0])
    labels = ("0-1", "2-3", "4-5")
    for colours, mean, likeliest in (
        ("RGB", (0.0, 0.0, 0.0), "4-5"),
        ("BGR", (0.0, 0.0, 0.0), "0-1"),
        ("RGB", (0.0, 0.0, 255.0), "2-3"),
    ):
        reading = _reading(labels=labels, colours=colours, mean=mean, crop=0.5)
        own = FaceClassifiers({"age_range": OnnxNetwork(shown)}, {"age_range": reading})
        found = own.classify(blue, _POINTS)
        shares = found["age_range"]
        assert sum(shares.values()) == pytest.approx(1)
        assert max(shares, key=lambda label: shares[label]) == likeliest


def test_a_network_without_numbers_says_nothing() -> None:
    silent = OnnxNetwork(network(np.zeros((3, 2)), [np.nan, 0.0]))
    own = FaceClassifiers({"beard": silent}, {"beard": _reading()})
    assert own.classify(np.zeros((SIDE, SIDE, 3), np.uint8), _POINTS) == {}


def test_a_network_that_does_not_fit_its_reading_is_refused(
    tmp_path: Path, cache_folder: Path
) -> None:
    store = install(tmp_path, cache_folder, {"beard": steady(3)})
    with pytest.raises(ModelFileError, match="gives 3, not 2 values"):
        load_analyst(store)
    larger = manifest({"beard": steady(2)}).replace(f"side = {SIDE}", f"side = {SIDE + 1}")
    install(tmp_path, cache_folder, {"beard": steady(2)})
    (tmp_path / "classifiers.toml").write_text(larger)
    with pytest.raises(ModelFileError, match="takes something else"):
        load_analyst(store)


def test_files_that_were_not_fetched_are_asked_for(tmp_path: Path, cache_folder: Path) -> None:
    store = install(tmp_path, cache_folder, {"beard": steady(2)})
    other = manifest({"beard": network(np.ones((3, 2)), [0.0, 7.0])})
    (tmp_path / "classifiers.toml").write_text(other)
    with pytest.raises(ModelNotFoundError, match="models pull classifiers"):
        load_analyst(store)


@pytest.mark.parametrize(
    ("role", "labels"),
    [
        ("age_range", ("young", "old")),
        ("age_range", ("30-20", "40-50")),
        ("gender", ("female", "male", "other")),
        ("emotions", ("happy", "hungry")),
        ("beard", ("beard", "none")),
        ("beard", ("no", "no")),
    ],
)
def test_labels_are_those_that_answers_have(role: str, labels: tuple[str, ...]) -> None:
    data = steady(len(labels))
    with pytest.raises(ModelFileError, match="label"):
        parse_any_manifest(manifest({role: data}, {role: labels}))


def test_ethnicity_and_the_like_are_no_roles() -> None:
    for role in ("ethnicity", "nationality", "religion", "sexuality"):
        with pytest.raises(ModelFileError):
            parse_any_manifest(manifest({role: steady(2)}, {role: ("no", "yes")}))


def test_each_file_is_read_and_it_is_no_model_pack() -> None:
    text = manifest({"beard": steady(2)})
    with pytest.raises(ModelFileError, match="needs a reading"):
        parse_any_manifest(text.replace("reads.beard", "reads.mustache"))
    with pytest.raises(ModelFileError, match="no pack for faces"):
        parse_manifest(text)
