"""`reknown evaluate calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import InputError
from reknown.cli.evaluate.session import Choose, Html, ReportJson, check_place
from reknown.cli.evaluate.verify import OptionalSource, Scores, one_source, refuse_with_scores
from reknown.cli.options import Cluster, Pack, Root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.evaluation.data.manifest import Manifest
    from reknown.evaluation.runs.calibrate import MeasuredCalibration
    from reknown.evaluation.runs.checks import GroupCheck

Dataset = Annotated[
    str, typer.Option(metavar="TEXT", help="What the images or scores are; kept in the table.")
]
WorstGroup = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Set each score so that no group of this column with 30 people or more exceeds the "
        "rate; with --scores the groups of the file, whatever is written here.",
    ),
]
Write = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", callback=check_place, help="Write the [calibration] block of a manifest."
    ),
]
Check = Annotated[
    Path | None,
    typer.Option(
        "--check",
        metavar="IMAGES",
        help="Count what the thresholds come to on these other images as well, for each group "
        "of each column, and keep the counts in the block.",
    ),
]
CheckDataset = Annotated[
    str, typer.Option("--check-dataset", metavar="TEXT", help="What those images are.")
]
Install = Annotated[
    bool,
    typer.Option("--install", help="Use it from now on in place of the pack's own calibration."),
]


def calibrate(
    source: OptionalSource = None,
    scores: Scores = None,
    pack: Pack = None,
    root: Root = None,
    choose: Choose = "central",
    cluster: Cluster = None,
    dataset: Dataset = "",
    worst_group: WorstGroup = None,
    check: Check = None,
    check_dataset: CheckDataset = "",
    write: Write = None,
    install: Install = False,
    html: Html = None,
    json: ReportJson = False,
) -> None:
    """Measure which score stands for which false match rate, for a pack's similarity scale.

    With --scores, --pack names the pack that made them.
    """
    from reknown.cli.evaluate.session import read_images, show
    from reknown.evaluation.data.manifest import read_manifest
    from reknown.evaluation.data.score_files import read_score_file
    from reknown.evaluation.runs.calibrate import (
        calibrate_images,
        calibrate_scores,
        calibration_report,
        check_worst_group,
    )
    from reknown.evaluation.runs.checks import check_elsewhere
    from reknown.settings import read_settings

    one_source(source, scores)
    named = pack or (None if scores else read_settings().pack)
    others = None if check is None else _others(check, named, root)
    if scores is not None:
        refuse_with_scores(**({} if check else {"root": root, "cluster": cluster}))
        file = read_score_file(scores)
        measured = calibrate_scores(file, dataset, by_group=worst_group is not None)
    else:
        assert source is not None
        manifest = read_manifest(source, root)
        if worst_group is not None:
            check_worst_group(manifest, worst_group)
        images = read_images("calibrate", manifest, pack, choose=choose, cluster=cluster)
        measured = calibrate_images(images, dataset, worst_group=worst_group)
    checks: tuple[GroupCheck, ...] = ()
    if check is not None and others is not None:
        elsewhere = read_images("calibrate", others, named, choose=choose, cluster=cluster)
        called = check_dataset or check.resolve().name.removesuffix(".csv")
        checks = check_elsewhere(measured.calibration(), elsewhere, called)
    _keep(measured, checks, named, write, install=install, quiet=json)
    show(calibration_report(measured, checks), html, as_json=json)


def _others(check: Path, pack: str | None, root: Path | None) -> Manifest:
    """The images to check on, as far as can be said before any is read."""
    from reknown.evaluation.data.manifest import read_manifest

    if pack is None:
        raise InputError("--check takes the pack that made the scores: name it with --pack")
    manifest = read_manifest(check, root if check.is_file() else None)
    if len(manifest.subjects()[1]) < 2:
        raise InputError(f"{check}: --check compares strangers, so it takes two people or more")
    return manifest


def _keep(
    measured: MeasuredCalibration,
    checks: Sequence[GroupCheck],
    pack: str | None,
    write: Path | None,
    *,
    install: bool,
    quiet: bool,
) -> None:
    """Writes the block where it was asked for."""
    from reknown.cli.session import pack_store
    from reknown.evaluation.runs.calibration_toml import calibration_toml
    from reknown.reporting.files import write_text
    from reknown.vision.packs.space import detector_fingerprint, template_space

    if write is None and not install:
        return
    if pack is None:
        raise InputError("a calibration belongs to a pack: name it with --pack")
    manifest = pack_store().manifest(pack)
    block = calibration_toml(
        measured, template_space(manifest).fingerprint, detector_fingerprint(manifest), checks
    )
    if write is not None:
        write_text(write, block)
    done = [] if write is None else [f"written to {write}"]
    if install:
        done.append(f"installed as {_install(pack, block)}: delete that file to undo it")
    if not quiet:
        hint = "" if install else "; --install puts it in place"
        typer.echo(f"calibration of {pack}: {' and '.join(done)}{hint}")


def _install(pack: str, block: str) -> Path:
    """Puts the block where it replaces the pack's own calibration, and says so in the ledger."""
    from reknown.cli.session import open_context
    from reknown.services.evaluations.recording import install_calibration
    from reknown.settings import read_settings

    with open_context() as context:
        return install_calibration(context, read_settings().packs, pack, block)
