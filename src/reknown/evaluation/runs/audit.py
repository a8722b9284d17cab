"""The Congress test: search people who are not in a gallery, and count whom it points to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.text import counted
from reknown.evaluation.measures.audit import (
    exact_interval,
    fpir_at,
    gallery_size_for,
    share_of_hits,
    threshold_curve,
)
from reknown.evaluation.measures.differentials import MINIMUM_SUBJECTS
from reknown.evaluation.measures.scores import UNLABELLED, matches
from reknown.evaluation.runs.formats import (
    NOTHING,
    interval_data,
    interval_text,
    number,
    of,
    rate_data,
    rate_text,
    similarity_text,
)
from reknown.evaluation.runs.strangers import best_scores, check_strangers
from reknown.reporting.blocks import Axis, Caution, Lines, Series, Table, Text
from reknown.reporting.report import Section, assembled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reknown.biometrics.calibration import Calibration
    from reknown.evaluation.data.images import EvaluatedImages
    from reknown.evaluation.data.manifest import Manifest
    from reknown.evaluation.measures.arrays import Floats, Mask
    from reknown.evaluation.measures.audit import FalsePositives, ShareTest
    from reknown.reporting.blocks import Block
    from reknown.reporting.report import Report


_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_WANTED = 0.01
_CURVE = (50.0, 60.0, 70.0, 75.0, *(float(s) for s in range(80, 100)))
_EXPLAINED = (
    "Nobody among the probes is in the gallery: each candidate is false. The implied FMR is what "
    "would explain the count if comparisons were independent; what it gives for other sizes of "
    "the gallery is planning, not measurement. Intervals are Wilson's at 95 %. The curve shows "
    "every threshold, so that nobody has to argue which one is fair.",
)


@dataclass(frozen=True, slots=True)
class AuditPlan:
    """Similarities to judge at, or `scores` without a calibration; groups of the probes `by`."""

    similarities: tuple[float, ...] = (80.0, 95.0, 99.0)
    scores: tuple[float, ...] = ()
    by: tuple[str, ...] = ()
    minimum_subjects: int = MINIMUM_SUBJECTS


@dataclass(frozen=True, slots=True, eq=False)
class _ProbeGroup:
    column: str
    name: str
    probes: Mask


@dataclass(frozen=True, slots=True)
class _Share:
    column: str
    name: str
    probes: int
    test: ShareTest | None
    withheld: str


@dataclass(frozen=True, slots=True)
class _Result:
    """What was found at one threshold; `similarity` is None where it is not known."""

    similarity: float | None
    found: FalsePositives
    shares: list[_Share]

    @property
    def shown(self) -> str:
        """The similarity in a table."""
        return similarity_text(self.similarity)


def congress_report(
    gallery: EvaluatedImages, probes: EvaluatedImages, plan: AuditPlan | None = None
) -> Report:
    """False matches at each threshold, the curve, and the shares of the probes' groups.

    Raises `InputError` when somebody, or an image, is on both sides, when a side has no
    template, and without a calibration or scores as thresholds.
    """
    plan = plan or AuditPlan()
    thresholds = _thresholds(plan, gallery.calibration)
    groups = check_groups(probes.manifest, plan.by)
    alike = check_strangers(gallery, probes)
    best = best_scores(gallery, probes)
    size = len(gallery.manifest.subjects()[1])
    counts = threshold_curve(best, size, [score for _, score in thresholds])
    repeated = len(best) > len(probes.manifest.subjects()[1])
    results = [
        _Result(
            similarity,
            found,
            [_share(best, score, group, plan, repeated=repeated) for group in groups],
        )
        for (similarity, score), found in zip(thresholds, counts, strict=True)
    ]
    cautions = _cautions(gallery, probes, alike, repeated=repeated)
    curve = _curve(best, size, gallery.calibration)
    sections = [
        _counted(gallery, probes, results, cautions),
        _sizes(results),
        *([_curve_section(curve)] if curve else []),
        *([_share_section(results)] if groups else []),
    ]
    return assembled(
        "Audit: strangers in a gallery",
        sections,
        thresholds=[
            _result_data(one.similarity, one.found)
            | {"shares": [_share_data(share) for share in one.shares]}
            for one in results
        ],
        curve=[_result_data(similarity, found) for similarity, found in curve],
    )


def _thresholds(
    plan: AuditPlan, calibration: Calibration | None
) -> tuple[tuple[float | None, float], ...]:
    """Similarity, None where unknown, and score of each threshold."""
    if plan.scores:
        return tuple(
            (None if calibration is None else calibration.similarity(score), score)
            for score in plan.scores
        )
    if calibration is None:
        raise InputError(
            "this model pack is not calibrated, so it has no similarities: give "
            "thresholds as scores (--scores 0.5,0.6)"
        )
    return tuple((similarity, calibration.score(similarity)) for similarity in plan.similarities)


def check_groups(manifest: Manifest, by: Sequence[str]) -> list[_ProbeGroup]:
    """The groups of the probes; raises the `InputError` of `congress_report` for their columns."""
    found = []
    for column in by:
        codes, names = manifest.groups([part.strip() for part in column.split(",")])
        if not names:
            raise InputError(f"the group column {column!r} of the probes is empty")
        found += [_ProbeGroup(column, name, codes == code) for code, name in enumerate(names)]
        if (codes == UNLABELLED).any():
            missing = int(np.count_nonzero(codes == UNLABELLED))
            raise InputError(
                f"{missing:,} probes have no label in {column!r}: a share of all probes needs "
                "every label; write what is not known as a label of its own"
            )
    return found


def _share(
    best: Floats, score: float, group: _ProbeGroup, plan: AuditPlan, *, repeated: bool
) -> _Share:
    hits, size = matches(best, score), int(group.probes.sum())
    withheld = ""
    if size < plan.minimum_subjects:
        withheld = f"{size} probes, fewer than {plan.minimum_subjects}"
    elif repeated:
        withheld = "several probes of one subject are not independent: give one of each"
    elif not hits.any():
        withheld = "no false match, so no share"
    if withheld:
        return _Share(group.column, group.name, size, None, withheld)
    test = share_of_hits(
        group_hits=int((hits & group.probes).sum()),
        hits=int(hits.sum()),
        group=size,
        probes=len(best),
    )
    return _Share(group.column, group.name, size, test, "")


def _curve(
    best: Floats, size: int, calibration: Calibration | None
) -> list[tuple[float | None, FalsePositives]]:
    if calibration is None:
        return []
    scores = [calibration.score(similarity) for similarity in _CURVE]
    return list(zip(_CURVE, threshold_curve(best, size, scores), strict=True))


def _cautions(
    gallery: EvaluatedImages, probes: EvaluatedImages, alike: int, *, repeated: bool
) -> list[str]:
    texts = []
    if alike:
        texts.append(
            f"{counted(alike, 'probe looks', 'probes look')} like an image of the gallery: check "
            "whether somebody is on both sides under two names before counting their matches "
            "as false."
        )
    for name, side in (("gallery", gallery), ("probes", probes)):
        failed = int(np.count_nonzero(side.templates.failed))
        if failed:
            texts.append(
                f"{failed:,} of {counted(len(side.templates.failed), 'image')} of the {name} gave "
                "no template and match nobody: FPIR is lower for it."
            )
    if repeated:
        texts.append(
            "Some probes are of one subject: trials are then not independent, and the true "
            "intervals wider than shown. Give one image of each for an audit."
        )
    return texts


def _counted(
    gallery: EvaluatedImages,
    probes: EvaluatedImages,
    results: Sequence[_Result],
    cautions: Sequence[str],
) -> Section:
    text = (
        f"{len(probes.manifest.samples):,} probes of {len(probes.manifest.subjects()[1]):,} people "
        f"in a gallery of {len(gallery.manifest.subjects()[1]):,} strangers with "
        f"{len(gallery.manifest.samples):,} images."
    )
    rows = tuple(
        (
            one.shown,
            f"{one.found.threshold:.6f}",
            of(one.found.fpir),
            rate_text(one.found.fpir),
            interval_text(one.found.interval),
            number(one.found.implied_fmr),
            interval_text(one.found.implied_interval),
        )
        for one in results
    )
    head = (
        "similarity ", "score ", "probes with a false match ", "FPIR ", "interval ",
        "implied FMR ", "interval ",
    )  # fmt: skip
    figures = {
        "gallery": _side_data(gallery),
        "probes": _side_data(probes),
        "cautions": cautions,
    }
    blocks: tuple[Block, ...] = (
        Text.of(text, *_EXPLAINED),
        Table("False matches", head, rows),
        *map(Caution, cautions),
    )
    return Section("Who is pointed to", blocks, figures)


def _sizes(results: Sequence[_Result]) -> Section:
    rows = []
    for one in results:
        seen = one.found.fpir.errors > 0
        expected = [number(rate) if seen else NOTHING for rate in fpir_at(one.found, _SIZES)]
        wanted = _one_in_hundred(one.found)
        rows.append((one.shown, NOTHING if wanted is None else f"{wanted:,}", *expected))
    head = ("similarity ", "N for one in 100 ", *(f"FPIR at {size:,} " for size in _SIZES))
    table = Table("Planned for other galleries", head, tuple(rows))
    text = Text.of("A dash: no false match was seen, which says nothing about larger galleries.")
    return Section("Size of the gallery", (table, text))


def _curve_section(curve: list[tuple[float | None, FalsePositives]]) -> Section:
    xs = tuple(similarity for similarity, _ in curve if similarity is not None)
    rates = Series("FPIR", xs, tuple(result.fpir.value for _, result in curve))
    low = Series("lower limit", xs, tuple(result.interval.low for _, result in curve))
    high = Series("upper limit", xs, tuple(result.interval.high for _, result in curve))
    axes = Axis("threshold, similarity"), Axis("probes with a false match")
    lines = Lines("False matches by threshold", *axes, (rates, low, high))
    return Section("Every threshold", (lines,))


def _share_section(results: Sequence[_Result]) -> Section:
    tests = sum(share.test is not None for one in results for share in one.shares)
    text = (
        "Exact two-sided tests of the group's share of the false matches against its share of the "
        f"probes. {tests:,} lines: at p 0.05 one in twenty is below it by chance."
    )
    blocks: list[Block] = [Text.of(text)]
    for one in results:
        score = one.found.threshold
        name = f"score {score:.6f}" if one.similarity is None else f"similarity {one.similarity:g}"
        blocks.extend(_share_blocks(name, one.shares))
    return Section("Who is hit more often", tuple(blocks))


def _share_blocks(threshold: str, shares: list[_Share]) -> Iterator[Block]:
    rows = tuple(_share_row(share, share.test) for share in shares if share.test is not None)
    if rows:
        head = (
            "group", "probes ", "of the false matches ", "share ", "of the probes ", "binomial p ",
            "odds ratio ", "Fisher p ",
        )  # fmt: skip
        yield Table(f"Shares of the groups at {threshold}", head, rows)
    withheld = [f"{share.name} ({share.withheld})" for share in shares if share.test is None]
    if withheld:
        yield Caution(f"No share at {threshold}: {'; '.join(withheld)}.")


def _share_row(share: _Share, test: ShareTest) -> tuple[str, ...]:
    return (
        f"{share.column}: {share.name}",
        f"{share.probes:,}",
        of(test.share),
        rate_text(test.share),
        rate_text(test.base),
        number(test.binomial_p),
        number(test.odds_ratio),
        number(test.fisher_p),
    )


def _one_in_hundred(result: FalsePositives) -> int | None:
    if not 0 < result.fpir.errors < result.fpir.trials:
        return None
    return gallery_size_for(result, _WANTED)


def _result_data(similarity: float | None, result: FalsePositives) -> dict[str, Any]:
    found = result.fpir.errors > 0
    return {
        "similarity": similarity,
        "score": result.threshold,
        "fpir": rate_data(result.fpir, result.interval),
        "exact": interval_data(exact_interval(result)),
        "gallery_size": result.gallery_size,
        "implied_fmr": result.implied_fmr,
        "implied_fmr_interval": interval_data(result.implied_interval),
        "gallery_size_for_one_in_100": _one_in_hundred(result),
        "planned_fpir": dict(zip(map(str, _SIZES), fpir_at(result, _SIZES), strict=True))
        if found
        else None,
    }


def _share_data(share: _Share) -> dict[str, Any]:
    data: dict[str, Any] = {"column": share.column, "group": share.name, "probes": share.probes}
    test = share.test
    if test is None:
        return data | {"withheld": share.withheld}
    odds = None if np.isinf(test.odds_ratio) or np.isnan(test.odds_ratio) else test.odds_ratio
    return data | {
        "share": rate_data(test.share),
        "base": rate_data(test.base),
        "binomial_p": test.binomial_p,
        "odds_ratio": odds,
        "fisher_p": test.fisher_p,
    }


def _side_data(side: EvaluatedImages) -> dict[str, int]:
    return {
        "subjects": len(side.manifest.subjects()[1]),
        "images": len(side.manifest.samples),
        "failed": int(np.count_nonzero(side.templates.failed)),
    }
