"""`reknown evaluate groups`."""

from __future__ import annotations

from typing import Annotated

import typer

from reknown.cli.evaluate.session import Choose, Html, ReportJson, Source
from reknown.cli.options import Accurate, Pack

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
    pictures: Source,
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
            "--fmr", metavar="RATE", help="Or the threshold with this FMR on all these pictures."
        ),
    ] = None,
    minimum: Annotated[
        int, typer.Option("--minimum", min=2, help="Subjects that a group needs for a figure.")
    ] = 30,
    pack: Pack = None,
    accurate: Accurate = False,
    choose: Choose = "central",
    report: Html = None,
    json: ReportJson = False,
) -> None:
    """For whom is it wrong? Error rates of declared groups at one threshold.

    The groups are columns of the CSV: any labels, never guessed. Small groups get no figure,
    but are told how many more subjects they need; a difference is shown with what chance gives.
    """
    from reknown.cli.evaluate.session import read_subjects, show
    from reknown.evaluation.manifest import read_manifest
    from reknown.evaluation.runs.group_data import Wanted, check_columns, data_of_templates
    from reknown.evaluation.runs.groups import GroupPlan, groups_report

    wanted = Wanted(similarity, fmr)
    check_columns(read_manifest(pictures), by or ())
    read = read_subjects(pictures, pack, accurate=accurate, choose=choose)
    data = data_of_templates(
        read.manifest, read.templates, read.duplicates, read.calibration, wanted, by or ()
    )
    show(groups_report(data, GroupPlan(minimum)), report, as_json=json)
