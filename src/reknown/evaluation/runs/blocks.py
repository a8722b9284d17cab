"""Blocks that several reports share: rates in words, tables of points, DET, histogram."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.evaluation.report import Axis, Histogram, Lines, Series, Table, Text
from reknown.evaluation.runs.comparisons import bin_edges
from reknown.evaluation.runs.counts import NOTHING, number, rate_data
from reknown.evaluation.tail import tail_det_curve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from reknown.biometrics.calibration import Calibration
    from reknown.evaluation.intervals import Interval
    from reknown.evaluation.rates import Rate
    from reknown.evaluation.runs.comparisons import Comparisons
    from reknown.evaluation.runs.points import Point, Unreached

SHOWN = 20
"""How many items of a list a report shows."""

GALLERIES = (100, 10_000, 1_000_000)
"""Sizes of gallery that a report explains its rates with."""

_BINS = 60
_MOST_POINTS = 400
_HASHED = 10


def rate_words(rate: Rate, interval: Interval | None = None) -> str:
    """The counts, the rate and its interval, such as "3 of 1,000 (0.003; 95 %: 0.001 to 0.009)"."""
    counts = f"{rate.errors:,} of {rate.trials:,}"
    if interval is None:
        return f"{counts} ({number(rate.value)})"
    limits = f"{interval.level * 100:g} %: {number(interval.low)} to {number(interval.high)}"
    return f"{counts} ({number(rate.value)}; {limits})"


def similarity_of(calibration: Calibration | None, score: float) -> float | None:
    """The threshold on the similarity scale, if the pack has one."""
    return None if calibration is None else round(calibration.similarity(score), 2)


def point_figures(point: Point, calibration: Calibration | None) -> dict[str, Any]:
    """A point as JSON: every rate with its counts."""
    return {
        "target_fmr": point.target,
        "threshold": point.threshold,
        "similarity": similarity_of(calibration, point.threshold),
        "fmr": rate_data(point.fmr, point.fmr_interval),
        "fnmr": rate_data(point.fnmr, point.fnmr_interval),
        "on_success": {
            "fmr": rate_data(point.fmr_on_success),
            "fnmr": rate_data(point.fnmr_on_success),
        },
    }


def points_table(caption: str, points: Sequence[Point], calibration: Calibration | None) -> Table:
    """Thresholds with both rates, failures counted as errors."""
    rows = []
    for point in points:
        similarity = similarity_of(calibration, point.threshold)
        rows.append(
            (
                f"{point.target:g}",
                f"{point.threshold:.6f}",
                NOTHING if similarity is None else f"{similarity:.1f}",
                rate_words(point.fmr, point.fmr_interval),
                rate_words(point.fnmr, point.fnmr_interval),
            )
        )
    columns = ("target FMR ", "threshold ", "similarity ", "false matches (FMR)",
               "false non-matches (FNMR)")  # fmt: skip
    return Table(caption, columns, tuple(rows))


def unreached_text(missing: Sequence[Unreached], comparisons: int) -> Text | None:
    """Which targets the data do not reach and what that would take."""
    if not missing:
        return None
    return Text(
        tuple(
            f"FMR {item.target:g} cannot be shown with {comparisons:,} non-mated comparisons: it "
            f"takes {item.comparisons:,} of them, from at least {item.subjects:,} subjects."
            for item in missing
        )
    )


def det_block(data: Comparisons, name: str = "all comparisons") -> Lines:
    """The DET curve, thinned to a few hundred of its own points, none interpolated."""
    curve = tail_det_curve(data.tail, data.mated)
    fmr, fnmr = curve.fmr, curve.fnmr
    kept = _thinned(fmr)
    series = Series(name, tuple(fmr[kept].tolist()), tuple(fnmr[kept].tolist()))
    return Lines(
        "Detection error trade-off (DET): each point is a threshold, failures count as errors",
        Axis("false match rate (FMR)", log=True),
        Axis("false non-match rate (FNMR)", log=True),
        (series,),
        steps=True,
    )


def _thinned(fmr: NDArray[np.float64]) -> NDArray[np.intp]:
    """Points with an FMR above 0, evenly spread on the logarithmic axis."""
    positive = np.flatnonzero(fmr > 0)
    if len(positive) <= _MOST_POINTS:
        return np.asarray(positive)
    levels = np.log10(fmr[positive])
    steps = np.floor((levels - levels[-1]) / max(levels[0] - levels[-1], 1e-9) * _MOST_POINTS)
    _, first = np.unique(-steps, return_index=True)
    return np.asarray(positive[first])


def score_histogram(data: Comparisons, marks: Mapping[str, float]) -> Histogram:
    """Mated and non-mated scores in some 60 bins over the range they cover."""
    mated = data.mated[data.mated > -math.inf]
    edges, others = _coarse(data, mated)
    inside = np.clip(mated, edges[0], edges[-1])
    counts = {
        "mated": tuple(np.histogram(inside, edges)[0].tolist()),
        "non-mated": tuple(others.tolist()),
    }
    return Histogram(
        "Scores of mated and non-mated comparisons, without failures",
        Axis("score"),
        tuple(edges.tolist()),
        counts,
        dict(marks),
    )


def _coarse(
    data: Comparisons, mated: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    if data.bins is None:
        low = min(data.tail.scores[0], mated.min())
        high = max(data.tail.scores[-1], mated.max())
        edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
        return edges, np.histogram(data.tail.scores, edges)[0].astype(np.int64)
    fine = bin_edges()
    used = np.flatnonzero(data.bins)
    first = min(int(used[0]), _bin_of(mated.min(), fine))
    last = max(int(used[-1]), _bin_of(mated.max(), fine)) + 1
    step = max(1, math.ceil((last - first) / _BINS))
    starts = np.arange(first, last, step)
    counts = np.add.reduceat(data.bins[:last], starts)
    return fine[np.append(starts, last)], counts


def _bin_of(score: float, edges: NDArray[np.float64]) -> int:
    return int(np.clip(np.searchsorted(edges, score, "right") - 1, 0, len(edges) - 2))


def histogram_figures(histogram: Histogram) -> dict[str, Any]:
    """The same as JSON."""
    counts = {name: list(values) for name, values in histogram.counts.items()}
    return {"edges": list(histogram.edges), "counts": counts}


def hidden(names: Sequence[str], salt: str) -> tuple[str, ...]:
    """Short hashes in place of names: the same name has the same hash within one data set."""
    digests = (hashlib.sha256(f"{salt}\0{name}".encode("utf-8", "replace")) for name in names)
    return tuple(f"#{digest.hexdigest()[:_HASHED]}" for digest in digests)


def checked_figures(value: object) -> Any:
    """`value` as plain JSON types.

    Raises `InputError` for a number that JSON has not: no figure is better than a wrong one.
    """
    if isinstance(value, dict):
        return {str(key): checked_figures(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [checked_figures(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError("a figure of the report is not finite: the data do not support it")
    return value
