"""The same image twice: equal bytes, and images that look the same.

A data set that holds an image twice makes mated comparisons too easy, and an image under two
names makes a false match that is none. Both are found here and reported with their names.

Near duplicates are looked for with a 64-bit hash of the low frequencies of the grey image and
confirmed with a thumbnail, because portraits from one studio have near hashes too: among 204 of
them, two people differ in 2 bits and one person with two expressions in none. Copies that were
scaled to a half or compressed again differ by up to 0.03 of the thumbnail's deviation, the
closest images that are no copies of each other by 0.14.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reknown.evaluation.measures.arrays import Counts, Floats, Ints, Mask


NO_HASH = 0
"""The hash of what has none: no image, or one without any structure."""

MAX_DISTANCE = 6
"""Bits of 64 in which the hashes of near duplicates may differ."""

MAX_DIFFERENCE = 0.1
"""Root mean square difference of their thumbnails, of mean 0 and deviation 1."""

THUMBNAIL_SIDE = 16
"""Pixels a side of the thumbnail of an image."""

_SIDE = 32
_BITS = 64
_FLAT = 1.0
_BLOCK = 512
_TOGETHER = 65_536
_MOST_PAIRS = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class ImageMarks:
    """What n images are told apart by.

    `digests`: n hex SHA-256 of the files, empty where one could not be read. `hashes` uint64
    (n,), `NO_HASH` where there is none. `thumbnails` uint8 (n, 256), grey.
    """

    digests: tuple[str, ...]
    hashes: NDArray[np.uint64]
    thumbnails: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Duplicates:
    """m pairs of samples with the same image, in ascending order, `first` < `second`.

    `first`, `second` intp (m,): rows of the manifest. `exact` bool (m,): the bytes are equal.
    `distance` int64 (m,): how many of the 64 bits of the hashes differ. `same_subject` bool
    (m,): a pair that is not of one subject is most likely a wrong label.
    """

    first: Ints
    second: Ints
    exact: Mask
    distance: Counts
    same_subject: Mask

    def __len__(self) -> int:
        """How many pairs there are."""
        return len(self.first)


def perceptual_hash(pixels: NDArray[np.uint8]) -> int:
    """A 64-bit hash of an RGB image (height, width, 3); `NO_HASH` for a plain surface."""
    small = _shrunk(pixels, _SIDE).astype(np.float64)
    if small.std() < _FLAT:
        return NO_HASH
    low = (_COSINES @ small @ _COSINES.T)[_ROWS, _COLUMNS]
    bits = low > np.median(low)
    return int(np.packbits(bits).view(">u8")[0])


def thumbnail(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An RGB image (height, width, 3) as 16 x 16 grey pixels: uint8 (256,)."""
    return _shrunk(pixels, THUMBNAIL_SIDE).ravel()


def no_duplicates() -> Duplicates:
    """For data that is known to hold none."""
    nothing, never = np.empty(0, np.intp), np.empty(0, bool)
    return Duplicates(nothing, nothing, never, np.empty(0, np.int64), never)


def find_duplicates(
    images: ImageMarks, subjects: Ints, max_distance: int = MAX_DISTANCE
) -> Duplicates:
    """All pairs of the n images with equal bytes or the same look; `subjects` intp (n,).

    Hashes may be `max_distance` bits apart, 0 to 64. Compares all with all: a tenth of a second
    for 10,000 images, ten seconds for 100,000.

    Raises `InputError` when there are more than a million such pairs.
    """
    hashes = images.hashes
    equal = _equal_pairs(images.digests)
    near = _confirmed(images.thumbnails, _near_pairs(hashes, max_distance))
    codes = np.unique(np.concatenate([equal, near]))
    first, second = np.divmod(codes, max(len(hashes), 1))
    return Duplicates(
        first=first.astype(np.intp),
        second=second.astype(np.intp),
        exact=np.isin(codes, equal),
        distance=np.bitwise_count(hashes[first] ^ hashes[second]).astype(np.int64),
        same_subject=subjects[first] == subjects[second],
    )


def _equal_pairs(digests: Sequence[str]) -> Counts:
    """Codes first * n + second of the pairs with equal digests."""
    groups: dict[str, list[int]] = {}
    for row, digest in enumerate(digests):
        if digest:
            groups.setdefault(digest, []).append(row)
    several = [np.array(group, np.int64) for group in groups.values() if len(group) > 1]
    _check_number(sum(len(group) * (len(group) - 1) // 2 for group in several))
    codes = [_within(group, len(digests)) for group in several]
    return np.concatenate(codes) if codes else np.empty(0, np.int64)


def _within(group: Counts, count: int) -> Counts:
    one, other = np.triu_indices(len(group), 1)
    return group[one] * count + group[other]


def _near_pairs(hashes: NDArray[np.uint64], max_distance: int) -> Counts:
    """The same of the pairs with near hashes."""
    rows = np.flatnonzero(hashes != NO_HASH).astype(np.int64)
    known = hashes[rows]
    codes, found = [np.empty(0, np.int64)], 0
    for start in range(0, len(rows), _BLOCK):
        block = known[start : start + _BLOCK]
        near = np.bitwise_count(block[:, None] ^ known[None, start:]) <= max_distance
        # flat search is several times faster than a two-dimensional one
        one, other = np.divmod(np.flatnonzero(near), near.shape[1])
        later = other > one
        found += int(later.sum())
        _check_number(found)
        codes.append(rows[one[later] + start] * len(hashes) + rows[other[later] + start])
    return np.concatenate(codes)


def _confirmed(thumbnails: NDArray[np.uint8], codes: Counts) -> Counts:
    """Those of the pairs whose thumbnails agree."""
    kept = [codes[:0]]
    for start in range(0, len(codes), _TOGETHER):
        part = codes[start : start + _TOGETHER]
        one, other = (_normalised(thumbnails[rows]) for rows in np.divmod(part, len(thumbnails)))
        difference = np.sqrt(((one - other) ** 2).mean(axis=1))
        kept.append(part[difference <= MAX_DIFFERENCE])
    return np.concatenate(kept)


def _normalised(thumbnails: NDArray[np.uint8]) -> Floats:
    grey = thumbnails.astype(np.float64)
    grey -= grey.mean(axis=1, keepdims=True)
    return np.asarray(grey / np.maximum(grey.std(axis=1, keepdims=True), _FLAT))


def _shrunk(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _check_number(pairs: int) -> None:
    if pairs > _MOST_PAIRS:
        raise InputError(
            f"more than {_MOST_PAIRS:,} pairs of images look the same: remove the copies first"
        )


def _cosines() -> Floats:
    """The discrete cosine transform of a column, without its scale: (frequencies, samples)."""
    frequencies = np.arange(_SIDE)[:, None]
    return np.asarray(np.cos(np.pi / _SIDE * frequencies * (np.arange(_SIDE) + 0.5)))


def _lowest() -> tuple[Ints, Ints]:
    """The 64 lowest frequencies after the mean, which brightness alone decides."""
    rows, columns = np.divmod(np.arange(_SIDE * _SIDE), _SIDE)
    order = np.lexsort((rows, rows + columns))[1 : _BITS + 1]
    return rows[order], columns[order]


_COSINES = _cosines()
_ROWS, _COLUMNS = _lowest()
