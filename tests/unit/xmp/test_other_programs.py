"""What exiftool and exiv2, which digiKam reads and writes XMP with, make of our files, and back."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from portraits import pair
from reknown.biometrics.geometry import BoundingBox
from reknown.xmp.markup import Grounds
from reknown.xmp.packets import embedded_packet
from reknown.xmp.reading import read_regions
from reknown.xmp.regions import Region, Regions
from reknown.xmp.writing import Proposal, merge
from xmp_samples import SPELT_OUT, xmp

if TYPE_CHECKING:
    from pathlib import Path

needs_exiftool = pytest.mark.skipif(
    shutil.which("exiftool") is None,
    reason="exiftool is missing: Debian's libimage-exiftool-perl",
)
needs_exiv2 = pytest.mark.skipif(shutil.which("exiv2") is None, reason="Debian's exiv2 is missing")
_NAMES = ("Zoë Müller", '王 & "Söhne" <3', "حمزة")
_SIZE = (620, 320)


def _run(*words: object) -> str:
    done = subprocess.run([*map(str, words)], capture_output=True, check=True, encoding="utf-8")
    return done.stdout


def _exiftool(path: Path) -> dict[str, Any]:
    answer = _run("exiftool", "-struct", "-json", "-charset", "filename=utf8", path)
    (found,) = json.loads(answer)
    assert isinstance(found, dict)
    return found


def _proposals() -> list[Proposal]:
    return [
        Proposal(
            Region(name, BoundingBox(0.05 + 0.3 * number, 0.3, 0.1, 0.2)),
            Grounds(0.5182, 97.314, 1.2e-5),
        )
        for number, name in enumerate(_NAMES)
    ]


def _written(path: Path, before: bytes | None = None) -> Path:
    made = merge(before, Regions(), _proposals(), _SIZE)
    assert made.data is not None
    path.write_bytes(made.data)
    return path


@needs_exiftool
@pytest.mark.parametrize("before", [None, xmp(SPELT_OUT, ' xmp:Rating="5"')])
def test_exiftool_reads_what_we_write(before: bytes | None, tmp_path: Path) -> None:
    path = _written(tmp_path / "pair.jpg.xmp", before)
    found = _exiftool(path)
    info = found["RegionInfo"]
    assert info["AppliedToDimensions"] == {"W": 620, "H": 320, "Unit": "pixel"}
    ours = info["RegionList"][-3:]
    assert tuple(each["Name"] for each in ours) == _NAMES
    assert {each["Type"] for each in ours} == {"Face"}
    assert ours[1]["Area"] == {"X": 0.4, "Y": 0.4, "W": 0.1, "H": 0.2, "Unit": "normalized"}
    assert ours[1]["Extensions"]["XMP-reknown:Status"] == "candidate"
    assert ours[1]["Extensions"]["XMP-reknown:Similarity"] == 97.31
    assert len(info["RegionList"]) == (3 if before is None else 4)
    assert found.get("Rating") == (None if before is None else 5)
    assert "OK" in _run("exiftool", "-validate", "-warning", "-a", path)


@needs_exiftool
def test_we_read_what_exiftool_writes(tmp_path: Path) -> None:
    photo, sidecar = tmp_path / "pair.jpg", tmp_path / "pair.jpg.xmp"
    photo.write_bytes(pair())
    entries = ",".join(
        f"{{Area={{X={0.1 + 0.3 * n},Y=0.4,W=0.1,H=0.2,Unit=normalized}},Name={name},Type=Face}}"
        for n, name in enumerate(("Ada", "Zoë", "王"))
    )
    info = f"{{AppliedToDimensions={{W=620,H=320,Unit=pixel}},RegionList=[{entries}]}}"
    _run("exiftool", "-q", f"-RegionInfo={info}", photo)
    _run("exiftool", "-q", "-o", sidecar, "-tagsfromfile", photo, "-xmp:all")
    packet = embedded_packet(photo.read_bytes())
    assert packet is not None
    for found in (read_regions(packet), read_regions(sidecar.read_bytes())):
        assert [each.name for each in found.labels] == ["Ada", "Zoë", "王"]
        assert found.size == _SIZE
        assert found.regions[2].box.overlap(BoundingBox(0.65, 0.3, 0.1, 0.2)) > 0.999


@needs_exiftool
def test_exiftool_carries_a_sidecar_into_the_photo_as_it_is(tmp_path: Path) -> None:
    """For programs that read no sidecars of JPEG files; a proposal stays one."""
    photo, sidecar = tmp_path / "pair.jpg", _written(tmp_path / "pair.jpg.xmp")
    photo.write_bytes(pair())
    _run("exiftool", "-q", "-tagsfromfile", sidecar, "-xmp:all", photo)
    packet = embedded_packet(photo.read_bytes())
    assert packet is not None
    found = read_regions(packet)
    assert tuple(each.name for each in found.regions) == _NAMES
    assert found.labels == ()


@needs_exiftool
def test_an_edit_by_exiftool_leaves_all_that_we_said(tmp_path: Path) -> None:
    sidecar = _written(tmp_path / "pair.jpg.xmp")
    before = _exiftool(sidecar)["RegionInfo"]
    _run("exiftool", "-q", "-Rating=4", sidecar)
    after = _exiftool(sidecar)
    assert (after["Rating"], after["RegionInfo"]) == (4, before)
    assert [each.proposed for each in read_regions(sidecar.read_bytes()).regions] == [True] * 3


@needs_exiv2
def test_exiv2_reads_what_we_write(tmp_path: Path) -> None:
    sidecar = _written(tmp_path / "pair.xmp", xmp(SPELT_OUT))
    listed = _run("exiv2", "-px", sidecar)
    names = [line.split(maxsplit=3)[3] for line in listed.splitlines() if "/mwg-rs:Name" in line]
    assert tuple(names) == ("Ada", *_NAMES)
    assert "stDim:w" in listed
