"""`evaluate verify`: how often one-to-one comparisons are wrong, as a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.evaluation.quality import discard_curve, pair_quality
from reknown.evaluation.report import Axis, Caution, Lines, Section, Series, Table, Text
from reknown.evaluation.runs.blocks import (
    GALLERIES,
    det_block,
    hidden,
    histogram_figures,
    point_figures,
    points_table,
    rate_words,
    score_histogram,
    unreached_text,
)
from reknown.evaluation.runs.calibrated import calibrated_part
from reknown.evaluation.runs.compared import data_part, scores_part
from reknown.evaluation.runs.comparisons import (
    Comparisons,
    compare_all,
    compare_listed,
    compare_scores,
    image_names,
    listed_scores,
)
from reknown.evaluation.runs.counts import number, rate_data
from reknown.evaluation.runs.findings import duplicates_part, unusable_part, worst_part
from reknown.evaluation.runs.folds import FoldAccuracy, fold_accuracy
from reknown.evaluation.runs.parts import Part, assembled
from reknown.evaluation.runs.points import (
    FEW_ERRORS,
    TARGETS,
    HeldOut,
    Point,
    held_out,
    points_at_targets,
    unreached,
)
from reknown.evaluation.runs.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.biometrics.calibration import Calibration
    from reknown.evaluation.protocols import ListedPairs
    from reknown.evaluation.quality import DiscardCurve
    from reknown.evaluation.report import Block, Report
    from reknown.evaluation.runs.comparisons import Pictures
    from reknown.evaluation.score_files import ScoreFile

TITLE = "Verification: one-to-one comparisons"
_DISCARDS = (0.0, 0.05, 0.1, 0.2, 0.3)
_EDC_TARGET = 1e-3
_LEAST_MATED = 30


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """The comparisons with the points that they reach."""

    data: Comparisons
    points: tuple[Point, ...]
    calibration: Calibration | None


def verification_report(
    pictures: Pictures,
    listed: ListedPairs | None = None,
    *,
    similarities: Sequence[float] = (),
    without_names: bool = False,
) -> Report:
    """A report on all pairs of the pictures, or on the `listed` ones alone.

    Pictures that fail count as errors in every comparison. `similarities` are thresholds to
    judge besides those chosen here, by default 80, 90 and 99. `without_names` shows short hashes
    in place of the names of pictures. Raises `InputError` where no rate can be shown, and for
    similarities that the pack does not have.
    """
    compared = compare_all(pictures) if listed is None else compare_listed(pictures, listed)
    names = image_names(pictures.manifest)
    shown = hidden(names, pictures.manifest.digest) if without_names else names
    measured = _measure(compared.comparisons, pictures.calibration)
    parts = [
        data_part(pictures, compared, listed is not None),
        *_rate_parts(measured),
        calibrated_part(measured.data, measured.calibration, similarities),
        *_other_parts(measured),
        *([] if listed is None else [_folds_part(pictures, listed)]),
        _quality_part(pictures, measured),
        worst_part(measured.data, shown),
        unusable_part(pictures, names, shown),
        duplicates_part(pictures, shown),
    ]
    return assembled(TITLE, "verify", parts)


def score_report(file: ScoreFile, *, without_names: bool = False) -> Report:
    """The same from the scores of any system.

    Raises `InputError` where no rate can be shown.
    """
    data = compare_scores(file)
    measured = _measure(data, None)
    names = hidden(data.names, file.digest) if without_names else data.names
    parts = [scores_part(file, data), *_rate_parts(measured), *_other_parts(measured)]
    if data.mated_rows is not None:
        parts.append(worst_part(data, names))
    return assembled(TITLE, "verify", parts)


def _measure(data: Comparisons, calibration: Calibration | None) -> _Measured:
    return _Measured(data, points_at_targets(data, TARGETS), calibration)


def _rate_parts(measured: _Measured) -> list[Part]:
    """The rates, and what rests on them where any could be shown."""
    parts = [_points_part(measured)]
    return [*parts, _success_part(measured)] if measured.points else parts


def _other_parts(measured: _Measured) -> list[Part]:
    return [_held_out_part(measured), _meaning_part(measured), _shape_part(measured)]


def _points_part(measured: _Measured) -> Part:
    data, points = measured.data, measured.points
    missing = unreached(TARGETS, data.tail.comparisons)
    blocks: list[Block] = []
    if points:
        caption = "Thresholds by the false match rate they keep to; failures count as errors"
        blocks.append(points_table(caption, points, measured.calibration))
    unsteady = [f"{p.target:g}" for p in points if p.fmr.errors < FEW_ERRORS]
    if unsteady:
        blocks.append(
            Caution(
                f"Fewer than {FEW_ERRORS} false matches at target FMR {', '.join(unsteady)}: the "
                "rate may be off by more than 30 %."
            )
        )
    if text := unreached_text(missing, data.tail.comparisons):
        blocks.append(text)
    figures = {
        "points": [point_figures(point, measured.calibration) for point in points],
        "unreached": [
            {
                "target_fmr": item.target,
                "comparisons_needed": item.comparisons,
                "subjects_needed": item.subjects,
            }
            for item in missing
        ],
        "intervals": "independent" if data.clusters is None else "clustered by subject",
    }
    return Part(Section("Error rates", tuple(blocks)), figures)


def _success_part(measured: _Measured) -> Part:
    rows = tuple(
        (
            f"{p.target:g}",
            rate_words(p.fmr_on_success),
            rate_words(p.fnmr_on_success),
        )
        for p in measured.points
    )
    table = Table(
        "The same thresholds where both pictures gave a template: without the failures",
        ("target FMR ", "FMR on success", "FNMR on success"),
        rows,
    )
    return Part(Section("Without failures", (table,)), {})


def _held_out_part(measured: _Measured) -> Part:
    found = held_out(measured.data, TARGETS)
    if not isinstance(found, HeldOut):
        text = Text((f"Not made: {found}.",))
        return Part(Section("Held-out check", (text,)), {"held_out": {"reason": found}})
    caption = (
        f"Thresholds chosen on {found.tuning_subjects:,} subjects, rates of the other "
        f"{found.testing_subjects:,}"
    )
    text = Text(
        ("A threshold looks best on the data it was chosen on. These rates are of other people.",)
    )
    figures = {
        "held_out": {
            "tuning_subjects": found.tuning_subjects,
            "testing_subjects": found.testing_subjects,
            "points": [point_figures(point, measured.calibration) for point in found.points],
        }
    }
    table = points_table(caption, found.points, measured.calibration)
    return Part(Section("Held-out check", (text, table)), figures)


def _meaning_part(measured: _Measured) -> Part:
    paragraphs = (
        "A false match takes two people for one; a false non-match takes one person for two. A "
        "higher threshold makes the first rarer and the second more frequent.",
        "Read the interval, not only the rate: with new people of the same kind it is expected "
        "to hold the rate in 19 of 20 cases. Other pictures, cameras or people may differ more.",
        "The rate is of one comparison. A search makes as many as there are people in the "
        "gallery, so false candidates grow with it. A candidate is a lead to be checked by a "
        "person, never an identification.",
    )
    rows, figures = [], []
    for point in measured.points:
        expected = [point.fmr.value * size for size in GALLERIES]
        upper = [point.fmr_interval.high * size for size in GALLERIES]
        cells = [f"{number(e)} (up to {number(u)})" for e, u in zip(expected, upper, strict=True)]
        rows.append((f"{point.target:g}", *cells))
        for size, mean, most in zip(GALLERIES, expected, upper, strict=True):
            figures.append(
                {
                    "target_fmr": point.target,
                    "gallery": size,
                    "false_candidates": mean,
                    "false_candidates_high": most,
                }
            )
    table = Table(
        "False candidates to expect when a stranger is searched, by the size of the gallery",
        ("target FMR ", *(f"{size:,} people " for size in GALLERIES)),
        tuple(rows),
    )
    blocks: tuple[Block, ...] = (Text(paragraphs), table) if rows else (Text(paragraphs),)
    return Part(Section("What this means", blocks), {"gallery_expectations": figures})


def _shape_part(measured: _Measured) -> Part:
    data = measured.data
    marks = {f"FMR {point.target:g}": point.threshold for point in measured.points}
    histogram, det = score_histogram(data, marks), det_block(data)
    block, summaries = _summaries(measured)
    figures = {
        **summaries,
        "det": {"fmr": list(det.series[0].xs), "fnmr": list(det.series[0].ys)},
        "histogram": histogram_figures(histogram),
    }
    return Part(Section("Scores", (det, histogram, block)), figures)


def _summaries(measured: _Measured) -> tuple[Block, dict[str, Any]]:
    """EER, AUC and d' have no interval beside them, so few comparisons get none at all."""
    data = measured.data
    if not measured.points or len(data.mated) < _LEAST_MATED:
        text = (
            "No EER, AUC or d': of so few comparisons they would look better or worse than the "
            f"system is. They take {_LEAST_MATED} mated comparisons, and as many non-mated ones "
            f"as FMR {TARGETS[0]:g} takes."
        )
        nothing = dict.fromkeys(("eer", "auc", "d_prime", "summaries_exact"))
        return Caution(text), nothing
    summary = summarise(data)
    eer = summary.eer
    rows = (
        ("equal error rate (EER)", number(eer.value)),
        ("FMR there", rate_words(eer.fmr)),
        ("FNMR there", rate_words(eer.fnmr)),
        ("area under the ROC (AUC)", f"{summary.auc:.6f}"),
        ("d' of the successes", number(summary.d_prime)),
    )
    caption = "Summaries: no threshold is chosen with them"
    if not summary.exact:
        caption += "; non-mated scores counted in bins of 0.0001"
    figures = {
        "eer": {
            "rate": eer.value,
            "threshold": eer.threshold,
            "fmr": rate_data(eer.fmr),
            "fnmr": rate_data(eer.fnmr),
        },
        "auc": summary.auc,
        "d_prime": summary.d_prime,
        "summaries_exact": summary.exact,
    }
    return Table(caption, ("summary", "value"), rows), figures


def _folds_part(pictures: Pictures, listed: ListedPairs) -> Part:
    title = "Accuracy over folds"
    if len(np.unique(listed.fold)) < 2:
        text = Text(("The list has one fold only.",))
        return Part(Section(title, (text,)), {"folds": None})
    found = fold_accuracy(listed_scores(pictures, listed), listed.mated, listed.fold)
    text = Text(
        (
            f"{found.accuracy * 100:.2f} % of {sum(found.pairs):,} pairs decided rightly (standard "
            f"error {found.standard_error * 100:.2f}); the threshold of each of "
            f"{len(found.pairs)} folds was chosen on the others.",
        )
    )
    return Part(Section(title, (text,)), {"folds": _fold_figures(found)})


def _fold_figures(found: FoldAccuracy) -> dict[str, Any]:
    return {
        "accuracy": found.accuracy,
        "standard_error": found.standard_error,
        "right": list(found.right),
        "pairs": list(found.pairs),
    }


def _quality_part(pictures: Pictures, measured: _Measured) -> Part:
    title, data = "Quality", measured.data
    chosen = [point for point in measured.points if point.target >= _EDC_TARGET]
    if not chosen or data.mated_rows is None:
        text = Text(("Too few comparisons for errors by quality.",))
        return Part(Section(title, (text,)), {"quality": None})
    point = chosen[-1]
    values = pictures.templates.quality[data.mated_rows]
    curve = discard_curve(data.mated, pair_quality(values[:, 0], values[:, 1]), point.threshold)
    rates = [(share, curve.rate_at(share)) for share in _DISCARDS if _left(curve, share)]
    figures = {
        "quality": {
            "target_fmr": point.target,
            "discarded": [{"share": share} | (rate_data(rate) or {}) for share, rate in rates],
            "partial_area_30": curve.partial_area(0.3),
        }
    }
    rows = tuple((f"{share:.0%}", rate_words(rate)) for share, rate in rates)
    table = Table(
        f"FNMR at target FMR {point.target:g} with the comparisons of lowest quality left out",
        ("left out ", "FNMR of the rest"),
        rows,
    )
    return Part(Section(title, (_discard_lines(curve), table)), figures)


def _left(curve: DiscardCurve, share: float) -> bool:
    return share < 1 and curve.comparisons > 0


def _discard_lines(curve: DiscardCurve) -> Lines:
    shares = curve.discarded / curve.comparisons
    rates = curve.errors / (curve.comparisons - curve.discarded)
    series = Series("quality score", tuple(shares.tolist()), tuple(rates.tolist()))
    return Lines(
        "Errors versus discard (EDC): if quality tells, FNMR falls",
        Axis("share of the comparisons left out"),
        Axis("FNMR of the rest"),
        (series,),
        steps=True,
    )
