from __future__ import annotations

import fcntl
import hashlib
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reknown.biometrics.errors import InputError
from reknown.evaluation.data.image_cache import CachedImage, CacheKey, ImageCache

if TYPE_CHECKING:
    from pathlib import Path

KEY = CacheKey("space", 3, "detector", "central")


def _image(number: int) -> CachedImage:
    return CachedImage(
        hashlib.sha256(b"%d" % number).digest(),
        number,
        2**64 - 1 - number,
        np.full(256, number, np.uint8),
        np.array([number, 0.1, -1], np.float32),
    )


def _filled(folder: Path, count: int = 3) -> Path:
    with ImageCache(folder, KEY) as cache:
        for number in range(count):
            cache.append(_image(number))
    (file,) = folder.iterdir()
    return file


def _read(folder: Path, key: CacheKey = KEY) -> tuple[list[int], int]:
    with ImageCache(folder, key) as cache:
        return [image.quality for image in cache.read()], cache.damaged


def test_what_was_put_in_comes_out(tmp_path: Path) -> None:
    _filled(tmp_path)
    with ImageCache(tmp_path, KEY) as cache:
        for number, image in enumerate(cache.read()):
            expected = _image(number)
            assert (image.digest, image.hash) == (expected.digest, expected.hash)
            assert (image.vector == expected.vector).all()
            assert (image.thumbnail == expected.thumbnail).all()


def test_only_the_user_can_read_it(tmp_path: Path) -> None:
    file = _filled(tmp_path / "cache")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "key",
    [
        CacheKey("other", 3, "detector", "central"),
        CacheKey("space", 4, "detector", "central"),
        CacheKey("space", 3, "other", "central"),
        CacheKey("space", 3, "detector", "largest"),
    ],
)
def test_other_templates_are_kept_apart(tmp_path: Path, key: CacheKey) -> None:
    _filled(tmp_path)
    assert _read(tmp_path, key) == ([], 0)
    assert _read(tmp_path) == ([0, 1, 2], 0)


def test_every_single_wrong_byte_is_noticed(tmp_path: Path) -> None:
    file = _filled(tmp_path)
    whole = file.read_bytes()
    header = 18 + 32
    size = (len(whole) - header) // 3
    for at in range(header, len(whole), 7):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert _read(tmp_path) == ([n for n in range(3) if n != (at - header) // size], 1)


@pytest.mark.parametrize("content", [b"", b"rekn", b"x" * 1_000, bytes(50)])
def test_another_file_in_its_place_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    file = _filled(tmp_path)
    file.write_bytes(content)
    with ImageCache(tmp_path, KEY) as cache:
        assert not list(cache.read())
        assert cache.damaged == (len(content) > 50)
        cache.append(_image(7))
    assert _read(tmp_path) == ([7], 0)


def test_a_part_of_a_record_is_cut_off(tmp_path: Path) -> None:
    file = _filled(tmp_path)
    whole = file.read_bytes()
    for length in range(len(whole) - 1, 50, -61):
        file.write_bytes(whole[:length])
        before, _ = _read(tmp_path)
        with ImageCache(tmp_path, KEY) as cache:
            cache.append(_image(9))
        assert _read(tmp_path) == ([*before, 9], 0)


def test_two_writers_at_once(tmp_path: Path) -> None:
    with ImageCache(tmp_path, KEY) as one, ImageCache(tmp_path, KEY) as other:
        for number in range(0, 20, 2):
            one.append(_image(number))
            other.append(_image(number + 1))
    assert _read(tmp_path) == (list(range(20)), 0)


def test_a_writer_waits_for_those_who_read(tmp_path: Path) -> None:
    file = _filled(tmp_path)
    with file.open("rb") as reader, ImageCache(tmp_path, KEY) as cache:
        fcntl.flock(reader, fcntl.LOCK_SH)
        writer = threading.Thread(target=cache.append, args=(_image(3),))
        writer.start()
        writer.join(0.2)
        assert writer.is_alive()
        fcntl.flock(reader, fcntl.LOCK_UN)
        writer.join(10)
        assert not writer.is_alive()
    assert _read(tmp_path) == ([0, 1, 2, 3], 0)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="template cache"):
        ImageCache(tmp_path / "file" / "cache", KEY)
    (tmp_path / "cache").mkdir()
    name = next(_filled(tmp_path / "real").parent.iterdir()).name
    (tmp_path / "cache" / name).symlink_to(tmp_path / "file")
    with pytest.raises(InputError, match="template cache"):
        ImageCache(tmp_path / "cache", KEY)
