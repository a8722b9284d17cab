"""`evaluate verify`: how often one-to-one comparisons are wrong, as a report."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.evaluation.failures import failure_to_acquire, failure_to_enrol
from reknown.evaluation.intervals import wilson
from reknown.evaluation.quality import discard_curve, pair_quality
from reknown.evaluation.report import Axis, Caution, Lines, Report, Section, Series, Table, Text
from reknown.evaluation.runs.blocks import (
    GALLERIES,
    SHOWN,
    checked_figures,
    det_block,
    hidden,
    histogram_figures,
    point_figures,
    points_table,
    rate_words,
    score_histogram,
    unreached_text,
)
from reknown.evaluation.runs.comparisons import (
    ComparedPictures,
    Comparisons,
    compare_all,
    compare_listed,
    compare_scores,
    data_digest,
    image_names,
    listed_scores,
)
from reknown.evaluation.runs.counts import number, rate_data
from reknown.evaluation.runs.folds import FoldAccuracy, fold_accuracy
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
    from reknown.biometrics.calibration import Calibration
    from reknown.evaluation.protocols import ListedPairs
    from reknown.evaluation.quality import DiscardCurve
    from reknown.evaluation.report import Block
    from reknown.evaluation.runs.comparisons import Pictures
    from reknown.evaluation.score_files import ScoreFile

TITLE = "Verification: one-to-one comparisons"
_WORST = 10
_DISCARDS = (0.0, 0.05, 0.1, 0.2, 0.3)
_EDC_TARGET = 1e-3


@dataclass(frozen=True, slots=True)
class _Part:
    """A section of the report with its figures."""

    section: Section
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """The comparisons with the points that they reach."""

    data: Comparisons
    points: tuple[Point, ...]
    calibration: Calibration | None


def verification_report(
    pictures: Pictures, listed: ListedPairs | None = None, *, without_names: bool = False
) -> Report:
    """A report on all pairs of the pictures, or on the `listed` ones alone.

    Pictures that fail count as errors in every comparison. `without_names` shows short hashes
    in place of the names of pictures. Raises `InputError` where no rate can be shown.
    """
    compared = compare_all(pictures) if listed is None else compare_listed(pictures, listed)
    names = image_names(pictures.manifest)
    shown = hidden(names, pictures.manifest.digest) if without_names else names
    measured = _measure(compared.comparisons, pictures.calibration)
    parts = [
        _data_part(pictures, compared, listed is not None),
        *_common_parts(measured),
        *([] if listed is None else [_folds_part(pictures, listed)]),
        _quality_part(pictures, measured),
        _worst_part(measured.data, shown),
        _unusable_part(pictures, names, shown),
        _duplicates_part(pictures, shown),
    ]
    return _assembled(parts)


def score_report(file: ScoreFile, *, without_names: bool = False) -> Report:
    """The same from the scores of any system.

    Raises `InputError` where no rate can be shown.
    """
    data = compare_scores(file)
    measured = _measure(data, None)
    names = hidden(data.names, file.digest) if without_names else data.names
    parts = [_scores_part(file, data), *_common_parts(measured)]
    if data.mated_rows is not None:
        parts.append(_worst_part(data, names))
    return _assembled(parts)


def _measure(data: Comparisons, calibration: Calibration | None) -> _Measured:
    return _Measured(data, points_at_targets(data, TARGETS), calibration)


def _assembled(parts: list[_Part]) -> Report:
    figures: dict[str, Any] = {"report": "verify"}
    for part in parts:
        figures |= part.figures
    sections = tuple(part.section for part in parts)
    return Report(TITLE, sections, checked_figures(figures))


def _common_parts(measured: _Measured) -> list[_Part]:
    return [
        _points_part(measured),
        _success_part(measured),
        _held_out_part(measured),
        _meaning_part(measured),
        _shape_part(measured),
    ]


def _data_part(pictures: Pictures, compared: ComparedPictures, listed: bool) -> _Part:
    data, templates = compared.comparisons, pictures.templates
    codes, names = pictures.manifest.subjects()
    fta = failure_to_acquire(templates.failed)
    fte = failure_to_enrol(templates.failed, codes)
    excluded = compared.excluded
    figures = {
        "data": {
            "pictures": len(codes),
            "subjects": len(names),
            "digest": data_digest(pictures),
            "pairs": "listed" if listed else "all",
            "mated": len(data.mated),
            "non_mated": data.tail.comparisons,
            "excluded_mated": {
                "same_picture": excluded.same_picture,
                "near_duplicates": excluded.near_duplicates,
                "same_session": excluded.same_session,
            },
            "non_mated_duplicates": compared.non_mated_duplicates,
        },
        "system": {
            "pack": templates.space.pack,
            "space": templates.space.fingerprint,
            "detector": templates.detector,
            "face": templates.choose,
        },
        "failures": {
            "fta": rate_data(fta, wilson(fta)),
            "fte": rate_data(fte, wilson(fte)),
            "mated_comparisons": data.mated_failures,
            "non_mated_comparisons": data.tail.failures,
        },
    }
    rows = (
        ("pictures", f"{len(codes):,} of {len(names):,} subjects"),
        ("pairs", "a published list" if listed else "every picture with every other"),
        ("mated comparisons", f"{len(data.mated):,}"),
        ("non-mated comparisons", f"{data.tail.comparisons:,}"),
        ("failure to acquire (FTA)", rate_words(fta, wilson(fta))),
        ("failure to enrol (FTE)", rate_words(fte, wilson(fte))),
        ("mated pairs left out as the same picture", f"{excluded.same_picture:,}"),
        ("mated pairs left out as near duplicates", f"{excluded.near_duplicates:,}"),
        ("model pack", templates.space.pack),
    )
    blocks: list[Block] = [Table("What was compared", ("what", "how much"), rows)]
    if compared.non_mated_duplicates:
        blocks.append(
            Caution(
                f"Pictures that lie under two names: {compared.non_mated_duplicates:,}. They count "
                "as false matches here; if the labels are wrong, the rates are too high."
            )
        )
    return _Part(Section("Data", tuple(blocks)), figures)


def _scores_part(file: ScoreFile, data: Comparisons) -> _Part:
    figures = {
        "data": {
            "subjects": len(file.subject_names) or None,
            "digest": file.digest,
            "pairs": "scores",
            "mated": len(data.mated),
            "non_mated": data.tail.comparisons,
        },
        "failures": {
            "mated_comparisons": data.mated_failures,
            "non_mated_comparisons": data.tail.failures,
        },
    }
    rows = (
        ("mated comparisons", f"{len(data.mated):,}"),
        ("failed among them", f"{data.mated_failures:,}"),
        ("non-mated comparisons", f"{data.tail.comparisons:,}"),
        ("failed among them", f"{data.tail.failures:,}"),
    )
    blocks: list[Block] = [Table("What was compared", ("what", "how much "), rows)]
    if data.clusters is None:
        blocks.append(
            Caution(
                "The file does not say who was compared, so the intervals take the comparisons "
                "for independent: they are narrower than the truth. Add the columns subject_a "
                "and subject_b."
            )
        )
    return _Part(Section("Data", tuple(blocks)), figures)


def _points_part(measured: _Measured) -> _Part:
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
    return _Part(Section("Error rates", tuple(blocks)), figures)


def _success_part(measured: _Measured) -> _Part:
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
    return _Part(Section("Without failures", (table,)), {})


def _held_out_part(measured: _Measured) -> _Part:
    found = held_out(measured.data, TARGETS)
    if not isinstance(found, HeldOut):
        text = Text((f"Not made: {found}.",))
        return _Part(Section("Held-out check", (text,)), {"held_out": {"reason": found}})
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
    return _Part(Section("Held-out check", (text, table)), figures)


def _meaning_part(measured: _Measured) -> _Part:
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
    return _Part(
        Section("What this means", (Text(paragraphs), table)), {"gallery_expectations": figures}
    )


def _shape_part(measured: _Measured) -> _Part:
    data = measured.data
    summary = summarise(data)
    marks = {f"FMR {point.target:g}": point.threshold for point in measured.points}
    histogram, det = score_histogram(data, marks), det_block(data)
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
        "det": {"fmr": list(det.series[0].xs), "fnmr": list(det.series[0].ys)},
        "histogram": histogram_figures(histogram),
    }
    blocks = (det, histogram, Table(caption, ("summary", "value"), rows))
    return _Part(Section("Scores", blocks), figures)


def _folds_part(pictures: Pictures, listed: ListedPairs) -> _Part:
    title = "Accuracy over folds"
    if len(np.unique(listed.fold)) < 2:
        text = Text(("The list has one fold only.",))
        return _Part(Section(title, (text,)), {"folds": None})
    found = fold_accuracy(listed_scores(pictures, listed), listed.mated, listed.fold)
    text = Text(
        (
            f"{found.accuracy * 100:.2f} % of {sum(found.pairs):,} pairs decided rightly (standard "
            f"error {found.standard_error * 100:.2f}); the threshold of each of "
            f"{len(found.pairs)} folds was chosen on the others.",
        )
    )
    return _Part(Section(title, (text,)), {"folds": _fold_figures(found)})


def _fold_figures(found: FoldAccuracy) -> dict[str, Any]:
    return {
        "accuracy": found.accuracy,
        "standard_error": found.standard_error,
        "right": list(found.right),
        "pairs": list(found.pairs),
    }


def _quality_part(pictures: Pictures, measured: _Measured) -> _Part:
    title, data = "Quality", measured.data
    chosen = [point for point in measured.points if point.target >= _EDC_TARGET]
    if not chosen or data.mated_rows is None:
        text = Text(("Too few comparisons for errors by quality.",))
        return _Part(Section(title, (text,)), {"quality": None})
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
    return _Part(Section(title, (_discard_lines(curve), table)), figures)


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


def _worst_part(data: Comparisons, names: tuple[str, ...]) -> _Part:
    assert data.mated_rows is not None
    assert data.tail_rows is not None
    highest = np.arange(len(data.tail.scores))[::-1][:_WORST]
    finite = np.flatnonzero(data.mated > -math.inf)
    lowest = finite[np.argsort(data.mated[finite], kind="stable")[:_WORST]]
    chosen = (
        ("non-mated", "highest", data.tail.scores[highest], data.tail_rows[highest]),
        ("mated", "lowest", data.mated[lowest], data.mated_rows[lowest]),
    )
    blocks, figures = [], {}
    for kind, which, scores, rows in chosen:
        items = [
            {"score": float(score), "first": names[a], "second": names[b]}
            for score, (a, b) in zip(scores, rows.tolist(), strict=True)
        ]
        cells = tuple((f"{i['score']:.6f}", str(i["first"]), str(i["second"])) for i in items)
        blocks.append(
            Table(
                f"The {len(items)} {kind} comparisons with the {which} scores",
                ("score ", "first", "second"),
                cells,
            )
        )
        figures[kind.replace("-", "_")] = items
    text = Text(
        (
            "Look at these first: wrong labels show here. Failures are listed apart from these, "
            "as they have no score.",
        )
    )
    return _Part(Section("Worst comparisons", (text, *blocks)), {"worst": figures})


def _unusable_part(pictures: Pictures, names: tuple[str, ...], shown: tuple[str, ...]) -> _Part:
    failed = np.flatnonzero(pictures.templates.failed)
    root = f"{pictures.manifest.root}/"
    items = []
    for row in failed[:SHOWN].tolist():
        reason = pictures.templates.reasons[row].replace(root, "").replace(names[row], shown[row])
        items.append({"picture": shown[row], "reason": reason})
    figures = {"unusable": {"count": len(failed), "first": items}}
    title = "Pictures without a template"
    if not items:
        return _Part(Section(title, (Text(("None.",)),)), figures)
    rows = tuple((item["picture"], item["reason"]) for item in items)
    table = Table(f"{len(failed):,} in all{_first(len(failed))}", ("picture", "reason"), rows)
    return _Part(Section(title, (table,)), figures)


def _duplicates_part(pictures: Pictures, shown: tuple[str, ...]) -> _Part:
    found = pictures.duplicates
    order = np.argsort(found.same_subject, kind="stable")[:SHOWN]
    items = [
        {
            "first": shown[found.first[at]],
            "second": shown[found.second[at]],
            "exact": bool(found.exact[at]),
            "same_subject": bool(found.same_subject[at]),
        }
        for at in order.tolist()
    ]
    figures = {"duplicates": {"count": len(found), "first": items}}
    if not items:
        return _Part(Section("The same picture twice", (Text(("None.",)),)), figures)
    rows = tuple(
        (
            str(item["first"]),
            str(item["second"]),
            "equal bytes" if item["exact"] else "looks the same",
            "one subject" if item["same_subject"] else "two subjects: a wrong label?",
        )
        for item in items
    )
    columns = ("first", "second", "how", "of whom")
    table = Table(f"{len(found):,} pairs{_first(len(found))}", columns, rows)
    return _Part(Section("The same picture twice", (table,)), figures)


def _first(count: int) -> str:
    return f", the first {SHOWN} here" if count > SHOWN else ""
