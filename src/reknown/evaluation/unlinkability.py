"""Whether two protected templates can be told to be of one person (ISO/IEC 24745).

The measures of Gomez-Barrero et al. (IEEE TIFS 2018): D(s) for a score, D_sys for a system;
0 is unlinkable, 1 fully linkable.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from reknown.evaluation.scores import ScoreSet

    Floats = NDArray[np.float64]


def local_linkability(mated: ArrayLike, non_mated: ArrayLike, omega: float = 1.0) -> Floats:
    """D of each bin (b,), 0 to 1, from the densities or probabilities (b,) of both kinds.

    2 w / (1 + w) - 1 with w = `omega` p_m / p_nm where w > 1, else 0. `omega` is the ratio of
    the prior probabilities of mated and non-mated.
    """
    p, q = np.asarray(mated, np.float64), np.asarray(non_mated, np.float64)
    if p.shape != q.shape or p.ndim != 1 or not len(p):
        raise InputError("give the densities of both kinds over the same bins")
    if not (np.isfinite(p).all() and np.isfinite(q).all() and (p >= 0).all() and (q >= 0).all()):
        raise InputError("densities are finite and not negative")
    if not (math.isfinite(omega) and omega > 0):
        raise InputError(f"the ratio of priors is positive, not {omega:g}")
    linked = omega * p > q
    # the same as 2 w / (1 + w) - 1, and right where q is 0
    gain = np.divide(omega * p - q, omega * p + q, out=np.zeros_like(p), where=linked)
    return np.asarray(gain)


def system_linkability(mated: ArrayLike, non_mated: ArrayLike, omega: float = 1.0) -> float:
    """D_sys, 0 to 1: D averaged over the mated probabilities (b,), which sum to 1."""
    local = local_linkability(mated, non_mated, omega)
    shares = np.asarray(mated, np.float64)
    if not math.isclose(shares.sum(), 1, rel_tol=1e-9):
        raise InputError("the mated probabilities of all bins sum to 1")
    return float((shares * local).sum())


def linkability_of(scores: ScoreSet, bins: int = 50, omega: float = 1.0) -> float:
    """D_sys of scores in `bins` equal bins, failures left out.

    Few scores a bin look linkable by chance: keep ten times as many scores of each kind as
    bins. Raises `InputError` otherwise.
    """
    kept = scores.successes()
    if bins < 2 or min(len(kept.mated), len(kept.non_mated)) < 10 * bins:
        raise InputError("take at least 2 bins and ten times as many scores of each kind")
    everything = np.concatenate([kept.mated, kept.non_mated])
    edges = np.histogram_bin_edges(everything, bins)
    p, _ = np.histogram(kept.mated, edges)
    q, _ = np.histogram(kept.non_mated, edges)
    return system_linkability(p / p.sum(), q / q.sum(), omega)
