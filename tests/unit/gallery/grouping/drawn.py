"""Sightings of drawn people: each a direction, each sighting a turn away from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Drawn:
    """Unit vectors float32 (n, d) and whom they are of (n,)."""

    vectors: NDArray[np.float32]
    of: NDArray[np.intp]


def people(sizes: list[int], *, noise: float = 0.6, dimension: int = 64, seed: int = 1) -> Drawn:
    """So many sightings of each; two of one person score about 1 / (1 + noise²)."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(len(sizes), dimension)) / np.sqrt(dimension)
    of = np.repeat(np.arange(len(sizes)), sizes)
    turned = centres[of] + generator.normal(size=(len(of), dimension)) * noise / dimension**0.5
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    return Drawn(turned.astype(np.float32), of)


def partition(
    labels: NDArray[np.intp], names: NDArray[np.intp] | None = None
) -> set[frozenset[int]]:
    """The groups as sets of rows, or of what `names` calls the rows."""
    rows = np.arange(len(labels)) if names is None else names
    return {frozenset(rows[labels == label].tolist()) for label in np.unique(labels) if label >= 0}
