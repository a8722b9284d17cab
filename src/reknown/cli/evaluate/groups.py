"""`reknown evaluate groups`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import InputError
from reknown.cli.evaluate.session import Choose, Html, ReportJson
from reknown.cli.evaluate.verify import refuse_with_scores
from reknown.cli.options import Cluster, Pack, Root

if TYPE_CHECKING:
    from reknown.evaluation.runs.group_data import GroupData, GroupThreshold

By = Annotated[
    list[str] | None,
    typer.Option(
        "--by",
        metavar="COLUMN",
        help="A group column of the CSV; may be repeated, the coarsest first. COLUMN,COLUMN "
        "takes both labels together.  [default: all]",
        show_default=False,
    ),
]


def groups(
    images: Annotated[
        Path | None,
        typer.Argument(
            metavar="IMAGES",
            help="A CSV with the columns image,subject and one for each grouping.",
        ),
    ] = None,
    by: By = None,
    similarity: Annotated[
        float | None,
        typer.Option(
            "--similarity",
            min=0,
            max=100,
            help="The threshold for everybody.  [default: 80]",
            show_default=False,
        ),
    ] = None,
    fmr: Annotated[
        float | None,
        typer.Option(
            "--fmr", metavar="RATE", help="Or the threshold with this FMR on all these images."
        ),
    ] = None,
    scores: Annotated[
        Path | None,
        typer.Option(
            "--scores",
            metavar="FILE",
            help="Judge the scores of any system instead, with the columns score,mated,"
            "subject_a,subject_b,group_a,group_b; needs --fmr.",
        ),
    ] = None,
    minimum: Annotated[
        int, typer.Option("--minimum", min=2, help="Subjects that a group needs for a figure.")
    ] = 30,
    pack: Pack = None,
    root: Root = None,
    choose: Choose = "central",
    cluster: Cluster = None,
    report: Html = None,
    json: ReportJson = False,
) -> None:
    """For whom is it wrong? Error rates of declared groups at one threshold.

    The groups are columns of the CSV: any labels, never guessed. Small groups get no figure,
    but are told how many more subjects they need; a difference is shown with what chance gives.
    """
    from reknown.cli.evaluate.session import read_images, show
    from reknown.evaluation.data.manifest import read_manifest
    from reknown.evaluation.runs.group_data import GroupThreshold, check_columns, data_of_images
    from reknown.evaluation.runs.groups import groups_report
    from reknown.evaluation.runs.judging import GroupPlan

    choice = GroupThreshold(similarity, fmr)
    if (images is None) == (scores is None):
        raise InputError("give IMAGES, or scores of another system as --scores FILE")
    if images is None:
        refuse_with_scores(by=by, pack=pack, root=root, cluster=cluster)
        data = _of_scores(scores, choice)
    else:
        manifest = read_manifest(images, root)
        check_columns(manifest, by or ())
        read = read_images("groups", manifest, pack, choose=choose, cluster=cluster)
        data = data_of_images(read, choice, by or ())
    show(groups_report(data, GroupPlan(minimum)), report, as_json=json)


def _of_scores(scores: Path | None, choice: GroupThreshold) -> GroupData:
    from reknown.evaluation.data.score_files import read_score_file
    from reknown.evaluation.runs.group_data import data_of_scores

    if scores is None or choice.fmr is None:
        raise InputError("scores have no calibration: give --fmr, the FMR of the threshold")
    read = read_score_file(scores)
    return data_of_scores(read.scores, read.group_names, choice.fmr)
