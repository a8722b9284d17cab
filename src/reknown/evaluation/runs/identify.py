"""Open-set identification as in NISTIR 8271: FPIR and FNIR as the gallery grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.evaluation.identification import (
    Searches,
    cumulative_match,
    false_positives,
    misses,
    searches_from_scores,
    selectivity,
    threshold_for_fpir,
)
from reknown.evaluation.intervals import clustered_from_sums, clustered_wilson
from reknown.evaluation.pairs import score_matrix
from reknown.evaluation.protocols import gallery_split
from reknown.evaluation.report import Axis, Caution, Lines, Report, Section, Series, Table, Text
from reknown.evaluation.runs.counts import (
    NOTHING,
    interval_text,
    number,
    of,
    rate_data,
    rate_text,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.biometrics.calibration import Calibration
    from reknown.evaluation.duplicates import Duplicates
    from reknown.evaluation.intervals import Interval
    from reknown.evaluation.manifest import Manifest
    from reknown.evaluation.protocols import GallerySplit
    from reknown.evaluation.rates import Rate
    from reknown.evaluation.report import Block
    from reknown.evaluation.templates import TemplateSet

    Ints = NDArray[np.intp]
    Singles = NDArray[np.float32]
    Mask = NDArray[np.bool_]

STABLE_ERRORS = 30
_LIST_LENGTH = 200
_RANKS = 50
_MOST_SCORES = 400_000_000
_EXPLAINED = (
    "FPIR: searches for somebody who is not enrolled that return a candidate. FNIR: searches for "
    "somebody who is enrolled that do not return the mate first, at or above the threshold. Rank-"
    "one miss: the same without a threshold. Selectivity: candidates for each search of somebody "
    "who is not enrolled.",
    "Subjects are divided by a hash of their names. The non-mated searches are the same for each "
    "size; a smaller gallery is part of the larger. A probe without a template has no candidate: "
    "a miss where a mate is enrolled, no false positive where none is. Intervals are Wilson's at "
    "95 %, with probes of one subject counted as dependent.",
)


@dataclass(frozen=True, slots=True)
class IdentificationPlan:
    """What is drawn and at which thresholds it is judged.

    `sizes` are numbers of subjects, by default 10, 100, 1,000 and so on and the most there
    are; `references` is how many images enrol a subject. `similarities` need a calibration.

    Raises `InputError` for an FPIR that is not between 0 and 1.
    """

    sizes: tuple[int, ...] = ()
    references: int = 1
    similarities: tuple[float, ...] = (80.0, 90.0, 99.0)
    fpirs: tuple[float, ...] = (0.003, 0.01, 0.1)
    seed: int = 1

    def __post_init__(self) -> None:
        if not all(0 < fpir < 1 for fpir in self.fpirs):
            raise InputError("a target FPIR lies between 0 and 1: 0.003, say")


@dataclass(frozen=True, slots=True)
class _Point:
    """Rates in one gallery at one threshold; `why_none` where no threshold could be chosen."""

    name: str
    similarity: float | None
    score: float | None
    fpir: tuple[Rate, Interval] | None
    fnir: tuple[Rate, Interval] | None
    selectivity: float | None
    why_none: str


@dataclass(frozen=True, slots=True, eq=False)
class _Gallery:
    """One size: its searches and the subjects of the probes."""

    searches: Searches
    mated_of: Ints
    non_mated_of: Ints

    @property
    def size(self) -> int:
        return self.searches.gallery_size

    def fpir(self, threshold: float) -> tuple[Rate, Interval]:
        return _clustered(false_positives(self.searches, threshold), self.non_mated_of)

    def fnir(self, threshold: float = -np.inf, rank: int = 1) -> tuple[Rate, Interval]:
        return _clustered(misses(self.searches, threshold, rank), self.mated_of)


def identification_report(
    manifest: Manifest,
    templates: TemplateSet,
    duplicates: Duplicates,
    calibration: Calibration | None,
    plan: IdentificationPlan | None = None,
) -> Report:
    """Draws galleries, searches all probes in each and counts.

    Raises `InputError` where no subject has more images than `references`, all templates
    failed, or a size is beyond the subjects.
    """
    plan = plan or IdentificationPlan()
    templates.require_any()
    whole = _largest(manifest, plan)
    split = whole.without_duplicates(duplicates)
    galleries = _galleries(templates, split, plan)
    points = [(gallery, _points(gallery, calibration, plan)) for gallery in galleries]
    left_out = len(whole.mated_probes) - len(split.mated_probes)
    cautions = tuple(_cautions(galleries[-1], templates, split, left_out, calibration))
    sections = (
        _drawn(galleries[-1], split, templates, cautions),
        *(_size_section(gallery, found) for gallery, found in points),
        _growth(points),
        _ranks(galleries[-1]),
    )
    figures = {
        "references": plan.references,
        "seed": plan.seed,
        "failures": _failures(templates, split),
        "galleries": [_gallery_data(gallery, found) for gallery, found in points],
        "cmc": _cmc_data(galleries[-1]),
        "cautions": list(cautions),
    }
    return Report("Identification in a gallery", sections, figures)


def _largest(manifest: Manifest, plan: IdentificationPlan) -> GallerySplit:
    """The gallery of the largest size; by default up to half of the subjects are enrolled."""
    subjects, names = manifest.subjects()
    able = int(np.count_nonzero(np.bincount(subjects) > plan.references))
    if len(names) < 2 or not able:
        raise InputError(
            f"identification needs two subjects, one of them with {plan.references + 1} pictures: "
            f"there are {len(names):,} subjects, {able:,} with so many"
        )
    most = max(plan.sizes) if plan.sizes else min(able, len(names) // 2)
    if plan.sizes and min(plan.sizes) < 1:
        raise InputError("a gallery holds at least one subject")
    return gallery_split(manifest, most, plan.references, seed=str(plan.seed))


def _galleries(
    templates: TemplateSet, split: GallerySplit, plan: IdentificationPlan
) -> tuple[_Gallery, ...]:
    probes = np.concatenate([split.mated_probes, split.non_mated_probes])
    if len(probes) * len(split.gallery) > _MOST_SCORES:
        raise InputError(
            f"{len(probes):,} probes in a gallery of {len(split.gallery):,} images are too many to "
            "search at once: give a smaller --size"
        )
    scores = score_matrix(templates.vectors, templates.failed, probes, split.gallery)
    enrolled = split.subjects[split.gallery]
    order = np.random.default_rng(plan.seed).permutation(np.unique(enrolled))
    sizes = sorted(set(plan.sizes)) or _decades(len(order))
    return tuple(
        _gallery(scores, enrolled, split.subjects[probes], np.sort(order[:size])) for size in sizes
    )


def _gallery(scores: Singles, enrolled: Ints, probes: Ints, drawn: Ints) -> _Gallery:
    strangers = ~np.isin(probes, enrolled)
    mated = np.isin(probes, drawn)
    rows, columns = strangers | mated, np.isin(enrolled, drawn)
    if not mated.any():
        raise InputError(
            "no enrolled subject has a picture to search with: the same pictures were left out"
        )
    part = scores[np.ix_(rows, columns)].astype(np.float64)
    searches = searches_from_scores(part, enrolled[columns], probes[rows], _LIST_LENGTH)
    return _Gallery(searches, probes[mated], probes[strangers])


def _decades(most: int) -> list[int]:
    sizes = [10**power for power in range(1, 8) if 10**power < most]
    return [*sizes, most]


def _points(
    gallery: _Gallery, calibration: Calibration | None, plan: IdentificationPlan
) -> list[_Point]:
    points = []
    if calibration is not None:
        for similarity in plan.similarities:
            score = calibration.score(similarity)
            points.append(_point(gallery, f"similarity {similarity:g}", similarity, score))
    trials = len(gallery.non_mated_of)
    for fpir in plan.fpirs:
        name = f"FPIR {fpir:g}"
        if fpir * trials < 1:
            why = f"{trials:,} non-mated searches cannot show FPIR {fpir:g}"
            points.append(_Point(name, None, None, None, None, None, why))
            continue
        try:
            score = threshold_for_fpir(gallery.searches, fpir)
        except InputError as error:
            points.append(_Point(name, None, None, None, None, None, str(error)))
            continue
        similarity_at = None if calibration is None else calibration.similarity(score)
        points.append(_point(gallery, name, similarity_at, score))
    return points


def _point(gallery: _Gallery, name: str, similarity: float | None, score: float) -> _Point:
    try:
        load = selectivity(gallery.searches, score)
    except InputError:  # a full list does not show all candidates
        load = None
    fpir, fnir = gallery.fpir(score), gallery.fnir(score)
    return _Point(name, similarity, score, fpir, fnir, load, "")


def _clustered(errors: Mask, subjects: Ints) -> tuple[Rate, Interval]:
    codes = np.unique(subjects, return_inverse=True)[1]
    found = clustered_from_sums(np.bincount(codes[errors], minlength=codes.max() + 1),
                                np.bincount(codes))  # fmt: skip
    return found.rate, clustered_wilson(found)


def _cautions(
    gallery: _Gallery,
    templates: TemplateSet,
    split: GallerySplit,
    left_out: int,
    calibration: Calibration | None,
) -> list[str]:
    texts = [
        "The thresholds for an FPIR were chosen on the searches that they are judged on: of those "
        "rows only the FNIR is a result."
    ]
    if calibration is None:
        texts.append("This model pack has no calibration: similarities were left out.")
    if left_out:
        texts.append(
            f"{left_out:,} probes were left out, as the same picture is in the gallery: finding it "
            "shows nothing."
        )
    if split.same_session.any():
        count = int(np.count_nonzero(split.same_session))
        texts.append(f"{count:,} mated probes are of the same session as a reference: easier.")
    failed = int(np.count_nonzero(templates.failed[split.gallery]))
    if failed:
        texts.append(
            f"{failed:,} of {len(split.gallery):,} references have no template and are never found."
        )
    if len(gallery.mated_of) < STABLE_ERRORS:
        texts.append(f"{len(gallery.mated_of):,} mated searches are too few for a stable FNIR.")
    return texts


def _drawn(
    gallery: _Gallery, split: GallerySplit, templates: TemplateSet, cautions: tuple[str, ...]
) -> Section:
    failures = _failures(templates, split)
    text = (
        f"Up to {gallery.size:,} subjects are enrolled with {len(split.gallery):,} images. "
        f"{len(gallery.mated_of):,} mated and {len(gallery.non_mated_of):,} non-mated searches, "
        f"the latter of {len(np.unique(gallery.non_mated_of)):,} subjects who are not enrolled."
    )
    rows = tuple((name, f"{c['failed']:,} of {c['images']:,}") for name, c in failures.items())
    blocks: list[Block] = [
        Text((text, *_EXPLAINED)),
        Table("Pictures without a template", ("use", "failed "), rows),
    ]
    return Section("What was searched", (*blocks, *(Caution(text) for text in cautions)))


def _failures(templates: TemplateSet, split: GallerySplit) -> dict[str, dict[str, int]]:
    rows = {
        "references": split.gallery,
        "mated probes": split.mated_probes,
        "non-mated probes": split.non_mated_probes,
    }
    return {
        name: {"failed": int(templates.failed[of_use].sum()), "images": len(of_use)}
        for name, of_use in rows.items()
    }


def _size_section(gallery: _Gallery, points: list[_Point]) -> Section:
    rows = tuple(_row(point) for point in points)
    head = (
        "threshold", "similarity ", "score ", "FPIR ", "interval ", "false positives ",
        "FNIR ", "interval ", "misses ", "selectivity ",
    )  # fmt: skip
    blocks: list[Block] = [Table("Rates at thresholds", head, rows)]
    rate, interval = gallery.fnir()
    blocks.append(
        Text((f"Rank-one miss: {of(rate)} = {rate_text(rate)} ({interval_text(interval)}).",))
    )
    blocks.extend(Caution(f"{p.name}: {p.why_none}.") for p in points if p.why_none)
    return Section(f"Gallery of {gallery.size:,} subjects", tuple(blocks))


def _row(point: _Point) -> tuple[str, ...]:
    similarity = NOTHING if point.similarity is None else f"{point.similarity:.1f}"
    score = NOTHING if point.score is None else f"{point.score:.6f}"
    cells = [point.name, similarity, score]
    for found in (point.fpir, point.fnir):
        rate, interval = (None, None) if found is None else found
        cells += [rate_text(rate), interval_text(interval), of(rate)]
    return (*cells, number(point.selectivity))


def _growth(points: list[tuple[_Gallery, list[_Point]]]) -> Section:
    names = [point.name for point in points[0][1]]
    blocks: list[Block] = []
    for label, kind in (("FPIR", 0), ("FNIR", 1)):
        series = []
        for place, name in enumerate(names):
            if kind == 0 and name.startswith("FPIR"):
                continue  # that is what its threshold was chosen for
            known = [
                (float(gallery.size), (found[place].fpir, found[place].fnir)[kind])
                for gallery, found in points
            ]
            xy = [(size, pair[0].value) for size, pair in known if pair is not None]
            if xy:
                series.append(Series(name, *_columns(xy)))
        if series:
            axes = Axis("subjects in the gallery", log=True), Axis(label)
            blocks.append(Lines(f"{label} as the gallery grows", *axes, tuple(series)))
    return Section("Growth of the gallery", tuple(blocks))


def _columns(xy: list[tuple[float, float]]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return tuple(x for x, _ in xy), tuple(y for _, y in xy)


def _ranks(gallery: _Gallery) -> Section:
    curve = cumulative_match(gallery.searches)[:_RANKS]
    ranks = tuple(float(rank) for rank in range(1, len(curve) + 1))
    series = Series(f"{gallery.size:,} subjects", ranks, tuple(float(y) for y in curve))
    lines = Lines(
        "CMC: mates among the first R candidates",
        Axis("rank R"),
        Axis("share of mated searches"),
        (series,),
        steps=True,
    )
    shown = [rank for rank in (1, 2, 5, 10, 20, 50) if rank <= len(curve)]
    rows = tuple((f"{rank}", *_hit(gallery, rank)) for rank in shown)
    table = Table(
        "Mates found without a threshold", ("rank ", "missed ", "FNIR ", "interval "), rows
    )
    return Section("Candidates by rank", (lines, table))


def _hit(gallery: _Gallery, rank: int) -> tuple[str, str, str]:
    rate, interval = gallery.fnir(rank=rank)
    return of(rate), rate_text(rate), interval_text(interval)


def _cmc_data(gallery: _Gallery) -> dict[str, Any]:
    curve = cumulative_match(gallery.searches)[:_RANKS]
    trials = len(gallery.mated_of)
    found = [round(float(share) * trials) for share in curve]
    return {"gallery_size": gallery.size, "mated_searches": trials, "found_by_rank": found}


def _gallery_data(gallery: _Gallery, points: list[_Point]) -> dict[str, Any]:
    return {
        "gallery_size": gallery.size,
        "mated_searches": len(gallery.mated_of),
        "non_mated_searches": len(gallery.non_mated_of),
        "rank_one_miss": rate_data(*gallery.fnir()),
        "points": [_point_data(point) for point in points],
    }


def _point_data(point: _Point) -> dict[str, Any]:
    if point.score is None:
        return {"name": point.name, "withheld": point.why_none}
    return {
        "name": point.name,
        "similarity": point.similarity,
        "score": point.score,
        "fpir": None if point.fpir is None else rate_data(*point.fpir),
        "fnir": None if point.fnir is None else rate_data(*point.fnir),
        "selectivity": point.selectivity,
    }
