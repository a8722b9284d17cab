from __future__ import annotations

import os
import shutil
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from contexts import events
from reknown.biometrics.errors import InputError
from reknown.biometrics.sightings import MediumKind, TimeSource
from reknown.ledger.records import ForgetFilesRecord, KeepSightingsRecord
from reknown.services.archive import scan as scanning
from reknown.services.archive.scan import (
    ScanOutcome,
    ScanRequest,
    ScanTally,
    count_work,
    forget,
    scan,
)
from reknown.services.archive.sightings import list_sightings
from reknown.services.archive.survey import EMPTY, OTHERS
from reknown.vision.folders import HIDDEN, LINKS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reknown.services.archive.scan import ScannedFile
    from reknown.services.context import Context

    Scan = Callable[..., tuple[dict[str, ScannedFile], ScanTally]]


@pytest.fixture
def scan_it(context: Context, archive: Path) -> Scan:
    def scan_once(*places: Path, **wishes: object) -> tuple[dict[str, ScannedFile], ScanTally]:
        tally = ScanTally()
        request = ScanRequest(places or (archive,), "people", **wishes)  # type: ignore[arg-type]
        found = {file.path.name: file for file in scan(context, request, tally)}
        return found, tally

    return scan_once


def outcomes(found: dict[str, ScannedFile]) -> dict[str, ScanOutcome]:
    return {name: file.outcome for name, file in found.items()}


def seen(context: Context) -> list[tuple[str, list[str]]]:
    return sorted(
        (record.sighting.medium.name, sorted(os.path.basename(name) for name in record.files))
        for record in list_sightings(context, "people")
    )


def test_every_face_is_kept_once(context: Context, archive: Path, scan_it: Scan) -> None:
    assert count_work(context, ScanRequest((archive,), "people"))[0] == 4
    found, tally = scan_it()
    assert outcomes(found) == {
        "IMG_20190314_153012.jpg": ScanOutcome.SEEN,
        "copy of it.jpg": ScanOutcome.SEEN,
        "grace.JPG": ScanOutcome.SEEN,
        "broken.jpg": ScanOutcome.REFUSED,
    }
    assert found["grace.JPG"].faces == found["grace.JPG"].fit == 1
    assert "cut off" in found["broken.jpg"].reason
    assert tally.survey.left_out == Counter({HIDDEN: 2, OTHERS: 1, LINKS: 1, EMPTY: 1})
    names = [files for _, files in seen(context)]
    assert names == [["IMG_20190314_153012.jpg", "copy of it.jpg"], ["grace.JPG"]]


def test_what_is_kept_tells_where_and_when(context: Context, archive: Path, scan_it: Scan) -> None:
    scan_it(archive / "2019" / "IMG_20190314_153012.jpg")
    (record,) = list_sightings(context, "people")
    medium = record.sighting.medium
    assert (medium.kind, medium.name) == (MediumKind.IMAGE, "IMG_20190314_153012.jpg")
    assert medium.taken is not None
    assert medium.taken.source is not TimeSource.FILE
    assert record.files == (str(archive / "2019" / "IMG_20190314_153012.jpg"),)
    assert (record.sighting.fit, record.expires_at) == (True, None)
    (event,) = events(context, "keep sightings")
    assert event.record == KeepSightingsRecord(
        (medium.sha256,), (record.sighting.sighting_id,), 0, None
    )


def test_a_second_scan_reads_nothing(context: Context, archive: Path, scan_it: Scan) -> None:
    scan_it()
    for path in archive.rglob("*.jpg"):
        path.chmod(0)
    found, tally = scan_it()
    assert (found, tally.survey.unchanged, tally.gone) == ({}, 4, 0)
    assert len(events(context, "keep sightings")) == 1


def test_what_was_moved_is_found_again(context: Context, archive: Path, scan_it: Scan) -> None:
    scan_it()
    (archive / "party").rename(archive / "feast")
    before = {record.sighting.sighting_id for record in list_sightings(context, "people")}
    found, tally = scan_it()
    assert outcomes(found) == {"grace.JPG": ScanOutcome.MOVED, "broken.jpg": ScanOutcome.REFUSED}
    assert (tally.gone, tally.forgotten) == (2, 0)
    after = list(list_sightings(context, "people"))
    assert {record.sighting.sighting_id for record in after} == before
    assert any(str(archive / "feast" / "grace.JPG") in record.files for record in after)


def test_what_is_gone_is_forgotten(context: Context, archive: Path, scan_it: Scan) -> None:
    scan_it()
    (archive / "2019" / "copy of it.jpg").unlink()
    assert scan_it()[1].forgotten == 0
    shutil.rmtree(archive / "2019")
    _, tally = scan_it()
    assert (tally.gone, tally.forgotten) == (1, 1)
    assert [files for _, files in seen(context)] == [["grace.JPG"]]
    record = events(context, "forget files")[-1].record
    assert isinstance(record, ForgetFilesRecord)
    assert (record.files, len(record.sightings)) == (1, 1)


def test_a_scan_of_a_part_forgets_nothing_else(
    context: Context, archive: Path, scan_it: Scan
) -> None:
    scan_it()
    _, tally = scan_it(archive / "party")
    assert (tally.gone, tally.survey.unchanged) == (0, 2)
    assert len(seen(context)) == 2


def test_an_empty_place_of_before_is_a_drive_that_is_not_there(
    context: Context, archive: Path, scan_it: Scan
) -> None:
    scan_it()
    shutil.rmtree(archive)
    archive.mkdir()
    with pytest.raises(InputError, match="mounted"):
        scan_it()
    assert len(seen(context)) == 2


def test_a_file_that_was_changed_is_looked_at_anew(
    context: Context, archive: Path, scan_it: Scan, grace: bytes
) -> None:
    scan_it()
    (archive / "2019" / "copy of it.jpg").write_bytes(grace)
    assert outcomes(scan_it()[0]) == {"copy of it.jpg": ScanOutcome.MOVED}
    names = [files for _, files in seen(context)]
    assert names == [["IMG_20190314_153012.jpg"], ["copy of it.jpg", "grace.JPG"]]


def test_what_was_refused_is_tried_again_when_told_to(archive: Path, scan_it: Scan) -> None:
    scan_it()
    assert scan_it()[0] == {}
    assert outcomes(scan_it(again=True)[0]) == {"broken.jpg": ScanOutcome.REFUSED}


def test_what_was_done_before_an_end_is_not_done_again(
    context: Context, archive: Path, scan_it: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "_BATCH_FILES", 1)
    running = scan(context, ScanRequest((archive,), "people"), ScanTally())
    first = next(running)
    running.close()  # type: ignore[attr-defined]
    assert first.path.name not in scan_it()[0]
    assert len(seen(context)) == 2


def test_sightings_expire_where_that_is_asked(context: Context, scan_it: Scan) -> None:
    scan_it(expire_days=30)
    for record in list_sightings(context, "people"):
        assert record.expires_at is not None
        assert (record.expires_at - record.created_at).days in (29, 30)
    with pytest.raises(InputError, match="1 to 3,650 days"):
        scan_it(expire_days=4000)


def test_no_folder_and_no_file_is_said(archive: Path, scan_it: Scan) -> None:
    with pytest.raises(InputError, match="no such file"):
        scan_it(archive / "nowhere")
    with pytest.raises(InputError, match="name a folder"):
        ScanRequest((), "people")


def test_a_folder_is_forgotten_and_read_anew(
    context: Context, archive: Path, scan_it: Scan
) -> None:
    scan_it()
    assert forget(context, "people", archive / "2019") == (2, 1)
    assert forget(context, "people", archive / "party" / "grace.JPG") == (1, 1)
    assert forget(context, "people", archive / "2019") == (0, 0)
    assert seen(context) == []
    found, _ = scan_it()
    assert {file.outcome for file in found.values()} == {ScanOutcome.SEEN}
    assert len(seen(context)) == 2
