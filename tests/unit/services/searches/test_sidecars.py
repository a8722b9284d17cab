from __future__ import annotations

import shutil
import stat
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from contexts import events
from portraits import nobody, pair, rotated
from reknown.biometrics.errors import InputError
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.ledger import log
from reknown.ledger.records import IdentifyRecord, WriteNamesRecord
from reknown.services.galleries.enrolment import GroupImage, enrol_group
from reknown.services.searches.images import identify
from reknown.services.searches.search import Query
from reknown.services.searches.sidecars import Sidecar, SidecarChoice, write_names
from reknown.xmp.reading import read_regions
from reknown.xmp.regions import turned
from xmp_samples import region, regions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reknown.services.context import Context
    from reknown.services.searches.images import Identification

    Identified = Callable[[Path], Identification]

_TURNED = {6: Image.Transpose.ROTATE_90, 3: Image.Transpose.ROTATE_180}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "album" / "pair.jpg"
    path.parent.mkdir()
    path.write_bytes(pair())
    return path


@pytest.fixture
def sidecar(photo: Path) -> Path:
    return photo.with_name("pair.jpg.xmp")


@pytest.fixture
def identified(
    context: Context,
    collection: str,
    enrol: Callable[..., object],
    eileen: bytes,
    grace: bytes,
) -> Identified:
    """Searches with a photo for both people."""
    enrol(eileen)
    enrol(grace, "Grace Hopper")
    return lambda path: identify(context, Query(collection), path)


def test_each_face_gets_its_best_candidates_name(
    context: Context, identified: Identified, photo: Path, sidecar: Path
) -> None:
    found = identified(photo)
    written = write_names(context, photo, found)
    assert written == Sidecar(sidecar, ("Eileen Collins", "Grace Hopper"))
    said = read_regions(sidecar.read_bytes())
    assert said.size == (620, 320)
    for (face, row), each in zip(found.faces(), said.regions, strict=True):
        assert (each.name, each.proposed) == (row.candidates[0].user, True)
        assert each.box.overlap(face.box) > 0.999
    assert write_names(context, photo, found) == Sidecar(sidecar, same=2)


@pytest.mark.parametrize("orientation", _TURNED)
def test_regions_are_of_the_image_as_it_is_stored(
    orientation: int, context: Context, identified: Identified, photo: Path, sidecar: Path
) -> None:
    photo.write_bytes(rotated(pair(), orientation, _TURNED[orientation]))
    found = identified(photo)
    write_names(context, photo, found)
    said = read_regions(sidecar.read_bytes())
    assert said.size == ((320, 620) if orientation == 6 else (620, 320))
    for (face, _), each in zip(found.faces(), said.regions, strict=True):
        assert turned(each.box, orientation).overlap(face.box) > 0.999
        assert each.box.overlap(face.box) < 0.1


def test_the_ledger_has_what_was_written_and_no_name(
    context: Context, identified: Identified, photo: Path
) -> None:
    found = identified(photo)
    write_names(context, photo, found)
    *_, search, names = events(context)
    assert isinstance(search.record, IdentifyRecord)
    assert isinstance(names.record, WriteNamesRecord)
    assert names.collection == "people"
    assert names.record.image_sha256 == search.record.probe.sha256
    assert names.record.written == tuple(row[0] for row in search.record.candidates)
    write_names(context, photo, found)  # which writes nothing
    assert events(context)[-1] == names


def test_another_name_stays_unless_it_is_to_be_overwritten(
    context: Context, identified: Identified, photo: Path, sidecar: Path
) -> None:
    found = identified(photo)
    ((face, _), _) = found.faces()
    box = (face.box.left, face.box.top, face.box.width, face.box.height)
    before = regions(region("Somebody Else", box))
    sidecar.write_bytes(before)
    kept = write_names(context, photo, found)
    assert kept.kept == (("Eileen Collins", "Somebody Else"),)
    assert kept.written == ("Grace Hopper",)
    assert [each.name for each in read_regions(sidecar.read_bytes()).labels] == ["Somebody Else"]
    over = write_names(context, photo, found, SidecarChoice(overwrite=True))
    assert (over.written, over.same, over.kept) == (("Eileen Collins",), 1, ())
    assert read_regions(sidecar.read_bytes()).labels == ()
    record = events(context)[-1].record
    assert isinstance(record, WriteNamesRecord)
    assert record.replaced == 1


def test_names_in_another_sidecar_count_and_are_carried_along(
    context: Context, identified: Identified, photo: Path, sidecar: Path
) -> None:
    found = identified(photo)
    ((face, _), _) = found.faces()
    box = (face.box.left, face.box.top, face.box.width, face.box.height)
    photo.with_suffix(".xmp").write_bytes(regions(region("Somebody Else", box)))
    assert write_names(context, photo, found).kept == (("Eileen Collins", "Somebody Else"),)
    names = [each.name for each in read_regions(sidecar.read_bytes()).regions]
    assert names == ["Somebody Else", "Grace Hopper"]


def test_a_folder_of_its_own_leaves_the_album_alone(
    context: Context, identified: Identified, photo: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "names" / "deep"
    written = write_names(context, photo, identified(photo), SidecarChoice(folder))
    assert written.path == folder / "pair.jpg.xmp"
    assert list(photo.parent.iterdir()) == [photo]


def test_rights_stay_and_nothing_goes_through_links(
    context: Context, identified: Identified, photo: Path, sidecar: Path, tmp_path: Path
) -> None:
    found = identified(photo)
    sidecar.write_bytes(regions())
    sidecar.chmod(0o640)
    write_names(context, photo, found)
    assert stat.S_IMODE(sidecar.stat().st_mode) == 0o640
    other = tmp_path / "elsewhere.xmp"
    for target in (other, tmp_path / "nowhere.xmp"):
        other.write_bytes(regions())
        sidecar.unlink()
        sidecar.symlink_to(target)
        with pytest.raises(InputError, match="it is a link"):
            write_names(context, photo, found)
        assert other.read_bytes() == regions()
        assert not (tmp_path / "nowhere.xmp").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no XML at all", "not XML"),
        (b"<svg/>", "not XMP"),
        (regions(width=500, height=500), "another shape"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "document type"),
        (b" " * (2**20 + 1), "more than 1,048,576 bytes"),
    ],
)
def test_a_sidecar_that_makes_no_sense_is_not_touched(
    content: bytes, message: str, context: Context, identified: Identified, photo: Path
) -> None:
    sidecar = photo.with_name("pair.jpg.xmp")
    sidecar.write_bytes(content)
    found = identified(photo)
    with pytest.raises(InputError, match=message):
        write_names(context, photo, found)
    assert sidecar.read_bytes() == content
    assert not isinstance(events(context)[-1].record, WriteNamesRecord)


def test_a_photo_that_changed_meanwhile_gets_no_names(
    context: Context, identified: Identified, photo: Path, sidecar: Path, eileen: bytes
) -> None:
    found = identified(photo)
    photo.write_bytes(eileen)
    with pytest.raises(InputError, match="changed since"):
        write_names(context, photo, found)
    assert not sidecar.exists()


def test_what_another_program_writes_meanwhile_is_not_lost(
    context: Context,
    identified: Identified,
    photo: Path,
    sidecar: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, record = identified(photo), log.record

    def record_late(*arguments: Any) -> None:
        sidecar.write_bytes(regions(region("Somebody Else", (0, 0, 0.1, 0.1))))
        record(*arguments)

    monkeypatch.setattr(log, "record", record_late)
    with pytest.raises(InputError, match="changed by another program"):
        write_names(context, photo, found)
    assert [each.name for each in read_regions(sidecar.read_bytes()).labels] == ["Somebody Else"]
    assert sorted(photo.parent.iterdir()) == [photo, sidecar]


def test_who_has_no_name_or_no_candidate_leaves_no_file(
    context: Context, collection: str, photo: Path, sidecar: Path
) -> None:
    enrol_group(context, collection, GroupImage(pair()))
    nameless = identify(context, Query(collection), photo)
    assert all(row.candidates for _, row in nameless.faces())
    strict = identify(context, Query(collection, ThresholdChoice(score=1.0)), photo)
    empty = photo.with_name("nobody.jpg")
    empty.write_bytes(nobody())
    without = identify(context, Query(collection), empty)
    for path, found in ((photo, nameless), (photo, strict), (empty, without)):
        assert write_names(context, path, found) == Sidecar()
    assert sorted(photo.parent.iterdir()) == [empty, photo]


def test_a_folder_that_cannot_be_written_is_named(
    context: Context, identified: Identified, photo: Path, tmp_path: Path
) -> None:
    found = identified(photo)
    shutil.copy(photo, tmp_path / "file")
    with pytest.raises(InputError, match="cannot write"):
        write_names(context, photo, found, SidecarChoice(tmp_path / "file"))
