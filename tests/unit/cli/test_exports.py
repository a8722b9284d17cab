"""Tables for spreadsheets and names for photo programs, from the command line."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from portraits import nobody, pair
from reknown.biometrics.errors import InputError
from reknown.cli.exports import tabled
from reknown.cli.identify_table import COLUMNS, identify_rows
from reknown.xmp.reading import read_regions
from xmp_samples import region, regions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reknown.biometrics.errors import ReknownError
    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]

_EILEEN = (0.16, 0.12, 0.21, 0.5)


@pytest.fixture
def album(run: RunCommand, people: Path, tmp_path: Path) -> Path:
    """A photo of both people, who are enrolled, one of nobody, and one that is none."""
    assert run("enroll", people).status == 0
    folder = tmp_path / "album"
    folder.mkdir()
    (folder / "pair.jpg").write_bytes(pair())
    (folder / "nobody.jpg").write_bytes(nobody())
    (folder / "broken.jpg").write_bytes(b"no image")
    return folder


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_identify_writes_a_row_a_candidate(run: RunCommand, album: Path) -> None:
    table, photos = album / "found.csv", [album / f"{n}.jpg" for n in ("pair", "nobody", "broken")]
    done = run("identify", *photos, "--csv", table, "--json")
    assert done.status == 2
    eileen, grace, empty, broken = _rows(table.read_text(encoding="utf-8"))
    (face, _) = done.lines[0]["faces"]
    found = face["search"]["candidates"][0]
    assert eileen["image"] == str(photos[0])
    assert (eileen["status"], eileen["face"], eileen["rank"]) == ("candidate", "1", "1")
    assert eileen["candidate"] == "Eileen Collins"
    assert eileen["face_id"] == found["face_id"]
    for column in ("similarity", "score", "false_match_rate"):
        assert float(eileen[column]) == pytest.approx(found[column], rel=1e-5)
    for side in ("left", "top", "width", "height"):
        assert float(eileen[side]) == pytest.approx(face["box"][side], abs=1e-5)
    assert float(eileen["left_px"]) == round(face["box"]["left"] * 620)
    assert (grace["candidate"], grace["face"]) == ("Grace Hopper", "2")
    assert (empty["status"], empty["face"]) == ("no face", "")
    assert (broken["status"], "unknown format" in broken["reason"]) == ("error", True)


def test_a_face_without_a_candidate_has_its_row(run: RunCommand, album: Path) -> None:
    done = run("identify", album / "pair.jpg", "--score", "1", "--csv", "-")
    rows = _rows(done.out)
    assert [(row["status"], row["candidate"]) for row in rows] == [("no candidate", "")] * 2
    assert done.status == 1


def test_standard_output_has_the_table_alone(run: RunCommand, album: Path) -> None:
    done = run("identify", album / "pair.jpg", "--csv", "-", "--xmp")
    assert [row["candidate"] for row in _rows(done.out)] == ["Eileen Collins", "Grace Hopper"]
    assert done.out.startswith("image,status,")
    assert run("identify", album / "pair.jpg", "--csv", "-", "--csv-bom").out[0] == "\ufeff"


def test_names_of_people_and_files_are_no_formulas(
    run: RunCommand, people: Path, album: Path
) -> None:
    (people / "Eileen Collins").rename(people / "=cmd|' C'!A0")
    assert run("enroll", people, "-c", "odd").status == 0
    photo = (album / "pair.jpg").rename(album / "+a;=1,b.jpg")
    (row, _) = _rows(run("identify", photo, "-c", "odd", "--csv", "-").out)
    assert row["candidate"] == "'=cmd|' C'!A0"
    assert row["image"] == str(photo)


def test_a_table_is_there_whole_or_as_it_was(tmp_path: Path) -> None:
    table = tmp_path / "found.csv"
    table.write_text("before")

    def results() -> Iterator[tuple[Path, ReknownError]]:
        yield tmp_path, InputError("the first of many")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(tabled(results(), table, COLUMNS, identify_rows))
    assert table.read_text() == "before"
    assert list(tmp_path.iterdir()) == [table]
    with pytest.raises(InputError, match="cannot write"):
        list(tabled([(tmp_path, InputError("one"))], table / "below", COLUMNS, identify_rows))


def test_names_are_written_beside_the_photos(run: RunCommand, album: Path) -> None:
    photos = [album / "pair.jpg", album / "nobody.jpg"]
    done = run("identify", *photos, "--xmp")
    sidecar = album / "pair.jpg.xmp"
    assert f"written: {sidecar}: Eileen Collins, Grace Hopper" in " ".join(done.out.split())
    said = read_regions(sidecar.read_bytes())
    assert [each.name for each in said.regions] == ["Eileen Collins", "Grace Hopper"]
    assert not (album / "nobody.jpg.xmp").exists()
    first, second = run("identify", *photos, "--xmp", "--json").lines
    assert first["sidecar"] == {"path": str(sidecar), "written": [], "same": 2, "kept": []}
    assert second["sidecar"] is None
    assert "sidecar" not in run("identify", *photos, "--json").lines[0]
    assert "write names" in run("ledger").out


def test_a_name_that_is_there_stays_and_that_is_said(run: RunCommand, album: Path) -> None:
    photo, sidecar = album / "pair.jpg", album / "pair.jpg.xmp"
    sidecar.write_bytes(regions(region("Eve", _EILEEN)))
    done = run("identify", photo, "--xmp")
    said = " ".join(done.out.split())
    assert "not written: Eileen Collins: the face is named Eve already (--overwrite)" in said
    (line,) = run("identify", photo, "--xmp", "--json").lines
    assert line["sidecar"]["kept"] == [{"candidate": "Eileen Collins", "name": "Eve"}]
    assert run("identify", photo, "--xmp", "--overwrite").status == 0
    assert "Eve" not in sidecar.read_text()


def test_a_folder_for_names_takes_one_photo_of_a_name(run: RunCommand, album: Path) -> None:
    other = album / "below" / "pair.jpg"
    other.parent.mkdir()
    other.write_bytes(pair())
    folder = album / "names"
    done = run("identify", album / "pair.jpg", other, "--xmp-dir", folder)
    assert done.status == 2
    assert "names of photos must differ" in done.err
    assert [path.name for path in folder.iterdir()] == ["pair.jpg.xmp"]


@pytest.mark.parametrize(
    "options",
    [("--csv", "-", "--json"), ("--csv", "-", "--draw", "out.png"), ("--overwrite",)],
)
def test_what_makes_no_sense_together_is_said(
    options: tuple[str, ...], run: RunCommand, album: Path
) -> None:
    with pytest.raises(InputError, match=r"--csv - takes standard output|--overwrite is for"):
        run("identify", album / "pair.jpg", *options)


def test_what_photo_programs_say_is_enrolled(run: RunCommand, album: Path) -> None:
    (album / "pair.jpg.xmp").write_bytes(regions(region("Amelia", _EILEEN)))
    done = run("enroll", album, "--from-xmp", "-c", "named")
    assert done.status == 0
    assert "named: 1 person; 1 face enrolled, 0 were in already, 0 refused" in done.out
    assert "left out: 2 files without a named face" in done.err
    (line,) = run("enroll", "--from-xmp", album, "-c", "named", "--json").lines
    assert (line["subject"], line["outcome"]) == ("Amelia", "already enrolled")
    found = run("identify", album / "pair.jpg", "-c", "named", "--json").lines[0]["faces"]
    users = [[hit["user"] for hit in face["search"]["candidates"]] for face in found]
    assert users == [["Amelia"], []]


def test_names_from_identify_are_not_enrolled_as_they_are(run: RunCommand, album: Path) -> None:
    assert run("identify", album / "pair.jpg", "--xmp").status == 0
    done = run("enroll", album, "--from-xmp", "-c", "named")
    assert "0 faces enrolled" in done.out
    assert "left out: 2 names that Reknown proposed and nobody has confirmed" in done.err
