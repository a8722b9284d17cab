"""`evaluate verify`: how often one-to-one comparisons are wrong, as a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.evaluation.measures.folds import FoldAccuracy, fold_accuracy
from reknown.evaluation.measures.quality import discard_curve, pair_quality
from reknown.evaluation.runs.blocks import (
    GALLERIES,
    det_block,
    histogram_figures,
    point_figures,
    points_table,
    score_histogram,
    unreached_text,
)
from reknown.evaluation.runs.comparisons import (
    Comparisons,
    compare_all,
    compare_listed,
    compare_scores,
    listed_scores,
)
from reknown.evaluation.runs.data_sections import data_section, scores_section
from reknown.evaluation.runs.formats import hidden, number, rate_data, rate_words
from reknown.evaluation.runs.image_sections import (
    duplicates_section,
    unusable_section,
    worst_section,
)
from reknown.evaluation.runs.pack_thresholds import calibrated_section
from reknown.evaluation.runs.points import (
    FEW_ERRORS,
    TARGETS,
    HeldOut,
    MeasuredPoint,
    held_out,
    points_at_targets,
    unreached,
)
from reknown.evaluation.runs.summary import summarise
from reknown.reporting.blocks import Axis, Caution, Lines, Series, Table, Text
from reknown.reporting.report import Section, assembled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.biometrics.calibration import Calibration
    from reknown.evaluation.data.images import EvaluatedImages
    from reknown.evaluation.data.protocols import ListedPairs
    from reknown.evaluation.data.score_files import ScoreFile
    from reknown.evaluation.measures.quality import DiscardCurve
    from reknown.reporting.blocks import Block
    from reknown.reporting.report import Report

Points = tuple[MeasuredPoint, ...]
TITLE = "Verification: one-to-one comparisons"
_DISCARDS = (0.0, 0.05, 0.1, 0.2, 0.3)
_EDC_TARGET = 1e-3
_LEAST_MATED = 30


def verification_report(
    images: EvaluatedImages,
    listed: ListedPairs | None = None,
    *,
    similarities: Sequence[float] = (),
    without_names: bool = False,
) -> Report:
    """A report on all pairs of the images, or on the `listed` ones alone.

    Images that fail count as errors in every comparison. `similarities` are thresholds to
    judge besides those chosen here, by default 80, 90 and 99. `without_names` shows short hashes
    in place of the names of images. Raises `InputError` where no rate can be shown, and for
    similarities that the pack does not have.
    """
    compared = compare_all(images) if listed is None else compare_listed(images, listed)
    names = images.names()
    shown = hidden(names, images.manifest.digest) if without_names else names
    data, calibration = compared.comparisons, images.calibration
    points = points_at_targets(data, TARGETS)
    sections = [
        data_section(images, compared, listed is not None),
        *_rates(data, points, calibration),
        calibrated_section(data, calibration, similarities),
        *_other_sections(data, points, calibration),
        *([] if listed is None else [_folds(images, listed)]),
        _quality(images, data, points),
        worst_section(data, shown),
        unusable_section(images, names, shown),
        duplicates_section(images, shown),
    ]
    return assembled(TITLE, sections, report="verify")


def score_report(file: ScoreFile, *, without_names: bool = False) -> Report:
    """The same from the scores of any system.

    Raises `InputError` where no rate can be shown.
    """
    data = compare_scores(file)
    points = points_at_targets(data, TARGETS)
    names = hidden(data.names, file.digest) if without_names else data.names
    sections = [
        scores_section(file, data),
        *_rates(data, points, None),
        *_other_sections(data, points, None),
        *([] if data.mated_rows is None else [worst_section(data, names)]),
    ]
    return assembled(TITLE, sections, report="verify")


def _rates(data: Comparisons, points: Points, calibration: Calibration | None) -> list[Section]:
    """The rates, and what rests on them where any could be shown."""
    found = [_points(data, points, calibration)]
    return [*found, _successes(points)] if points else found


def _other_sections(
    data: Comparisons, points: Points, calibration: Calibration | None
) -> list[Section]:
    return [_held_out(data, calibration), _meaning(points), _shape(data, points)]


def _points(data: Comparisons, points: Points, calibration: Calibration | None) -> Section:
    missing = unreached(TARGETS, data.tail.comparisons)
    blocks: list[Block] = []
    if points:
        caption = "Thresholds by the false match rate they keep to; failures count as errors"
        blocks.append(points_table(caption, points, calibration))
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
        "points": [point_figures(point, calibration) for point in points],
        "unreached": [
            {
                "target_fmr": item.target,
                "comparisons_needed": item.comparisons,
                "subjects_needed": item.subjects,
            }
            for item in missing
        ],
        "intervals": data.dependence,
    }
    return Section("Error rates", tuple(blocks), figures)


def _successes(points: Points) -> Section:
    rows = tuple(
        (
            f"{p.target:g}",
            rate_words(p.fmr_on_success),
            rate_words(p.fnmr_on_success),
        )
        for p in points
    )
    table = Table(
        "The same thresholds where both images gave a template: without the failures",
        ("target FMR ", "FMR on success", "FNMR on success"),
        rows,
    )
    return Section("Without failures", (table,))


def _held_out(data: Comparisons, calibration: Calibration | None) -> Section:
    found = held_out(data, TARGETS)
    if not isinstance(found, HeldOut):
        text = Text.of(f"Not made: {found}.")
        return Section("Held-out check", (text,), {"held_out": {"reason": found}})
    caption = (
        f"Thresholds chosen on {found.tuning_subjects:,} subjects, rates of the other "
        f"{found.testing_subjects:,}"
    )
    text = Text.of(
        "A threshold looks best on the data it was chosen on. These rates are of other people."
    )
    figures = {
        "held_out": {
            "tuning_subjects": found.tuning_subjects,
            "testing_subjects": found.testing_subjects,
            "points": [point_figures(point, calibration) for point in found.points],
        }
    }
    table = points_table(caption, found.points, calibration)
    return Section("Held-out check", (text, table), figures)


def _meaning(points: Points) -> Section:
    paragraphs = (
        "A false match takes two people for one; a false non-match takes one person for two. A "
        "higher threshold makes the first rarer and the second more frequent.",
        "Read the interval, not only the rate: with new people of the same kind it is expected "
        "to hold the rate in 19 of 20 cases. Other images, cameras or people may differ more.",
        "The rate is of one comparison. A search makes as many as there are people in the "
        "gallery, so false candidates grow with it. A candidate is a lead to be checked by a "
        "person, never an identification.",
    )
    rows, figures = [], []
    for point in points:
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
    return Section("What this means", blocks, {"gallery_expectations": figures})


def _shape(data: Comparisons, points: Points) -> Section:
    marks = {f"FMR {point.target:g}": point.threshold for point in points}
    histogram, det = score_histogram(data, marks), det_block(data)
    block, summaries = _summaries(data, points)
    figures = {
        **summaries,
        "det": {"fmr": list(det.series[0].xs), "fnmr": list(det.series[0].ys)},
        "histogram": histogram_figures(histogram),
    }
    return Section("Scores", (det, histogram, block), figures)


def _summaries(data: Comparisons, points: Points) -> tuple[Block, dict[str, Any]]:
    """EER, AUC and d' have no interval beside them, so few comparisons get none at all."""
    if not points or len(data.mated) < _LEAST_MATED:
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


def _folds(images: EvaluatedImages, listed: ListedPairs) -> Section:
    title = "Accuracy over folds"
    if len(np.unique(listed.fold)) < 2:
        text = Text.of("The list has one fold only.")
        return Section(title, (text,), {"folds": None})
    found = fold_accuracy(listed_scores(images, listed), listed.mated, listed.fold)
    text = Text.of(
        f"{found.accuracy * 100:.2f} % of {sum(found.pairs):,} pairs decided rightly (standard "
        f"error {found.standard_error * 100:.2f}); the threshold of each of "
        f"{len(found.pairs)} folds was chosen on the others."
    )
    return Section(title, (text,), {"folds": _fold_figures(found)})


def _fold_figures(found: FoldAccuracy) -> dict[str, Any]:
    return {
        "accuracy": found.accuracy,
        "standard_error": found.standard_error,
        "right": list(found.right),
        "pairs": list(found.pairs),
    }


def _quality(images: EvaluatedImages, data: Comparisons, points: Points) -> Section:
    title = "Quality"
    chosen = [point for point in points if point.target >= _EDC_TARGET]
    if not chosen or data.mated_rows is None:
        text = Text.of("Too few comparisons for errors by quality.")
        return Section(title, (text,), {"quality": None})
    point = chosen[-1]
    values = images.templates.quality[data.mated_rows]
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
    return Section(title, (_discard_lines(curve), table), figures)


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
