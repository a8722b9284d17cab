from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from decoding import decode_image
from growth import calls
from reknown.biometrics.errors import InputError
from reknown.evaluation.data.duplicates import (
    NO_HASH,
    ImageMarks,
    find_duplicates,
    no_duplicates,
    perceptual_hash,
    thumbnail,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]


def _marks(images: Sequence[Pixels], digests: Sequence[str] | None = None) -> ImageMarks:
    names = [str(number) for number in range(len(images))] if digests is None else digests
    return ImageMarks(
        tuple(names),
        np.array([perceptual_hash(pixels) for pixels in images], np.uint64),
        np.stack([thumbnail(pixels) for pixels in images]),
    )


def _saved(pixels: Pixels, quality: int, scale: float = 1.0) -> Pixels:
    image = Image.fromarray(pixels)
    size = (round(image.width * scale), round(image.height * scale))
    file = io.BytesIO()
    image.resize(size, Image.Resampling.LANCZOS).save(file, "JPEG", quality=quality)
    return decode_image(file.getvalue()).pixels


@pytest.fixture
def portraits(eileen: bytes, grace: bytes) -> list[Pixels]:
    return [decode_image(data).pixels for data in (eileen, grace)]


@pytest.mark.parametrize(("quality", "scale"), [(90, 1), (40, 1), (90, 0.5), (60, 0.7)])
def test_a_copy_saved_again_is_found(portraits: list[Pixels], quality: int, scale: float) -> None:
    copies = [_saved(pixels, quality, scale) for pixels in portraits]
    found = find_duplicates(_marks(portraits + copies), np.array([0, 1, 0, 2]))
    assert list(zip(found.first, found.second, strict=True)) == [(0, 2), (1, 3)]
    assert not found.exact.any()
    assert found.same_subject.tolist() == [True, False]


def test_a_mirrored_image_is_another(portraits: list[Pixels]) -> None:
    mirrored = np.ascontiguousarray(portraits[0][:, ::-1])
    assert not len(find_duplicates(_marks([portraits[0], mirrored]), np.array([0, 0])))


def test_studio_portraits_are_no_copies_of_each_other(shared: Path) -> None:
    files = sorted((shared / "data" / "london").rglob("*.jpg"))
    marks = _marks([decode_image(file.read_bytes()).pixels for file in files])
    assert not len(find_duplicates(marks, np.arange(len(files))))


def test_known_copies_in_lfw_are_found(shared: Path) -> None:
    names = [
        "Gabrielle_Rose/Gabrielle_Rose_0001.jpg",
        "Martha_Bowen/Martha_Bowen_0002.jpg",
        "Prince_Willem-Alexander/Prince_Willem-Alexander_0002.jpg",
        "Prince_Willem-Alexander/Prince_Willem-Alexander_0003.jpg",
        "Ron_Dittemore/Ron_Dittemore_0002.jpg",
        "Ron_Dittemore/Ron_Dittemore_0004.jpg",
    ]
    folder = shared / "data" / "lfw-view2" / "images"
    marks = _marks([decode_image((folder / name).read_bytes()).pixels for name in names])
    found = find_duplicates(marks, np.array([0, 1, 2, 2, 3, 3]))
    assert list(zip(found.first, found.second, strict=True)) == [(0, 1), (2, 3)]


def test_plain_images_are_not_alike() -> None:
    plain = [np.full((100, 100, 3), value, np.uint8) for value in (0, 0, 128)]
    assert perceptual_hash(plain[0]) == NO_HASH
    assert not len(find_duplicates(_marks(plain), np.arange(3)))


def test_equal_bytes_are_found_whatever_they_show() -> None:
    plain = [np.zeros((100, 100, 3), np.uint8)] * 5
    marks = _marks(plain, ["a", "", "b", "a", ""])
    found = find_duplicates(marks, np.array([0, 0, 1, 1, 1]))
    assert (found.first.tolist(), found.second.tolist()) == ([0], [3])
    assert found.exact.all()
    assert not found.same_subject.any()


def test_copies_of_one_and_of_two_subjects_are_told_apart(portraits: list[Pixels]) -> None:
    marks = _marks([portraits[0]] * 3, ["x", "x", "y"])
    found = find_duplicates(marks, np.array([0, 0, 1]))
    assert (found.first.tolist(), found.second.tolist()) == ([0, 0, 1], [1, 2, 2])
    assert found.exact.tolist() == [True, False, False]
    assert found.distance.tolist() == [0, 0, 0]
    assert found.same_subject.tolist() == [True, False, False]


def test_none_and_too_many() -> None:
    assert not len(no_duplicates())
    nothing = ImageMarks((), np.empty(0, np.uint64), np.empty((0, 256), np.uint8))
    assert not len(find_duplicates(nothing, np.empty(0, np.intp)))
    count = 2_000
    same = ImageMarks(("",) * count, np.ones(count, np.uint64), np.zeros((count, 256), np.uint8))
    with pytest.raises(InputError, match="remove the copies"):
        find_duplicates(same, np.arange(count))


def test_ten_thousand_are_compared_in_blocks() -> None:
    generator = np.random.default_rng(0)
    hashes = generator.integers(1, 2**63, 10_000).astype(np.uint64)
    hashes[7_000] = hashes[3] ^ np.uint64(0b111)
    marks = ImageMarks(("",) * 10_000, hashes, np.zeros((10_000, 256), np.uint8))
    assert calls(lambda: find_duplicates(marks, np.arange(10_000))) < 1_000
    found = find_duplicates(marks, np.arange(10_000))
    assert (found.first.tolist(), found.second.tolist()) == ([3], [7_000])
    assert found.distance.tolist() == [3]


def test_near_hashes_are_those_of_brute_force() -> None:
    generator = np.random.default_rng(1)
    hashes = generator.integers(1, 2**12, 600).astype(np.uint64)
    marks = ImageMarks(("",) * 600, hashes, np.zeros((600, 256), np.uint8))
    found = find_duplicates(marks, np.arange(600), 1)
    distances = np.bitwise_count(hashes[:, None] ^ hashes[None])
    first, second = np.nonzero(np.triu(distances <= 1, 1))
    assert (found.first == first).all()
    assert (found.second == second).all()
