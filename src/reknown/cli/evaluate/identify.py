"""`reknown evaluate identify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import InputError
from reknown.cli.evaluate.session import Choose, Html, ReportJson
from reknown.cli.evaluate.verify import Similarities
from reknown.cli.options import Cluster, Pack, Root

if TYPE_CHECKING:
    from reknown.reporting.report import Report


def identify(
    images: Annotated[
        Path | None,
        typer.Argument(
            metavar="IMAGES",
            help="A folder with a folder of images for each person, or a CSV; not needed with "
            "--gallery-size.",
        ),
    ] = None,
    size: Annotated[
        list[int] | None,
        typer.Option(
            "--size",
            metavar="N",
            min=1,
            help="Subjects to enrol; may be repeated.  [default: 10, 100, ... and the most]",
            show_default=False,
        ),
    ] = None,
    references: Annotated[
        int, typer.Option("--references", min=1, help="Images that enrol a subject.")
    ] = 1,
    fpir: Annotated[
        list[float] | None,
        typer.Option(
            "--fpir",
            metavar="RATE",
            help="FPIR to choose thresholds for; may be repeated.  [default: 0.003, 0.01, 0.1]",
            show_default=False,
        ),
    ] = None,
    similarity: Similarities = None,
    gallery_size: Annotated[
        int | None,
        typer.Option(
            "--gallery-size",
            metavar="N",
            min=1,
            help="Only the threshold that N subjects take at --fpir, by the calibration.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the draw of subjects.", min=0)] = 1,
    pack: Pack = None,
    root: Root = None,
    choose: Choose = "central",
    cluster: Cluster = None,
    report: Html = None,
    json: ReportJson = False,
) -> None:
    """How often does a search find the wrong person, or miss the right one?

    Part of the subjects are enrolled, all others are searched for in vain (open set).
    """
    from reknown.cli.evaluate.session import read_images, show
    from reknown.evaluation.data.manifest import read_manifest
    from reknown.evaluation.runs.galleries import IdentificationPlan
    from reknown.evaluation.runs.identify import identification_report

    if gallery_size is not None:
        if images is not None:
            raise InputError("--gallery-size plans without images: leave IMAGES out")
        if cluster:
            raise InputError("--gallery-size looks at no images: leave --cluster out")
        if similarity:
            raise InputError("--gallery-size finds the similarity: leave --similarity out")
        show(_planned(gallery_size, fpir or [], pack), report, as_json=json)
        return
    if images is None:
        raise InputError("give IMAGES to search in, or --gallery-size and --fpir to plan")
    given = {"fpirs": fpir, "similarities": similarity}
    chosen = {name: tuple(values) for name, values in given.items() if values}
    plan = IdentificationPlan(tuple(size or ()), references, seed=seed, **chosen)
    read = read_images(
        "identify", read_manifest(images, root), pack, choose=choose, cluster=cluster
    )
    if similarity and read.calibration is None:
        raise InputError("this model pack is not calibrated: leave out --similarity")
    show(identification_report(read, plan), report, as_json=json)


def _planned(gallery_size: int, fpir: list[float], pack: str | None) -> Report:
    from reknown.cli.session import pack_store
    from reknown.evaluation.runs.gallery_plan import threshold_plan
    from reknown.settings import read_settings
    from reknown.vision.packs.space import pack_calibration

    if len(fpir) != 1:
        raise InputError("give one --fpir with --gallery-size: --fpir 0.01, say")
    name = pack or read_settings().pack
    calibration, _ = pack_calibration(pack_store().manifest(name))
    return threshold_plan(calibration, gallery_size, fpir[0])
