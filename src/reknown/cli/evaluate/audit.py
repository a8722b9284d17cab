"""`reknown evaluate audit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reknown.biometrics.errors import InputError
from reknown.cli.evaluate.session import Choose, Html, ReportJson
from reknown.cli.options import Cluster, Pack, Root

cli = typer.Typer(
    help="Repeat published audits on your own images.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_IMAGES = "a folder with a folder of images for each person, or a CSV."


@cli.command()
def congress(
    gallery: Annotated[
        Path, typer.Argument(metavar="GALLERY", help=f"Strangers to search in: {_IMAGES}")
    ],
    probes: Annotated[
        Path, typer.Argument(metavar="PROBES", help=f"People who are not in it: {_IMAGES}")
    ],
    thresholds: Annotated[
        str, typer.Option("--thresholds", metavar="S,S,...", help="Similarities to judge at.")
    ] = "80,95,99",
    scores: Annotated[
        str | None,
        typer.Option("--scores", metavar="T,T,...", help="Or thresholds as raw scores."),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="COLUMN", help="Group column of PROBES; may be repeated."),
    ] = None,
    pack: Pack = None,
    root: Root = None,
    choose: Choose = "central",
    cluster: Cluster = None,
    report: Html = None,
    json: ReportJson = False,
) -> None:
    """Search people who are not in a gallery: whom does it point to?

    Every match is false. In 2018 the ACLU did this with 535 members of the US Congress.
    """
    from reknown.cli.evaluate.session import read_images, show
    from reknown.evaluation.data.manifest import read_manifest
    from reknown.evaluation.runs.audit import AuditPlan, check_groups, congress_report
    from reknown.evaluation.runs.strangers import check_people

    plan = AuditPlan(
        similarities=_numbers(thresholds, "--thresholds", 0, 100),
        scores=() if scores is None else _numbers(scores, "--scores", -1, 1),
        by=tuple(by or ()),
    )
    if root is not None and gallery.is_dir() and probes.is_dir():
        raise InputError("--root is for a CSV file: a folder is its own root")
    strangers, others = (
        read_manifest(place, root if place.is_file() else None) for place in (gallery, probes)
    )
    check_people(strangers, others)
    check_groups(others, plan.by)
    searched = read_images("audit", strangers, pack, choose=choose, cluster=cluster)
    searching = read_images("audit", others, pack, choose=choose, cluster=cluster)
    show(congress_report(searched, searching, plan), report, as_json=json)


def _numbers(text: str, option: str, low: float, high: float) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"{option} takes numbers with commas between them: {text!r}") from None
    if not all(low <= value <= high for value in values):
        raise InputError(f"{option} must be between {low:g} and {high:g}, got {text!r}")
    return values
