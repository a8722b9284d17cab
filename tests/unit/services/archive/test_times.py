from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.sightings import Taken, TimeSource
from reknown.services.archive.times import local, taken

DAY = 1_000_000_000 * 86_400


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("IMG_20190314_153012.jpg", datetime(2019, 3, 14, 15, 30, 12)),
        ("PXL_20210102_030405678.jpg", datetime(2021, 1, 2, 3, 4, 5)),
        ("2019-03-14 15.30.12.png", datetime(2019, 3, 14, 15, 30, 12)),
        ("Screenshot 2020-02-29 at 23.59.58.png", datetime(2020, 2, 29, 23, 59, 58)),
        ("IMG-20190314-WA0001.jpg", datetime(2019, 3, 14)),
        ("VID_20081231_235959.mp4", datetime(2008, 12, 31, 23, 59, 59)),
        ("scan 1937_08_05.tif", datetime(1937, 8, 5)),
    ],
)
def test_names_of_phones_and_scanners_tell_the_time(name: str, at: datetime) -> None:
    assert taken(None, name, 0) == Taken(at, TimeSource.NAME)


@pytest.mark.parametrize(
    "name", ["DSC01234.jpg", "20193014.jpg", "120190314.jpg", "99991231.jpg", "20190231.jpg", ""]
)
def test_other_numbers_are_no_dates(name: str) -> None:
    assert taken(None, name, DAY).source is TimeSource.FILE


def test_metadata_come_first_in_the_cameras_own_time() -> None:
    at = datetime(2020, 5, 6, 7, 8, 9)
    for written in ("2020-05-06T07:08:09", "2020-05-06T07:08:09+13:00"):
        assert taken(written, "IMG_20190314_153012.jpg", 0) == Taken(at, TimeSource.METADATA)


def test_films_tell_a_moment_of_the_world() -> None:
    moment = datetime.fromisoformat("2020-05-06T07:08:09+00:00")
    assert (
        local("2020-05-06T07:08:09+00:00") == moment.astimezone().replace(tzinfo=None).isoformat()
    )
    assert local(None) is None


@given(st.text(), st.integers(-(2**63), 2**63 - 1))
def test_every_file_has_a_time(name: str, modified_ns: int) -> None:
    assert taken(None, name, modified_ns).at.tzinfo is None
