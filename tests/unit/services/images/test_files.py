from __future__ import annotations

import os
from pathlib import Path

import pytest

from reknown.biometrics.errors import InputError
from reknown.services.images import files as image_files
from reknown.services.images.files import files_below, require_places


def test_files_are_found_at_any_depth_under_any_name(tmp_path: Path) -> None:
    names = ["a.jpg", "no ending", "b/c.txt", "b/d/e.HEIC", "b/d/.hidden", "b/é💡\n.png"]
    names.append(os.fsdecode(b"c/\xff.jpg"))
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    found = [str(path.relative_to(tmp_path)) for path in files_below([tmp_path])]
    hidden = {str(p.relative_to(tmp_path)) for p in files_below([tmp_path], hidden=True)}
    assert hidden == set(names)
    names.remove("b/d/.hidden")
    assert sorted(found) == sorted(names)
    assert found == [str(path.relative_to(tmp_path)) for path in files_below([tmp_path])]
    assert len(list(files_below([tmp_path, tmp_path / "b"]))) == len(names) + 3
    assert list(files_below([tmp_path / "a.jpg"])) == [tmp_path / "a.jpg"]


def test_what_cannot_be_an_image_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_files, "_MAX_BYTES", 10)
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "film.mp4").write_bytes(bytes(11))
    (tmp_path / "largest.jpg").write_bytes(bytes(10))
    os.mkfifo(tmp_path / "pipe.jpg")
    assert list(files_below([tmp_path])) == [tmp_path / "largest.jpg"]


def test_links_lead_to_files_and_never_in_circles(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").write_bytes(b"x")
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    (tmp_path / "a" / "one").symlink_to("1.jpg")
    (tmp_path / "a" / "broken").symlink_to("nowhere")
    names = [path.name for path in files_below([tmp_path])]
    # broken: whoever reads it is told why that does not work
    assert names == ["1.jpg", "broken", "one"]


def test_a_folder_that_cannot_be_read_comes_as_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read everything, so the system is made to say no."""
    closed = tmp_path / "closed"
    closed.mkdir()
    (tmp_path / "open.jpg").write_bytes(b"x")
    scan = os.scandir

    def refuse(path: str) -> object:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert list(files_below([tmp_path])) == [tmp_path / "open.jpg", closed]


def test_a_place_has_to_be_there(tmp_path: Path) -> None:
    require_places([tmp_path])
    for place in (tmp_path / "absent", Path("a\0b")):
        with pytest.raises(InputError, match="cannot read"):
            require_places([tmp_path, place])
