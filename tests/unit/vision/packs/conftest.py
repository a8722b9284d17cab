"""Tiny ONNX graphs, manifests that name them, and a cache with a user's manifest folder."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MANIFEST = """
name = "{name}"
summary = "for tests"
non_commercial = {non_commercial}

[detector]
kind = "yunet"
[detector.files.yunet]
{yunet}

[embedder]
kind = "sface"
points = [[38.0, 52.0], [74.0, 52.0], [56.0, 72.0], [41.5, 92.0], [70.5, 92.0]]
[embedder.files.sface]
{sface}
"""
FILE = """
source = "{source}"
sha256 = "{sha256}"
size = {size}
licence = "MIT"
training_data = "none"
"""


def make_graph(seed: int, side: int = 100) -> bytes:
    weights = np.random.default_rng(seed).normal(size=(side, side)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", side])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", side])],
        [numpy_helper.from_array(weights, "w")],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    return bytes(model.SerializeToString())


@pytest.fixture(scope="session")
def yunet_file() -> bytes:
    return make_graph(1, 10)


@pytest.fixture(scope="session")
def sface_file() -> bytes:
    """About 1 MB: several reads."""
    return make_graph(2, 500)


@pytest.fixture
def manifest_text(yunet_file: bytes, sface_file: bytes) -> Callable[..., str]:
    def make(name: str, base: str = "https://example.org", non_commercial: bool = False) -> str:
        files = {
            role: FILE.format(
                source=f"{base}/{role}.onnx",
                sha256=hashlib.sha256(data).hexdigest(),
                size=len(data),
            )
            for role, data in (("yunet", yunet_file), ("sface", sface_file))
        }
        return MANIFEST.format(name=name, non_commercial=str(non_commercial).lower(), **files)

    return make


@pytest.fixture
def user_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "packs"
    folder.mkdir()
    return folder


@pytest.fixture
def store(tmp_path: Path, user_folder: Path) -> PackStore:
    return PackStore(tmp_path / "cache", [user_folder])
