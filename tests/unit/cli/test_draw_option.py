from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]


@pytest.fixture
def images(people: Path) -> list[Path]:
    """Two images of the same name in two folders."""
    return sorted(people.rglob("*.jpg"))


def test_one_image_is_drawn_to_a_file(run: RunCommand, images: list[Path], tmp_path: Path) -> None:
    target = tmp_path / "deep" / "out.png"
    done = run("detect", images[0], "--draw", target)
    assert done.status == 0
    assert "drawn:" in done.out
    with Image.open(target) as drawn:
        assert drawn.size == (300, 300)


def test_several_images_are_drawn_to_a_folder_each_under_its_own_name(
    run: RunCommand, images: list[Path], tmp_path: Path
) -> None:
    run("detect", *images, "--draw", tmp_path / "out", "--json")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "00001-1.faces.png",
        "00002-1.faces.png",
    ]


def test_a_search_is_drawn(
    run: RunCommand, images: list[Path], people: Path, tmp_path: Path
) -> None:
    run("enroll", people)
    assert run("identify", images[0], "--draw", tmp_path / "out").status == 0
    assert (tmp_path / "out" / "1.faces.png").is_file()


def test_a_comparison_is_drawn(run: RunCommand, images: list[Path], tmp_path: Path) -> None:
    assert run("compare", images[0], images[0], "--draw", tmp_path / "out.jpg").status == 0
    assert (tmp_path / "out.jpg").is_file()


def test_several_images_are_not_drawn_to_one_file(
    run: RunCommand, images: list[Path], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="needs a folder"):
        run("detect", *images, "--draw", tmp_path / "out.png")


@pytest.mark.parametrize("number", [0, 1])
def test_no_image_is_drawn_over(run: RunCommand, images: list[Path], number: int) -> None:
    before = [path.read_bytes() for path in images]
    hidden = images[number].parent / ".." / images[number].parent.name / "1.jpg"
    with pytest.raises(InputError, match="would overwrite"):
        run("detect", images[number], "--draw", hidden)
    with pytest.raises(InputError, match="would overwrite"):
        run("compare", *images, "--draw", hidden)
    assert [path.read_bytes() for path in images] == before


def test_a_folder_of_images_is_not_drawn_over(run: RunCommand, tmp_path: Path) -> None:
    original = tmp_path / "a.png"
    Image.new("RGB", (100, 100)).save(original)
    before = original.read_bytes()
    run("detect", original, "--draw", tmp_path)
    assert original.read_bytes() == before
    assert (tmp_path / "a.faces.png").is_file()
