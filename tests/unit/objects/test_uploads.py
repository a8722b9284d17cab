from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import InputError, ObjectNotFoundError
from reknown.objects.uploads import Uploads

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "deep" / "uploads", 100, 0)


def _names(uploads: Uploads) -> list[str]:
    return sorted(each.name for each in uploads.root.iterdir())


def _kept(uploads: Uploads, data: bytes = b"film") -> str:
    arriving = uploads.begin()
    arriving.write(data)
    arriving.finish()
    arriving.keep()
    arriving.close()
    return arriving.name


def test_what_is_kept_is_there_until_it_is_deleted(uploads: Uploads) -> None:
    name = _kept(uploads)
    with uploads.open(name) as file:
        assert file.read() == b"film"
    uploads.delete(name)
    uploads.delete(name)
    with pytest.raises(ObjectNotFoundError):
        uploads.open(name)


def test_it_is_nobody_elses_to_read(uploads: Uploads) -> None:
    name = _kept(uploads)
    assert uploads.path_of(name).stat().st_mode & 0o777 == 0o600
    assert uploads.root.stat().st_mode & 0o777 == 0o700


def test_what_is_not_kept_leaves_nothing(uploads: Uploads) -> None:
    arriving = uploads.begin()
    arriving.write(b"film")
    assert len(_names(uploads)) == 1
    with pytest.raises(ObjectNotFoundError):  # not before it has come whole
        uploads.open(arriving.name)
    arriving.close()
    assert _names(uploads) == []


def test_what_comes_is_counted(uploads: Uploads) -> None:
    arriving = uploads.begin()
    arriving.write(b"0" * 60)
    with pytest.raises(InputError, match="--upload-limit"):
        arriving.write(b"0" * 41)
    arriving.close()
    assert _names(uploads) == []


def test_a_disk_that_has_no_room_takes_nothing(uploads: Uploads) -> None:
    full = Uploads(uploads.root, 100, 2**62)
    with pytest.raises(InputError, match="no room"):
        full.begin()
    with pytest.raises(InputError, match="no room"):
        full.require_room(1)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_disk_that_fills_up_meanwhile_is_said(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    arriving = uploads.begin()
    full = open("/dev/full", "wb", buffering=0)  # noqa: SIM115 - the upload closes it
    arriving._file.close()
    monkeypatch.setattr(arriving, "_file", full)
    with pytest.raises(InputError, match="no space left"):
        arriving.write(b"film")
    arriving.close()
    assert _names(uploads) == []


@pytest.mark.parametrize(
    "name", ["", "..", "../reknown.db", "0" * 63, "0" * 64 + ".part", "A" * 64]
)
def test_other_names_lead_nowhere(uploads: Uploads, name: str) -> None:
    with pytest.raises(ObjectNotFoundError):
        uploads.open(name)
    with pytest.raises(ObjectNotFoundError):
        uploads.delete(name)


def test_what_was_left_by_the_dead_is_swept(uploads: Uploads) -> None:
    wanted, left, new = _kept(uploads), _kept(uploads), uploads.begin()
    (uploads.root / "notes.txt").write_text("the operator's own")
    for name in (wanted, left):
        os.utime(uploads.path_of(name), (0, 0))
    assert uploads.sweep({wanted}, 60) == 1
    assert _names(uploads) == sorted([wanted, new.name + ".part", "notes.txt"])
    new.close()


def test_where_nothing_came_nothing_is_swept(uploads: Uploads) -> None:
    assert uploads.sweep(set(), 0) == 0
