"""What commands say of attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from own_classifiers import LABELS, install, steady
from reknown.cli import detect as command
from reknown.cli.demo_images import EILEEN
from reknown.vision.analyze import Look
from reknown.vision.extraction import ExtractedFace, Extraction, ImageInfo
from reknown.vision.load import load_engine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]

_FILES = {name: steady(len(labels)) for name, labels in LABELS.items()}


@pytest.fixture
def packs(tmp_path: Path, cache_folder: Path) -> Path:
    """The operator's folder, where the tests' commands look."""
    install(tmp_path / "packs", cache_folder, _FILES)
    return tmp_path / "packs"


def test_a_pack_of_classifiers_is_shown_with_how_often_it_was_right(
    run: RunCommand, packs: Path
) -> None:
    out = run("models", "show", "classifiers").out
    assert "90 of 100" in out
    assert "0-19, 20-59, 60-120" in out
    assert "template space" not in out
    assert run("models", "verify", "classifiers").status == 0


def test_the_likeliest_label_of_each_classifier_is_printed(
    packs: Path, tmp_path: Path, cache_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = load_engine(install(packs, cache_folder, _FILES), "opencv")
    pixels = np.array(EILEEN.crop())
    found = tuple(map(ExtractedFace, engine.detect(pixels, Look.ATTRIBUTES)))
    height, width = pixels.shape[:2]
    command._print(
        tmp_path / "eileen.jpg",
        Extraction(ImageInfo("ab" * 32, width, height), engine.space, found),
    )
    out = capsys.readouterr().out
    assert "age range" in out
    assert "0-19 (69 %)" in out
    assert "female (75 %)" in out
