"""What is looked for, and a probe in 8 bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST = 1.002
"""The length of the longest reference that bounds are right for; unit vectors are shorter."""

_LEAST = -1e30
_ROUNDING = 1e-6
_SMALLEST = 1e-30


@dataclass(frozen=True, slots=True)
class Criteria:
    """The `k` best rows scoring `least` or more; with `distinct` of the k best subjects.

    A subject is a user, or a face without one. With `owned_only` faces without one are passed
    over.
    """

    k: int
    least: float = -np.inf
    distinct: bool = False
    owned_only: bool = False

    @property
    def floor(self) -> float:
        """`least` for comparisons in float32, which may be a little too low."""
        return max(_LEAST, self.least - _ROUNDING)


@dataclass(frozen=True, slots=True, eq=False)
class CodedProbes:
    """Probes in 8 bits: `codes` int8 (p, width) and `scales` (p,).

    A reference with this error has a score of at most error * `factors` + `slacks` more than the
    product of the codes says, and at least as much less.
    """

    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    factors: NDArray[np.float32]
    slacks: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Promising:
    """The `rows` that may be among the best of a probe, and what each may score at most.

    The k-th best scores `cut` or more.
    """

    rows: NDArray[np.int64]
    uppers: NDArray[np.float32]
    cut: float


def coded(probes: NDArray[np.float32], width: int) -> CodedProbes:
    """Probes (p, d) as codes of `width` >= d values, of which the last are 0.

    To one that is not finite nothing is near.
    """
    sound = np.asarray(np.isfinite(probes).all(axis=1))
    exact = np.where(sound[:, None], probes, 0).astype(np.float64)
    largest = np.abs(exact).max(axis=1, initial=0.0)
    scales = np.where(largest > 0, largest / 127, 1.0).astype(np.float32)
    codes = np.zeros((len(probes), width), np.int8)
    codes[:, : probes.shape[1]] = np.rint(exact / scales[:, None]).clip(-127, 127)
    rest = exact - codes[:, : probes.shape[1]] * scales[:, None].astype(np.float64)
    missing = np.linalg.norm(rest, axis=1)
    # of a probe of zeros not 0, which makes no bound of an infinite error
    factors = (np.linalg.norm(exact, axis=1) + missing) * (1 + _ROUNDING) + _SMALLEST
    slacks = np.where(sound, (LONGEST * missing + _ROUNDING) * (1 + _ROUNDING), np.nan)
    return CodedProbes(codes, scales, factors.astype(np.float32), slacks.astype(np.float32))
