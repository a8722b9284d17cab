"""Blocks that several reports share: rates in words, tables of points, DET, histogram."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.evaluation.measures.tail import tail_det_curve
from reknown.evaluation.runs.comparisons import bin_edges
from reknown.evaluation.runs.formats import rate_data, rate_words, similarity_of, similarity_text
from reknown.reporting.blocks import Axis, Histogram, Lines, Series, Table, Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reknown.biometrics.calibration import Calibration
    from reknown.evaluation.measures.arrays import Counts, Floats, Ints
    from reknown.evaluation.runs.comparisons import Comparisons
    from reknown.evaluation.runs.points import MeasuredPoint, Unreached

SHOWN = 20
"""How many items of a list a report shows."""

GALLERIES = (100, 10_000, 1_000_000)
"""Sizes of gallery that a report explains its rates with."""

_BINS = 60
_MOST_POINTS = 400


def point_figures(point: MeasuredPoint, calibration: Calibration | None) -> dict[str, Any]:
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


def points_table(
    caption: str, points: Sequence[MeasuredPoint], calibration: Calibration | None
) -> Table:
    """Thresholds with both rates, failures counted as errors."""
    rows = tuple(
        (
            f"{point.target:g}",
            f"{point.threshold:.6f}",
            similarity_text(similarity_of(calibration, point.threshold)),
            rate_words(point.fmr, point.fmr_interval),
            rate_words(point.fnmr, point.fnmr_interval),
        )
        for point in points
    )
    columns = ("target FMR ", "threshold ", "similarity ", "false matches (FMR)",
               "false non-matches (FNMR)")  # fmt: skip
    return Table(caption, columns, rows)


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


def _thinned(fmr: Floats) -> Ints:
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


def _coarse(data: Comparisons, mated: Floats) -> tuple[Floats, Counts]:
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


def _bin_of(score: float, edges: Floats) -> int:
    return int(np.clip(np.searchsorted(edges, score, "right") - 1, 0, len(edges) - 2))


def histogram_figures(histogram: Histogram) -> dict[str, Any]:
    """The same as JSON."""
    counts = {name: list(values) for name, values in histogram.counts.items()}
    return {"edges": list(histogram.edges), "counts": counts}
