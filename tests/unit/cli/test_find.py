from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import InputError, NotFoundError
from reknown.cli.demo_images import GRACE, jpeg

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    Command = Callable[..., Run]


@pytest.fixture
def archive(tmp_path: Path, eileen: bytes) -> Path:
    root = tmp_path / "archive"
    root.mkdir()
    (root / "IMG_20190314_153012.jpg").write_bytes(eileen)
    (root / "same.jpg").write_bytes(eileen)
    (root / "20200101_000000.jpg").write_bytes(jpeg(GRACE.crop()))
    return root


@pytest.fixture
def enrolled(run: Command, tmp_path: Path, eileen: bytes) -> str:
    name = "Eileen <b>Collins</b>"
    folder = tmp_path / "people" / name.replace("/", "\N{DIVISION SLASH}")
    folder.mkdir(parents=True)
    (folder / "1.jpg").write_bytes(eileen)
    assert run("enroll", folder.parent).status == 0
    return folder.name


def test_somebody_enrolled_later_is_found_in_what_was_scanned(
    run: Command, archive: Path, enrolled: str
) -> None:
    scanned = run("scan", archive)
    assert scanned.status == 0
    assert "2 files with 2 faces; 1 moved or copied" in scanned.out or "3 files" in scanned.out
    (line,) = run("find", enrolled, "--json").lines
    assert [name.rsplit("/", 1)[1] for name in sorted(line["files"])] == [
        "IMG_20190314_153012.jpg",
        "same.jpg",
    ]
    assert line["similarity"] > 99
    shown = run("find", enrolled)
    assert "1 face in 1 file" in shown.out
    assert "expected false candidates" in shown.out


def test_an_image_finds_its_likes(run: Command, archive: Path, tmp_path: Path) -> None:
    run("scan", archive)
    face = tmp_path / "grace.jpg"
    face.write_bytes(jpeg(GRACE.crop()))
    (line,) = run("find", face, "--json").lines
    assert line["name"] == "20200101_000000.jpg"
    none = run("find", face, "--until", "2019-12-31", "--json")
    assert (none.status, none.out) == (1, "")
    assert len(run("find", face, "--since", "2019-12-31", "--json").lines) == 1


def test_what_is_found_is_shown_copied_and_linked(
    run: Command, archive: Path, enrolled: str, tmp_path: Path
) -> None:
    run("scan", archive)
    page, copies, links = tmp_path / "sheet.html", tmp_path / "copies", tmp_path / "links"
    assert run("find", enrolled, "--html", page, "--copy", copies, "--link", links).status == 0
    text = page.read_text()
    assert "<b>Collins" not in text.replace(f"<b>{enrolled}</b>", "")
    assert text.count("data:image/jpeg;base64,") == 1
    (copied,), (linked,) = copies.iterdir(), links.iterdir()
    assert copied.read_bytes() == linked.read_bytes()
    assert linked.is_symlink()
    assert not copied.is_symlink()


def test_who_is_not_there_is_said(run: Command, archive: Path, enrolled: str) -> None:
    with pytest.raises(NotFoundError, match="'Nobody' does not exist"):
        run("find", "Nobody")
    assert "nothing has been seen yet" in run("find", enrolled).out
    with pytest.raises(InputError, match="is not a date"):
        run("find", enrolled, "--since", "yesterday")


def test_tables_are_for_spreadsheets(
    run: Command, archive: Path, enrolled: str, tmp_path: Path
) -> None:
    scanned, found = tmp_path / "scanned.csv", tmp_path / "found.csv"
    (archive / "=1+1.jpg").write_bytes(b"no image")
    assert run("scan", archive, "--csv", scanned).status == 1
    with scanned.open(encoding="utf-8", newline="") as lines:
        rows = {row["file"]: row for row in csv.DictReader(lines)}
    refused = rows[str(archive / "=1+1.jpg")]
    assert (refused["outcome"], refused["faces"]) == ("refused", "0")
    assert run("find", enrolled, "--csv", found).status == 0
    with found.open(encoding="utf-8", newline="") as lines:
        (row,) = csv.DictReader(lines)
    assert row["copies"] == "1"
    assert row["taken from"] in ("file", "name")
    assert run("find", enrolled, "--csv", "-").out.startswith("file,copies,")


def test_one_is_no_plural(run: Command, tmp_path: Path, eileen: bytes) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "1.jpg").write_bytes(eileen)
    assert "1 file with 1 face;" in run("scan", tmp_path / "one").out
    listed = run("groups", "list").out
    assert "1 face, 1 of them new: 0 groups made" in listed
    assert "nobody unnamed was seen more than once" in listed
    assert run("sightings", "forget", tmp_path / "one").out == "forgot 1 file with 1 face\n"
