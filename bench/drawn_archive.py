"""Archives of drawn people whose templates score as those of real ones do.

A template is a direction that all faces share, a person's own and the picture's own. How much of
each was fitted to LFW view 2 with the pack opencv (7,701 pictures, 29.6 million pairs):

| | 1 % | 10 % | 50 % | 90 % | 99 % | 99.9 % | 99.99 % |
|---|---|---|---|---|---|---|---|
| strangers of LFW | -.096 | -.005 | .106 | .217 | .307 | .373 | .428 |
| drawn strangers | -.094 | -.006 | .104 | .215 | .304 | .367 | .416 |
| one person in LFW | .402 | .553 | .689 | .801 | | | |
| one drawn person | .418 | .547 | .689 | .804 | | | |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_COMMON = 0.106
_DIMENSION = 108
_LIKE_ONESELF = (7.0, 3.8)
_LARGEST_SHARE = 0.03
_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Archive:
    """Templates float32 (n, 108) in random order, and whom each is of (n,)."""

    vectors: NDArray[np.float32]
    people: NDArray[np.intp]


def drawn(sightings: int, seed: int = 1) -> Archive:
    """Few people are seen often, and most once or twice, as in a family's archive."""
    generator = np.random.default_rng(seed)
    people = _people(generator, sightings)
    own = _directions(generator, int(people.max()) + 1)
    vectors = np.empty((sightings, _DIMENSION), np.float32)
    vectors[:, 0] = np.sqrt(_COMMON)
    for start in range(0, sightings, _AT_ONCE):
        rows = people[start : start + _AT_ONCE]
        share = generator.beta(*_LIKE_ONESELF, (len(rows), 1))
        mixed = np.sqrt(share) * own[rows]
        mixed += np.sqrt(1 - share) * _directions(generator, len(rows))
        mixed *= np.sqrt(1 - _COMMON) / np.linalg.norm(mixed, axis=1, keepdims=True)
        vectors[start : start + len(rows), 1:] = mixed
    return Archive(vectors, people)


def _people(generator: np.random.Generator, sightings: int) -> NDArray[np.intp]:
    sizes = np.minimum(generator.zipf(1.9, sightings), int(_LARGEST_SHARE * sightings) + 1)
    ends = sizes.cumsum()
    people = np.repeat(np.arange(sightings), sizes)[: min(sightings, ends[-1])]
    return generator.permutation(people).astype(np.intp)


def _directions(generator: np.random.Generator, count: int) -> NDArray[np.float64]:
    drawn = generator.normal(size=(count, _DIMENSION - 1))
    unit: NDArray[np.float64] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit
