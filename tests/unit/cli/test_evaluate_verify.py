from __future__ import annotations

import io
import json
import re
import resource
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageOps

from reknown.biometrics.errors import InputError
from reknown.cli import session

if TYPE_CHECKING:
    from collections.abc import Callable

    from unit.cli.conftest import Run


def _scores(path: Path, shift: float = 0.0) -> Path:
    rows = ["score,mated", *(f"{k / 2000 - shift},0" for k in range(1000))]
    rows += [f"{0.7 if k % 10 else 0.2},1" for k in range(100)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def portraits(people: Path) -> Path:
    """Two people, two images each, and one that cannot be read."""
    for folder in people.iterdir():
        with Image.open(io.BytesIO((folder / "1.jpg").read_bytes())) as image:
            ImageOps.mirror(image).save(folder / "2.jpg")
    (people / "Grace Hopper" / "3.jpg").write_bytes(b"no image")
    return people


def test_images_are_verified(run: Callable[..., Run], portraits: Path, tmp_path: Path) -> None:
    done = run("evaluate", "verify", portraits, "--json")
    figures = done.lines[0]
    assert done.status == 0
    assert figures["data"]["pictures"] == 5
    assert figures["failures"]["fta"]["errors"] == 1
    assert figures["failures"]["mated_comparisons"] == 2
    assert figures["unusable"]["count"] == 1
    assert str(tmp_path) not in done.out
    assert run("evaluate", "verify", portraits, "--json").out == done.out
    assert "Grace" not in run("evaluate", "verify", portraits, "--json", "--without-names").out
    assert "Images without a template" in run("evaluate", "verify", portraits).out
    asked = run("evaluate", "verify", portraits, "--json", "--similarity", "85").lines[0]
    assert [row["asked_similarity"] for row in asked["calibrated"]] == [85]
    assert asked["calibrated"][0]["fnmr"]["trials"] == 4


def test_what_is_compared_is_in_the_ledger(run: Callable[..., Run], portraits: Path) -> None:
    run("evaluate", "verify", portraits, "--json")
    run("evaluate", "calibrate", portraits, "--install", "--json")
    events = run("ledger", "--json").lines
    begun = [each["record"] for each in events if each["operation"] == "evaluate"]
    assert [each["kind"] for each in begun] == ["verify", "calibrate"]
    assert {(each["pack"], each["images"], each["people"]) for each in begun} == {("opencv", 5, 2)}
    assert len({each["manifest"] for each in begun}) == 1
    (applied,) = [each["record"] for each in events if each["operation"] == "calibrate"]
    assert applied["comparisons"] == 6


def test_a_listed_pair_outside_the_images_is_refused(
    run: Callable[..., Run], portraits: Path, tmp_path: Path
) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("fold,image_a,image_b,same\n0,../1.jpg,Grace Hopper/1.jpg,0\n", "utf-8")
    with pytest.raises(InputError, match="line 2"):
        run("evaluate", "verify", portraits, "--pairs", pairs)


def test_scores_are_verified_and_reported(run: Callable[..., Run], tmp_path: Path) -> None:
    html = tmp_path / "report.html"
    file = _scores(tmp_path / "s.csv")
    done = run("evaluate", "verify", "--scores", file, "--report", html)
    assert done.status == 0
    assert "10 of 100" in done.out
    first = html.read_bytes()
    assert b"10 of 100" in first
    run("evaluate", "verify", "--scores", file, "--report", html)
    assert html.read_bytes() == first


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "either a folder"),
        (("somewhere", "--scores", "s.csv"), "either a folder"),
        (("--scores", "s.csv", "--pack", "public-domain"), "--pack is for images"),
        (("--scores", "s.csv", "--similarity", "80"), "--similarity is for images"),
    ],
)
def test_options_that_contradict_are_refused(
    run: Callable[..., Run], arguments: tuple[str, ...], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        run("evaluate", "verify", *arguments)


@pytest.mark.parametrize(
    ("place", "message"),
    [("none/r.html", "no folder"), ("", "it is a folder"), ("scores.csv/r.html", "no folder")],
)
def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    run: Callable[..., Run], tmp_path: Path, place: str, message: str
) -> None:
    _scores(tmp_path / "scores.csv")
    for command, option in (("verify", "--report"), ("calibrate", "--write")):
        with pytest.raises(InputError, match=f"cannot write .*{message}"):
            run("evaluate", command, "nowhere", option, tmp_path / place)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("verify", "set.csv", "--pairs", "pairs.csv"), "line 2"),
        (("calibrate", "set.csv", "--worst-group", "colour"), "no group column 'colour'"),
        (("calibrate", "set.csv", "--worst-group", "sex"), "no group has 30 subjects"),
        (("groups", "set.csv", "--by", "colour"), "no group column 'colour'"),
        (("audit", "congress", "set.csv", "set.csv"), "2 subjects are in the gallery"),
        (("audit", "congress", "set.csv", "other.csv", "--by", "sex"), "no group column 'sex'"),
    ],
)
def test_what_the_list_of_images_shows_wrong_is_said_before_any_image_is_read(
    run: Callable[..., Run],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    message: str,
) -> None:
    (tmp_path / "set.csv").write_text("image,subject,sex\na.jpg,a,f\nb.jpg,b,m\n")
    (tmp_path / "other.csv").write_text("image,subject\nc.jpg,c\n")
    (tmp_path / "pairs.csv").write_text("fold,image_a,image_b,same\n0,a.jpg,none.jpg,0\n")
    monkeypatch.setattr(session, "open_engine", None)
    places = [tmp_path / word if word.endswith(".csv") else word for word in words]
    with pytest.raises(InputError, match=message):
        run("evaluate", *places)


def test_a_disk_that_is_full_is_one_line(run: Callable[..., Run], tmp_path: Path) -> None:
    file = _scores(tmp_path / "scores.csv")
    with pytest.raises(InputError, match="cannot write /dev/full: no space left"):
        run("evaluate", "verify", "--scores", file, "--report", "/dev/full")


def test_a_report_that_does_not_fit_leaves_the_last_one_whole(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    file, html = _scores(tmp_path / "scores.csv"), tmp_path / "report.html"
    run("evaluate", "verify", "--scores", file, "--report", html)
    before, limits = html.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        with pytest.raises(InputError, match=r"cannot write .*: file too large"):
            run("evaluate", "verify", "--scores", file, "--report", html)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert html.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} >= {"report.html", "scores.csv"}
    assert not list(tmp_path.glob("*.part"))


def test_one_person_is_too_few(run: Callable[..., Run], people: Path) -> None:
    for image in (people / "Grace Hopper").iterdir():
        image.unlink()
    (people / "Grace Hopper").rmdir()
    with pytest.raises(InputError):
        run("evaluate", "verify", people)


@pytest.mark.parametrize("pack", ["mine", "opencv", "public-domain"])
def test_a_calibration_is_written_installed_and_shown(
    run: Callable[..., Run], tmp_path: Path, pack: str
) -> None:
    file, block = _scores(tmp_path / "s.csv"), tmp_path / "block.toml"
    own = tmp_path / "packs" / "mine.toml"
    if pack == "mine":
        own.parent.mkdir()
        own.write_text(_builtin().replace('name = "opencv"', 'name = "mine"'), "utf-8")
    arguments = ("evaluate", "calibrate", "--scores", file, "--dataset", "made up")
    assert "--install puts it" in run(*arguments, "--pack", pack, "--write", block).out
    assert "made up" not in run("models", "show", pack).out
    run(*arguments, "--pack", pack, "--install")
    installed = own.with_name(f"{pack}.calibration")
    assert installed.read_text("utf-8") == block.read_text("utf-8")
    shown = run("models", "show", pack).out
    assert "calibrated on made up: 1,000 comparisons" in shown
    assert "95 % interval" in shown
    assert str(installed) in "".join(shown.splitlines())
    planned = ("evaluate", "identify", "--pack", pack, "--gallery-size", 2, "--fpir", 0.1)
    assert "Calibrated on made up" in run(*planned).out
    installed.unlink()
    assert "calibrated on LFW view 2" in run("models", "show", pack).out


def test_a_calibration_that_cannot_be_kept_is_refused(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    file, block = _scores(tmp_path / "s.csv"), tmp_path / "block.toml"
    with pytest.raises(InputError, match="name it with --pack"):
        run("evaluate", "calibrate", "--scores", file, "--write", block)
    (tmp_path / "packs").write_text("no folder")
    with pytest.raises(InputError, match=r"cannot write .*public-domain\.calibration: "):
        run("evaluate", "calibrate", "--scores", file, "--pack", "public-domain", "--install")


def _builtin() -> str:
    """The manifest of the default pack."""
    folder = Path(session.__file__).parents[1] / "vision" / "packs" / "builtin"
    return (folder / "opencv.toml").read_text("utf-8")


def test_packs_without_stored_counts_are_shown(run: Callable[..., Run], tmp_path: Path) -> None:
    text = (
        _builtin().replace('name = "opencv"', 'name = "mine"').split("\n[[calibration.checks]]")[0]
    )
    for counted in ("false_matches", "low", "high"):
        text = re.sub(rf"^{counted} = \[[^]]*\]\n", "", text, flags=re.MULTILINE)
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "mine.toml").write_text(text, "utf-8")
    shown = run("models", "show", "mine").out
    assert "calibrated on LFW view 2" in shown
    assert "This calibration was stored without counts and intervals." in shown
    assert "other images" not in shown
    assert "stored without counts" not in run("models", "show", "opencv").out


def test_two_systems_are_compared(run: Callable[..., Run], tmp_path: Path) -> None:
    one, two = _scores(tmp_path / "one.csv"), _scores(tmp_path / "two.csv", 0.4)
    done = run("evaluate", "compare", "--scores", one, "--scores", two, "--fmr", "0.01", "--json")
    point = json.loads(done.out)["points"][0]
    assert point["first"]["fnmr"]["errors"] == 10
    assert point["second"]["fnmr"]["errors"] == 0
    assert point["missed_by_first_alone"] == 10
    text = run("evaluate", "compare", "--scores", one, "--scores", two).out
    assert "two misses fewer" in text


def test_without_packs_the_default_one_is_compared_with_the_former(
    run: Callable[..., Run], people: Path
) -> None:
    for folder in people.iterdir():
        with Image.open(io.BytesIO((folder / "1.jpg").read_bytes())) as image:
            ImageOps.mirror(image).save(folder / "2.jpg")
    figures = run("evaluate", "compare", people, "--fmr", 0.9, "--json").lines[0]
    assert (figures["first"], figures["second"]) == ("opencv", "public-domain")
    named = ("--pack", "public-domain", "--pack", "opencv")
    figures = run("evaluate", "compare", people, *named, "--fmr", 0.9, "--json").lines[0]
    assert (figures["first"], figures["second"]) == ("public-domain", "opencv")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "either a folder"),
        (("--scores", "s.csv"), "give --scores twice"),
        (("--scores", "s.csv", "--pack", "x"), "--pack is for images"),
        (("folder", "--pack", "public-domain"), "give --pack twice"),
        (("folder", "--fmr", "0"), "between 0 and 1"),
    ],
)
def test_a_comparison_needs_two_systems(
    run: Callable[..., Run], arguments: tuple[str, ...], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        run("evaluate", "compare", *arguments)
