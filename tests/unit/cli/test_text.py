from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

import drawn_text
from reknown.biometrics.errors import InputError
from reknown.services import extras

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]


@pytest.fixture
def sign(tmp_path: Path) -> Path:
    path = tmp_path / "sign.png"
    Image.fromarray(drawn_text.sign("Platform 7", "mind the gap")).save(path)
    return path


def test_each_line_is_a_line(run: RunCommand, sign: Path) -> None:
    done = run("text", sign)
    title, first, second = done.out.splitlines()
    assert done.status == 0
    assert title == f"{sign}: 640 x 360 pixels, lines: 2"
    assert first.split(maxsplit=2)[::2] == ["1", "Platform 7"]
    assert second.split(maxsplit=2)[::2] == ["2", "mind the gap"]
    assert 90 < float(first.split()[1]) <= 100


def test_lines_for_machines_have_their_words(run: RunCommand, sign: Path) -> None:
    (answer,) = run("text", sign, "--json").lines
    assert (answer["width"], answer["height"], len(answer["lines"])) == (640, 360, 2)
    line = answer["lines"][1]
    assert line["text"] == "mind the gap"
    assert [word["text"] for word in line["words"]] == ["mind", "the", "gap"]
    for found in (line, *line["words"]):
        assert 0.9 < found["confidence"] <= 1
        assert len(found["outline"]) == 4
        assert found["box"]["left"] == min(corner["x"] for corner in found["outline"])


def test_an_image_without_text_is_a_negative_answer(run: RunCommand, tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    Image.new("RGB", (200, 200), "grey").save(path)
    assert run("text", path).status == 1
    assert run("text", path, tmp_path / "absent.png").status == 2


def test_outlines_are_drawn(run: RunCommand, sign: Path, tmp_path: Path) -> None:
    assert run("text", sign, "--draw", tmp_path / "out").status == 0
    with Image.open(tmp_path / "out" / "sign.text.png") as drawn, Image.open(sign) as plain:
        changed = (np.asarray(drawn) != np.asarray(plain)).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert 110 < rows.min() < 130
    assert 150 < columns.min() < 220


def test_without_the_extra_it_says_what_to_install(
    run: RunCommand, sign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'reknown\[text\]'"):
        run("text", sign)


def test_a_pack_of_text_is_none_for_faces(run: RunCommand, sign: Path) -> None:
    with pytest.raises(Exception, match="text is no pack for faces; choose from: opencv, "):
        run("detect", sign, "--pack", "text")


def test_the_pack_is_shown_without_a_template_space(run: RunCommand) -> None:
    done = run("models", "show", "text")
    assert done.status == 0
    assert "Apache-2.0" in done.out
    assert "template space" not in done.out
    (answer,) = run("models", "show", "text", "--json").lines
    assert "space" not in answer
    assert set(answer["states"].values()) == {"ready"}
