from __future__ import annotations

import importlib.metadata
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import ModelNotFoundError
from reknown.services.data_checks import DataChecks
from reknown.services.self_test import run_checks
from reknown.vision.embed.base import Embeddings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine
    from reknown.vision.detect.base import Detections


class _BrokenDetector:
    sure = 0.9
    upright = 0.0

    def detect(self, pixels: NDArray[np.uint8]) -> Detections:
        raise RuntimeError("no such operator")


class _ForgetfulEmbedder:
    """Never gives the same template twice."""

    def __init__(self, dimension: int) -> None:
        self._random, self._dimension = np.random.default_rng(0), dimension

    def embed(self, pixels: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> Embeddings:
        vectors = self._random.normal(size=(len(landmarks), self._dimension)).astype(np.float32)
        lengths = np.linalg.norm(vectors, axis=1)
        return Embeddings(vectors / lengths[:, None], lengths)


def _failed(engine: Engine, data: Path) -> dict[str, str]:
    checks = list(run_checks(lambda: engine, DataChecks(data, 10)))
    assert [check.name for check in checks][-1] == "enrol and search"
    return {check.name: check.detail for check in checks if not check.passed}


def test_a_sound_installation_passes(engine: Engine, tmp_path: Path) -> None:
    checks = list(run_checks(lambda: engine, DataChecks(tmp_path / "data", 10)))
    assert [check for check in checks if not check.passed] == []
    assert len(checks) == 18
    assert all(check.detail for check in checks)


def test_a_missing_model_pack_is_reported(tmp_path: Path) -> None:
    def load() -> Engine:
        raise ModelNotFoundError("fetch it first")

    *_, last = run_checks(load, DataChecks(tmp_path / "data", 10))
    assert (last.name, last.passed, last.detail) == ("model pack", False, "fetch it first")


def test_an_engine_that_cannot_be_loaded_at_all_is_reported(tmp_path: Path) -> None:
    def load() -> Engine:
        raise RuntimeError("onnxruntime is broken")

    *_, last = run_checks(load, DataChecks(tmp_path / "data", 10))
    assert (last.name, last.passed) == ("model pack", False)
    assert "onnxruntime is broken" in last.detail


def test_a_broken_detector_is_reported(engine: Engine, tmp_path: Path) -> None:
    failed = _failed(replace(engine, detector=_BrokenDetector()), tmp_path / "data")
    assert list(failed) == ["detector"]
    assert "no such operator" in failed["detector"]


def test_templates_that_differ_each_time_are_reported(engine: Engine, tmp_path: Path) -> None:
    forgetful = replace(engine, embedder=_ForgetfulEmbedder(engine.space.dimension))
    failed = _failed(forgetful, tmp_path / "data")
    assert "the same image gives different templates" in failed["template"]


def test_a_damaged_gallery_is_reported(engine: Engine, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "reknown.db").touch(mode=0o600)
    (tmp_path / "reknown.db").write_bytes(b"no database" * 1000)
    assert list(_failed(engine, tmp_path)) == ["gallery"]


def test_a_missing_library_is_reported(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert list(_failed(engine, tmp_path / "data")) == ["libraries"]
