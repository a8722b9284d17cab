"""A calibration's thresholds on other images: `evaluate calibrate --check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import ImageOps

from reknown.biometrics.errors import InputError
from reknown.cli import session
from reknown.cli.demo_images import EILEEN, GRACE, jpeg
from reknown.vision.packs.manifest import read_calibration

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    """Similarity 50, one false match in a hundred, is a score that both portraits reach."""
    rows = ["score,mated", *(f"{k / 1e4 - 0.1},0" for k in range(1000))]
    path = tmp_path / "scores.csv"
    path.write_text("\n".join([*rows, "0.9,1"]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def portraits(tmp_path: Path) -> Path:
    """Two images each of two people who are in one group and in two others."""
    rows = ["image,subject,of,name"]
    for portrait, name in ((EILEEN, "Eileen"), (GRACE, "Grace")):
        image = portrait.crop()
        for number, shown in enumerate((image, ImageOps.mirror(image))):
            (tmp_path / f"{name}{number}.jpg").write_bytes(jpeg(shown))
            rows.append(f"{name}{number}.jpg,{name},demo,{name}")
    path = tmp_path / "demo.set.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def _calibrate(scores: Path, *words: object) -> list[object]:
    return ["evaluate", "calibrate", "--scores", scores, "--pack", "opencv", *words]


def test_the_counts_are_shown_kept_and_given_to_machines(
    run: RunCommand, scores: Path, portraits: Path, tmp_path: Path
) -> None:
    block = tmp_path / "block.toml"
    words = _calibrate(scores, "--check", portraits, "--check-dataset", "two of the demo")
    done = run(*words, "--write", block)
    assert done.status == 0
    assert "The same thresholds on two of the demo" in done.out
    assert "4 of 4" in done.out
    everybody, group = read_calibration(block).checks  # nobody is alone in a group of one
    assert (everybody.group, group.group) == ("everybody", "of: demo")
    for check in (everybody, group):
        assert (check.dataset, check.people, check.comparisons) == ("two of the demo", 2, 4)
        assert (check.similarities[0], check.false_matches[0]) == (50, 4)
    (figures,) = run(*words, "--json").lines
    assert [check["group"] for check in figures["checks"]] == ["everybody", "of: demo"]
    fmr = figures["checks"][0]["points"][0]["fmr"]
    assert (fmr["errors"], fmr["trials"]) == (4, 4)


def test_without_a_name_of_their_own_the_images_are_called_as_their_file(
    run: RunCommand, scores: Path, portraits: Path, tmp_path: Path
) -> None:
    block = tmp_path / "block.toml"
    assert run(*_calibrate(scores, "--check", portraits, "--write", block)).status == 0
    assert {check.dataset for check in read_calibration(block).checks} == {"demo.set"}


def test_the_folder_one_is_in_has_a_name_too(
    run: RunCommand,
    scores: Path,
    people: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for portrait, name in ((EILEEN, "Eileen Collins"), (GRACE, "Grace Hopper")):
        (people / name / "2.jpg").write_bytes(jpeg(ImageOps.mirror(portrait.crop())))
    block = tmp_path / "block.toml"
    monkeypatch.chdir(people)
    assert run(*_calibrate(scores, "--check", ".", "--write", block)).status == 0
    assert read_calibration(block).checks[0].dataset


def test_without_a_check_there_are_no_counts(run: RunCommand, scores: Path, tmp_path: Path) -> None:
    block = tmp_path / "block.toml"
    done = run(*_calibrate(scores, "--write", block))
    assert (done.status, "The same thresholds" in done.out) == (0, False)
    assert read_calibration(block).checks == ()
    assert run(*_calibrate(scores, "--json")).lines[0]["checks"] == []


@pytest.mark.parametrize("source", [("people",), ("--scores", "scores.csv", "--pack", "opencv")])
@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("none.csv", "none.csv"),
        ("wrong.csv", "line 2"),
        ("alone.csv", "two|subject|person|people"),
    ],
)
def test_what_is_wrong_with_the_checks_images_is_said_before_any_image_is_read(
    run: RunCommand,
    scores: Path,
    people: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: tuple[str, ...],
    check: str,
    message: str,
) -> None:
    (scores.parent / "wrong.csv").write_text("image,subject\n../a.jpg,a\n")
    (scores.parent / "alone.csv").write_text("image,subject\na.jpg,a\nb.jpg,a\n")
    monkeypatch.chdir(scores.parent)
    monkeypatch.setattr(session, "open_engine", None)
    with pytest.raises(InputError, match=message):
        run("evaluate", "calibrate", *source, "--check", check)


def test_scores_of_an_unnamed_system_are_not_checked_with_the_default_pack(
    run: RunCommand, scores: Path, portraits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "open_engine", None)
    with pytest.raises(InputError, match="--pack"):
        run("evaluate", "calibrate", "--scores", scores, "--check", portraits)


def test_the_packs_show_what_their_thresholds_come_to_on_other_people(run: RunCommand) -> None:
    for pack, at_80 in (("opencv", "14 of 20,604"), ("public-domain", "9 of 20,604")):
        shown = run("models", "show", pack).out
        assert "the same thresholds on other images: Face Research Lab London Set" in shown
        assert at_80 in shown
        assert "gender: female" in shown
        (line,) = run("models", "show", pack, "--json").lines
        everybody = line["calibration"]["checks"][0]
        assert (everybody["group"], everybody["comparisons"]) == ("everybody", 20604)


def test_counts_that_were_installed_are_shown_in_place_of_the_packs(
    run: RunCommand, scores: Path, portraits: Path, tmp_path: Path
) -> None:
    run(*_calibrate(scores, "--check", portraits, "--install"))
    installed = tmp_path / "packs" / "opencv.calibration"
    text = installed.read_text("utf-8")
    head, *checks = text.split("\n[[calibration.checks]]\n")
    assert len(checks) == 2
    everybody = "\n".join(
        [
            'dataset = "two\\u001b[31m of the demo"',
            'group = "everybody"',
            "people = 2",
            "comparisons = 40",
            "similarities = [50.0, 80.0]",
            "false_matches = [4, 1]",
            "low = [0.0, 0.001]",
            "high = [1.0, 0.25]",
        ]
    )
    installed.write_text(f"{head}\n[[calibration.checks]]\n{everybody}\n", "utf-8")
    shown = run("models", "show", "opencv").out
    assert "the same thresholds on other images: two\ufffd[31m of the demo" in shown
    assert "1 of 40" in shown
    assert "0.001 to 0.25" in shown
    assert "4 of 40" not in shown  # nobody would choose 50
    assert "London" not in shown
    (line,) = run("models", "show", "opencv", "--json").lines
    assert line["calibration"]["checks"][0]["false_matches"] == [4, 1]
