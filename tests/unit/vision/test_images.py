from __future__ import annotations

import os
from pathlib import Path

import pytest

from reknown.biometrics.errors import ImageTooLargeError, InputError
from reknown.vision.images import ImageLimits, read_image_file


def test_too_many_bytes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    sparse = tmp_path / "sparse.jpg"
    with sparse.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ImageTooLargeError, match="1,000 bytes"):
        read_image_file(sparse, ImageLimits(max_bytes=1000))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe, tmp_path / "absent.jpg", Path("a\0b")):
        with pytest.raises(InputError, match="cannot read"):
            read_image_file(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.jpg"
    path.touch(mode=0)
    with pytest.raises(InputError, match="permission denied"):
        read_image_file(path)
