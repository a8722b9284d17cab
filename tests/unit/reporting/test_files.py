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


def test_links_and_rights_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.html", tmp_path / "link.html"
    real.write_text("before")
    real.chmod(0o600)
    link.symlink_to(real)
    write_text(link, "after")
    assert link.is_symlink()
    assert real.read_text() == "after"
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for target in (tmp_path / "file" / "report.html", tmp_path):
        with pytest.raises(InputError, match=f"cannot write {target}: "):
            write_text(target, "text")
