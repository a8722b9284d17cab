"""`reknown evaluate compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import InputError
from reknown.biometrics.text import times
from reknown.cli.evaluate.session import Choose, Html, ReportJson
from reknown.cli.evaluate.verify import OptionalSource, refuse_with_scores
from reknown.cli.options import Cluster, Root

if TYPE_CHECKING:
    from reknown.reporting.report import Report

Packs = Annotated[
    list[str] | None,
    typer.Option("--pack", metavar="NAME", help="A pack to compare; give it twice."),
]
ScorePair = Annotated[
    list[Path] | None,
    typer.Option(
        "--scores",
        metavar="FILE",
        help="Scores of a system in place of images; give it twice, with the same comparisons "
        "in the same order.",
    ),
]
Targets = Annotated[
    list[float] | None,
    typer.Option("--fmr", help="Target false match rate; may be repeated.  [default: 1e-2..1e-6]"),
]


def compare(
    source: OptionalSource = None,
    packs: Packs = None,
    scores: ScorePair = None,
    targets: Targets = None,
    root: Root = None,
    choose: Choose = "central",
    cluster: Cluster = None,
    html: Html = None,
    json: ReportJson = False,
) -> None:
    """Compare two packs, or the scores of two systems, at the same false match rate.

    Without --pack the default pack is compared with public-domain.
    """
    from reknown.cli.evaluate.session import show
    from reknown.evaluation.runs.points import TARGETS

    rates = tuple(targets) if targets else TARGETS
    if not all(0 < rate < 1 for rate in rates):
        raise InputError("--fmr must be between 0 and 1")
    if (source is None) == (not scores):
        raise InputError("give either a folder or CSV of images, or --scores FILE twice")
    if scores:
        refuse_with_scores(pack=packs, root=root, cluster=cluster)
        report = _of_scores(scores, rates)
    else:
        assert source is not None
        report = _of_images(source, packs, choose, rates, root, cluster)
    show(report, html, as_json=json)


def _of_scores(scores: list[Path], rates: tuple[float, ...]) -> Report:
    from reknown.evaluation.data.score_files import read_score_file
    from reknown.evaluation.runs.compare import score_comparison

    if len(scores) != 2:
        raise InputError(f"give --scores twice, not {times(len(scores))}")
    first, second = (read_score_file(path) for path in scores)
    names = (scores[0].stem, scores[1].stem)
    return score_comparison(first, second, names, rates)


def _of_images(
    source: Path,
    packs: list[str] | None,
    choose: str,
    rates: tuple[float, ...],
    root: Path | None,
    cluster: str | None,
) -> Report:
    from reknown.cli.evaluate.session import read_images
    from reknown.configuration import DEFAULT_PACK
    from reknown.evaluation.data.manifest import read_manifest
    from reknown.evaluation.runs.compare import image_comparison

    names = packs or [DEFAULT_PACK, "public-domain"]
    if len(names) != 2:
        raise InputError(f"give --pack twice, not {times(len(names))}")
    manifest = read_manifest(source, root)
    first, second = (
        read_images("compare", manifest, name, choose=choose, cluster=cluster) for name in names
    )
    return image_comparison(first, second, rates)
