"""The converted ResNet against dlib itself, which runs the same weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dlib
import numpy as np
import pytest
from skimage.data import astronaut

from reknown.vision.inference import OnnxNetwork
from reknown.vision.packs.sources import locate
from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def _chips() -> NDArray[np.uint8]:
    image = astronaut()
    random = np.random.default_rng(0)
    crops = [
        image[top : top + 150, left : left + 150] for top, left in ((40, 150), (0, 0), (300, 200))
    ]
    noise = random.integers(0, 256, (150, 150, 3), np.uint8)
    return np.stack(
        [*crops, crops[0][:, ::-1], noise, np.full_like(noise, 0), np.full_like(noise, 200)]
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> PackStore:
    return PackStore(tmp_path_factory.mktemp("cache"))


def test_converted_network_agrees_with_dlib(store: PackStore) -> None:
    path: Path | None = locate(store.manifest("public-domain").files()["resnet"], store.cache)
    reference = dlib.face_recognition_model_v1(str(path))
    chips = _chips()
    expected = [reference.compute_face_descriptor(np.ascontiguousarray(chip)) for chip in chips]

    networks = store.open("public-domain")
    values = np.ascontiguousarray(chips.transpose(0, 3, 1, 2), np.float32)
    maps = OnnxNetwork(networks["trunk"]).run(values)["maps"]
    outputs = OnnxNetwork(networks["head"]).run(maps)
    assert maps.shape == (len(chips), 256, 4, 4)
    assert np.abs(outputs["output"] - np.array(expected)).max() <= 1e-5
