"""Open-set identification as in NISTIR 8271: FPIR and FNIR as the gallery grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.biometrics.text import counted
from reknown.evaluation.measures.differentials import STABLE_ERRORS
from reknown.evaluation.measures.identification import cumulative_match
from reknown.evaluation.runs.formats import (
    NOTHING,
    interval_text,
    number,
    of,
    rate_data,
    rate_text,
    similarity_text,
)
from reknown.evaluation.runs.galleries import (
    IdentificationPlan,
    drawn_galleries,
    largest_gallery,
    points_of,
)
from reknown.reporting.blocks import Axis, Caution, Lines, Series, Table, Text
from reknown.reporting.report import Section, assembled

if TYPE_CHECKING:
    from reknown.evaluation.data.images import EvaluatedImages
    from reknown.evaluation.data.protocols import GallerySplit
    from reknown.evaluation.data.templates import TemplateSet
    from reknown.evaluation.runs.galleries import DrawnGallery, GalleryPoint
    from reknown.reporting.blocks import Block
    from reknown.reporting.report import Report

_RANKS = 50
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


def identification_report(
    images: EvaluatedImages, plan: IdentificationPlan | None = None
) -> Report:
    """Draws galleries, searches all probes in each and counts.

    Raises `InputError` where no subject has more images than `references`, all templates
    failed, or a size is beyond the subjects.
    """
    plan = plan or IdentificationPlan()
    images.templates.require_any()
    whole = largest_gallery(images.manifest, plan)
    split = whole.without_duplicates(images.duplicates)
    galleries = drawn_galleries(images.templates, split, plan)
    points = [(gallery, points_of(gallery, images.calibration, plan)) for gallery in galleries]
    left_out = len(whole.mated_probes) - len(split.mated_probes)
    sections = [
        _drawn(galleries[-1], split, images, left_out),
        *(_size_section(gallery, found) for gallery, found in points),
        _growth(points),
        _ranks(galleries[-1]),
    ]
    return assembled(
        "Identification in a gallery",
        sections,
        references=plan.references,
        seed=plan.seed,
        galleries=[_gallery_data(gallery, found) for gallery, found in points],
    )


def _cautions(
    gallery: DrawnGallery, split: GallerySplit, images: EvaluatedImages, left_out: int
) -> list[str]:
    texts = [
        "The thresholds for an FPIR were chosen on the searches that they are judged on: of those "
        "rows only the FNIR is a result."
    ]
    if images.calibration is None:
        texts.append("This model pack has no calibration: similarities were left out.")
    if left_out:
        texts.append(
            f"{counted(left_out, 'probe was', 'probes were')} left out, as the same image is in "
            "the gallery: finding it shows nothing."
        )
    if split.same_session.any():
        count = int(np.count_nonzero(split.same_session))
        probes = counted(count, "mated probe is", "mated probes are")
        texts.append(f"{probes} of the same session as a reference: easier.")
    failed = int(np.count_nonzero(images.templates.failed[split.gallery]))
    if failed:
        texts.append(
            f"{failed:,} of {len(split.gallery):,} references have no template and are never found."
        )
    if len(gallery.mated_of) < STABLE_ERRORS:
        texts.append(f"{len(gallery.mated_of):,} mated searches are too few for a stable FNIR.")
    return texts


def _drawn(
    gallery: DrawnGallery, split: GallerySplit, images: EvaluatedImages, left_out: int
) -> Section:
    failures = _failures(images.templates, split)
    cautions = _cautions(gallery, split, images, left_out)
    strangers = len(np.unique(gallery.non_mated_of))
    text = (
        f"Up to {counted(gallery.size, 'subject is', 'subjects are')} enrolled with "
        f"{counted(len(split.gallery), 'image')}. Searches: {len(gallery.mated_of):,} mated, "
        f"{len(gallery.non_mated_of):,} non-mated, the latter of "
        f"{counted(strangers, 'subject who is', 'subjects who are')} not enrolled."
    )
    rows = tuple((name, f"{c['failed']:,} of {c['images']:,}") for name, c in failures.items())
    blocks: tuple[Block, ...] = (
        Text.of(text, *_EXPLAINED),
        Table("Images without a template", ("use", "failed "), rows),
        *map(Caution, cautions),
    )
    return Section("What was searched", blocks, {"failures": failures, "cautions": cautions})


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


def _size_section(gallery: DrawnGallery, points: list[GalleryPoint]) -> Section:
    rows = tuple(_row(point) for point in points)
    head = (
        "threshold", "similarity ", "score ", "FPIR ", "interval ", "false positives ",
        "FNIR ", "interval ", "misses ", "selectivity ",
    )  # fmt: skip
    blocks: list[Block] = [Table("Rates at thresholds", head, rows)]
    rate, interval = gallery.fnir()
    blocks.append(
        Text.of(f"Rank-one miss: {of(rate)} = {rate_text(rate)} ({interval_text(interval)}).")
    )
    blocks.extend(Caution(f"{p.name}: {p.why_none}.") for p in points if p.why_none)
    return Section(f"Gallery of {counted(gallery.size, 'subject')}", tuple(blocks))


def _row(point: GalleryPoint) -> tuple[str, ...]:
    score = NOTHING if point.score is None else f"{point.score:.6f}"
    cells = [point.name, similarity_text(point.similarity), score]
    for found in (point.fpir, point.fnir):
        rate, interval = (None, None) if found is None else found
        cells += [rate_text(rate), interval_text(interval), of(rate)]
    return (*cells, number(point.selectivity))


def _growth(points: list[tuple[DrawnGallery, list[GalleryPoint]]]) -> Section:
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


def _ranks(gallery: DrawnGallery) -> Section:
    curve = cumulative_match(gallery.searches)[:_RANKS]
    ranks = tuple(float(rank) for rank in range(1, len(curve) + 1))
    series = Series(counted(gallery.size, "subject"), ranks, tuple(float(y) for y in curve))
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
    trials = len(gallery.mated_of)
    figures = {
        "gallery_size": gallery.size,
        "mated_searches": trials,
        "found_by_rank": [round(float(share) * trials) for share in curve],
    }
    return Section("Candidates by rank", (lines, table), {"cmc": figures})


def _hit(gallery: DrawnGallery, rank: int) -> tuple[str, str, str]:
    rate, interval = gallery.fnir(rank=rank)
    return of(rate), rate_text(rate), interval_text(interval)


def _gallery_data(gallery: DrawnGallery, points: list[GalleryPoint]) -> dict[str, Any]:
    return {
        "gallery_size": gallery.size,
        "mated_searches": len(gallery.mated_of),
        "non_mated_searches": len(gallery.non_mated_of),
        "rank_one_miss": rate_data(*gallery.fnir()),
        "points": [_point_data(point) for point in points],
    }


def _point_data(point: GalleryPoint) -> dict[str, Any]:
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
