"""`reknown evaluate verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reknown.biometrics.errors import InputError
from reknown.cli.evaluate.session import Choose, Html, ReportJson
from reknown.cli.options import Cluster, Pack, Root

OptionalSource = Annotated[
    Path | None,
    typer.Argument(
        metavar="IMAGES",
        help="A folder with a folder of images for each person, or a CSV with the columns "
        "image,subject and, if you like, session and any group columns.",
        show_default=False,
    ),
]
Scores = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Scores of any system in place of images: a CSV with the columns score,mated and, "
        "if you like, subject_a,subject_b and group_a,group_b; or an npz of such arrays.",
    ),
]
Pairs = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Only the pairs of this CSV, with the columns fold,image_a,image_b,same.",
    ),
]
Similarities = Annotated[
    list[float] | None,
    typer.Option(
        "--similarity",
        metavar="S",
        min=0,
        max=100,
        help="A threshold of the pack to judge; may be repeated.  [default: 80, 90, 99]",
        show_default=False,
    ),
]
WithoutNames = Annotated[
    bool,
    typer.Option("--without-names", help="Short hashes in place of the names of images."),
]


def verify(
    source: OptionalSource = None,
    pairs: Pairs = None,
    scores: Scores = None,
    pack: Pack = None,
    root: Root = None,
    choose: Choose = "central",
    cluster: Cluster = None,
    similarity: Similarities = None,
    without_names: WithoutNames = False,
    html: Html = None,
    json: ReportJson = False,
) -> None:
    """Measure how often two faces are wrongly taken for one person, or one person for two.

    Every image is compared with every other, or only the pairs of --pairs. Images without
    a face count as errors.
    """
    from reknown.cli.evaluate.session import read_images, show
    from reknown.evaluation.data.manifest import read_manifest
    from reknown.evaluation.data.protocols import official_pairs
    from reknown.evaluation.data.score_files import read_score_file
    from reknown.evaluation.runs.verify import score_report, verification_report

    one_source(source, scores)
    if scores is not None:
        refuse_with_scores(
            pairs=pairs, pack=pack, root=root, similarity=similarity, cluster=cluster
        )
        report = score_report(read_score_file(scores), without_names=without_names)
    else:
        assert source is not None
        manifest = read_manifest(source, root)
        listed = None if pairs is None else official_pairs(pairs, manifest)
        images = read_images("verify", manifest, pack, choose=choose, cluster=cluster)
        report = verification_report(
            images, listed, similarities=similarity or (), without_names=without_names
        )
    show(report, html, as_json=json)


def one_source(source: Path | None, scores: Path | None) -> None:
    """Raises `InputError` unless exactly one of both is given."""
    if (source is None) == (scores is None):
        raise InputError("give either a folder or CSV of images, or --scores FILE")


def refuse_with_scores(**options: object) -> None:
    """Raises `InputError` if an option was given that means nothing for scores."""
    for name, value in options.items():
        if value is not None:
            raise InputError(f"--{name} is for images: leave it out with --scores")
