"""Lists of pictures given to commands, and what these say of wrong ones."""

from __future__ import annotations

import csv
import re
import subprocess
from shutil import which
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageOps

from portraits import pair
from reknown.biometrics.errors import InputError
from reknown.cli.demo_images import jpeg

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]

EILEEN, GRACE = "Eileen Collins", "Grace Hopper"


@pytest.fixture
def table(tmp_path: Path, people: Path) -> Callable[..., Path]:
    """Writes a list of the two portraits, beside neither, with paths from `root` or absolute."""

    def write(root: Path | None, separator: str = ",", encoding: str = "utf-8") -> Path:
        rows = [["image", "subject", "group"]]
        for name in (EILEEN, GRACE):
            path = people / name / "1.jpg"
            rows.append([str(path if root is None else path.relative_to(root)), name, name])
        file = tmp_path / "lists" / "people.csv"
        file.parent.mkdir(exist_ok=True)
        lines = "".join(separator.join(row) + "\r\n" for row in rows)
        file.write_bytes(lines.encode(encoding))
        return file

    return write


@pytest.mark.parametrize("absolute", [True, False])
def test_people_are_enrolled_from_a_list(
    run: RunCommand, people: Path, table: Callable[..., Path], absolute: bool
) -> None:
    """As Excel writes it in much of Europe."""
    words: list[object] = [table(None if absolute else people, ";", "cp1252")]
    if not absolute:
        missing = run("enroll", *words, "--json")
        assert (missing.status, {line["outcome"] for line in missing.lines}) == (1, {"refused"})
        words += ["--root", people]
    done = run("enroll", *words, "--json")
    assert done.status == 0
    assert [line["subject"] for line in done.lines] == [EILEEN, GRACE]
    assert {face["user"] for face in run("faces", "list", "--json").lines} == {EILEEN, GRACE}


@pytest.fixture
def doubled(people: Path, table: Callable[..., Path]) -> Callable[..., Path]:
    """Two images of each person."""

    def write(root: Path | None) -> Path:
        for name in (EILEEN, GRACE):
            image = Image.open(people / name / "1.jpg")
            (people / name / "2.jpg").write_bytes(jpeg(ImageOps.mirror(image)))
        file = table(root)
        header, _, rows = file.read_text().partition("\n")
        file.write_text(f"{header}\n{rows}{rows.replace('1.jpg', '2.jpg')}")
        return file

    return write


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("command", ["verify", "groups", "identify"])
def test_lists_are_evaluated(
    run: RunCommand, people: Path, doubled: Callable[..., Path], command: str, absolute: bool
) -> None:
    words: list[object] = ["evaluate", command, doubled(None if absolute else people), "--json"]
    if not absolute:
        with pytest.raises(InputError, match="no such file"):
            run(*words)
        words += ["--root", people]
    assert run(*words).status == 0


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("command", ["compare", "calibrate"])
def test_lists_are_too_short_for_some(
    run: RunCommand, people: Path, doubled: Callable[..., Path], command: str, absolute: bool
) -> None:
    """That they count four comparisons shows that all images were read."""
    words: list[object] = ["evaluate", command, doubled(None if absolute else people)]
    words += ["--pack", "opencv"] * (2 if command == "compare" else 1)
    with pytest.raises(InputError, match="4 non-mated comparisons"):
        run(*words, *([] if absolute else ["--root", people]))


def test_a_calibration_is_checked_on_a_list(
    run: RunCommand, people: Path, doubled: Callable[..., Path], tmp_path: Path
) -> None:
    scores = tmp_path / "scores.csv"
    rows = "".join(f"{k / 1e4},0\n" for k in range(1000))
    scores.write_text(f"score,mated\n{rows}0.9,1\n")
    words = ["evaluate", "calibrate", "--scores", scores, "--pack", "opencv", "--check"]
    assert "4 of 4" in run(*words, doubled(people), "--root", people).out
    assert "4 of 4" not in run(*words, doubled(people)).out


def test_two_lists_have_one_root(run: RunCommand, people: Path, table: Callable[..., Path]) -> None:
    text = table(people).read_text().splitlines()
    lists = [people.parent / f"{number}.csv" for number in (1, 2)]
    for number, file in enumerate(lists, 1):
        file.write_text("\n".join([text[0], text[number]]))
    words = ["evaluate", "audit", "congress", *lists, "--json"]
    with pytest.raises(InputError, match="no image of the gallery gave a template"):
        run(*words)
    assert run(*words, "--root", people).status == 0
    with pytest.raises(InputError, match="--root is for a CSV file"):
        run("evaluate", "audit", "congress", people, people, "--root", people)


@pytest.mark.parametrize(
    "words",
    [
        ["verify", "--scores", "s.csv"],
        ["groups", "--fmr", "0.1", "--scores", "s.csv"],
        ["calibrate", "--scores", "s.csv"],
        ["compare", "--scores", "s.csv", "--scores", "s.csv"],
    ],
)
def test_scores_have_no_root(run: RunCommand, tmp_path: Path, words: list[str]) -> None:
    with pytest.raises(InputError, match="--root is for images: leave it out with --scores"):
        run("evaluate", *words, "--root", tmp_path)


def test_what_is_no_list(run: RunCommand, people: Path, tmp_path: Path) -> None:
    photo = people / GRACE / "1.jpg"
    for command in (["enroll"], ["evaluate", "verify"]):
        with pytest.raises(InputError, match=r"1\.jpg is an image: give the folder"):
            run(*command, photo)
        with pytest.raises(InputError, match="--root is for a CSV file"):
            run(*command, people, "--root", tmp_path)


@pytest.mark.parametrize("machine", [True, False])
def test_whose_face_is_meant_can_be_said_as_told(
    run: RunCommand, tmp_path: Path, machine: bool
) -> None:
    folder = tmp_path / "photos"
    for name in (EILEEN, GRACE):
        (folder / name).mkdir(parents=True)
        (folder / name / "both.jpg").write_bytes(pair())
    refused = run("enroll", folder, "--json")
    assert refused.status == 1
    for line, other in zip(refused.lines, (GRACE, EILEEN), strict=True):
        assert f"given as {other}" in line["reason"]
        assert "`reknown detect`" in line["reason"]
    columns = re.search(r"columns (\S+) ", refused.lines[0]["reason"])
    assert columns is not None
    places = _places(run, folder / EILEEN / "both.jpg", machine=machine)
    file = folder / "people.csv"
    with file.open("w", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(columns[1].split(","))
        for name, place in zip((EILEEN, GRACE), places, strict=True):
            writer.writerow([f"{name}/both.jpg", name, *place])
    assert run("enroll", file).status == 0
    faces = run("faces", "list", "--json").lines
    by_place = sorted((face["box"]["left"], face["user"]) for face in faces)
    assert [name for _, name in by_place] == [EILEEN, GRACE]
    for again in (file, folder):
        assert run("enroll", again).status == 0
    assert len(run("faces", "list", "--json").lines) == 2


def _places(run: RunCommand, photo: Path, *, machine: bool) -> list[list[str]]:
    """Left, top, width and height of each face from left to right, copied from what is shown."""
    if machine:
        (found,) = run("detect", photo, "--json").lines
        boxes = [face["box"] for face in found["faces"]]
        shown = [[str(box[side]) for side in ("left", "top", "width", "height")] for box in boxes]
    else:
        rows = re.findall(r"(?m)^\s+\d+\s+(\d+)\s+(\d+)\s+(\d+) x (\d+)", run("detect", photo).out)
        shown = [list(row) for row in rows]
    return sorted(shown, key=lambda place: float(place[0]))


@pytest.mark.skipif(which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_list_that_libreoffice_has_saved(
    run: RunCommand, people: Path, table: Callable[..., Path], tmp_path: Path, separator: str
) -> None:
    source = table(people)
    source.rename(source.with_name("source.csv"))
    # separator, quote, Windows-1252: https://help.libreoffice.org/latest/en-US/text/shared/guide/csv_params.html
    words = ["soffice", f"-env:UserInstallation=file://{tmp_path}/office", "--headless"]
    words += ["--convert-to", f"csv:Text - txt - csv (StarCalc):{ord(separator)},34,1,1"]
    words += ["--outdir", str(tmp_path / "saved"), str(source.with_name("source.csv"))]
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    saved = tmp_path / "saved" / "source.csv"
    assert separator.encode() in saved.read_bytes()
    done = run("enroll", saved, "--root", people)
    assert done.status == 0
