from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import InputError
from reknown.reporting.files import write_text, written

if TYPE_CHECKING:
    from pathlib import Path


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("before")
    with pytest.raises(TypeError), written(target) as file:
        file.writelines([b"half", None])  # type: ignore[list-item]
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_readers_see_the_file_before_or_the_file_after(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("before")
    with written(target) as file:
        file.write(b"after")
        file.flush()
        assert target.read_text() == "before"
    assert target.read_text() == "after"


def test_two_files_are_written_into_a_folder_at_once(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    with written(one) as first, written(other) as second:
        first.write(b"1")
        second.write(b"2")
    assert (one.read_bytes(), other.read_bytes()) == (b"1", b"2")


def test_links_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.html", tmp_path / "link.html"
    real.write_text("before")
    link.symlink_to(real)
    write_text(link, "after")
    assert link.is_symlink()
    assert real.read_text() == "after"


@pytest.mark.parametrize("before", [None, 0o644, 0o666])
def test_its_owner_alone_reads_what_is_written(tmp_path: Path, before: int | None) -> None:
    target = tmp_path / "report.html"
    if before is not None:
        target.touch(before)
        target.chmod(before)
    with written(target) as file:
        file.write(b"half")
        (part,) = tmp_path.glob(".*.part")
        assert stat.S_IMODE(part.stat().st_mode) == 0o600
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_what_is_like_another_file_is_read_by_those_who_read_that(tmp_path: Path) -> None:
    photo, target = tmp_path / "photo.jpg", tmp_path / "photo.jpg.xmp"
    photo.touch()
    photo.chmod(0o640)
    with written(target, like=photo):
        pass
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_what_is_about_nobody_keeps_its_rights(tmp_path: Path) -> None:
    target = tmp_path / "pack.calibration"
    for mode in (0o644, 0o664):
        with written(target, private=False):
            pass
        target.chmod(mode)
        with written(target, private=False):
            pass
        assert stat.S_IMODE(target.stat().st_mode) == mode


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for target in (tmp_path / "file" / "report.html", tmp_path):
        with pytest.raises(InputError, match=f"cannot write {target}: "):
            write_text(target, "text")
