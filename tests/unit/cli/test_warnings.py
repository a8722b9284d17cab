"""What is wrong with a picture's file is said, wherever it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from reknown.cli.demo_images import EILEEN, jpeg

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]

_SIDE = "its faces do not stand upright: it was turned by 90 degrees against the clock"


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """One that lies on its side, and one whose end is missing."""
    people = tmp_path / "people" / "Eileen"
    people.mkdir(parents=True)
    on_its_side, cut = people / "side.jpg", people / "cut.jpg"
    on_its_side.write_bytes(jpeg(EILEEN.crop().transpose(Image.Transpose.ROTATE_270)))
    cut.write_bytes(jpeg(EILEEN.crop())[:-200])
    return [on_its_side, cut]


def test_detect_says_it_beside_its_answer(run: RunCommand, pictures: list[Path]) -> None:
    told = run("detect", *map(str, pictures))
    assert told.status == 0
    assert _SIDE in " ".join(told.err.split())
    assert "the file is cut off" in " ".join(told.err.split())
    lines = run("detect", "--json", *map(str, pictures)).lines
    one, other = (line["warnings"] for line in lines)
    assert one == [_SIDE]
    assert len(other) == 1


def test_enrolling_and_comparing_say_it_too(run: RunCommand, pictures: list[Path]) -> None:
    told = run("enroll", str(pictures[0].parent.parent))
    assert told.status == 0
    assert _SIDE in " ".join(told.err.split())
    compared = run("compare", *map(str, pictures))
    assert compared.status == 0
    assert f"probe image: {_SIDE}" in " ".join(compared.err.split())
    assert "reference image: the file is cut off" in " ".join(compared.err.split())
