from __future__ import annotations

from pathlib import Path

import pytest

from reknown.biometrics.errors import InputError
from reknown.storage.small_files import read_small_file, read_small_text


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    file = tmp_path / "note"
    file.write_bytes("ä".encode() * 5)
    assert read_small_file(file, 10) == "ä".encode() * 5
    assert read_small_text(file, 10) == "äääää"
    with pytest.raises(InputError, match=f"{file} has more than 9 bytes"):
        read_small_file(file, 9)


def test_what_never_ends_is_not_read_to_its_end() -> None:
    with pytest.raises(InputError, match="/dev/zero has more than 1,048,576 bytes"):
        read_small_text(Path("/dev/zero"))


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path, reason in (
        (tmp_path / "nowhere", "no such file"),
        (tmp_path, "is a directory"),
        (Path("a\0b"), "contains a NUL"),
    ):
        with pytest.raises(InputError, match=f"cannot read .*{reason}"):
            read_small_file(path)


def test_what_is_no_text_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "note"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=f"{file} is no text in UTF-8"):
        read_small_text(file)
