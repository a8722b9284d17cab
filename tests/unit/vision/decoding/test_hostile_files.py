"""Files written by hand to be too much for a decoder: each meets its fate, as one kind of error."""

from __future__ import annotations

import hashlib
from functools import cache

import pytest

from decoding import decode_image
from hostile.catalogue import catalogue
from hostile.file import SIZES, Fate, HostileFile
from reknown.biometrics.errors import ImageError


def _small() -> list[HostileFile]:
    return [file for file in catalogue() if file.size == SIZES[0]]


@pytest.mark.parametrize("file", _small(), ids=lambda file: file.name)
def test_each_is_refused_or_decoded_and_nothing_else(file: HostileFile) -> None:
    fate = _fate(file.make())
    assert file.fate in (fate, Fate.EITHER)


def _fate(data: bytes) -> Fate:
    try:
        image = decode_image(data)
    except ImageError:
        return Fate.REFUSED
    assert image.pixels.shape[2] == 3
    return Fate.DECODED


def test_there_are_three_sizes_of_many_kinds() -> None:
    files = catalogue()
    names = {file.name for file in files}
    assert len(files) == len(names) >= 200
    assert {(file.kind, size) for file in files for size in SIZES} == {
        (file.kind, file.size) for file in files
    }


def test_no_two_small_ones_are_the_same_and_each_is_so_every_time() -> None:
    files = [file for file in catalogue() if file.size == SIZES[0]]
    digest = cache(lambda file: hashlib.sha256(file.make()).hexdigest())
    assert len({digest(file) for file in files}) == len(files)
    assert [hashlib.sha256(file.make()).hexdigest() for file in files] == [*map(digest, files)]
