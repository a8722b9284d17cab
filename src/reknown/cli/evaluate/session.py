"""What every evaluation begins and ends with: images in, a report out."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from reknown.evaluation.data.images import EvaluatedImages
    from reknown.evaluation.data.manifest import Manifest
    from reknown.evaluation.data.templates import FaceChoice
    from reknown.reporting.report import Report


def check_place(path: Path | None) -> Path | None:
    """A file to be written; raises `InputError` before the work, not after, if it cannot be."""
    if path is None:
        return None
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder")
    if not path.parent.is_dir():
        raise InputError(f"cannot write {path}: there is no folder {path.parent}")
    # a file is replaced by another one, a device is written to
    in_place = path.exists() and not path.is_file()
    if not os.access(path if in_place else path.resolve().parent, os.W_OK):
        raise InputError(f"cannot write {path}: permission denied")
    return path


Html = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE",
        callback=check_place,
        help="Write the whole report as one HTML file.",
    ),
]
ReportJson = Annotated[
    bool, typer.Option("--json", help="The report's figures as JSON, for machines.")
]
Choose = Annotated[
    str,
    typer.Option(help="Which face of several is the person's: the central or the largest one."),
]


def read_images(
    manifest: Manifest, pack: str | None, *, choose: str = "central"
) -> EvaluatedImages:
    """Makes the templates, with a bar; those made before are reused.

    What can be checked on the manifest alone is to be checked before: this may take long.
    """
    from reknown.cli.output import progress
    from reknown.cli.session import open_engine, pack_store
    from reknown.evaluation.data.images import EvaluatedImages
    from reknown.evaluation.data.templates import extract
    from reknown.settings import read_settings
    from reknown.vision.decoding.pool import DecoderPool
    from reknown.vision.packs.space import detector_fingerprint

    engine = open_engine(pack)
    settings = read_settings()
    name = pack or settings.pack
    with DecoderPool() as decoders, progress() as bar:
        task = bar.add_task("templates", total=len(manifest.samples))
        templates = extract(
            engine,
            decoders.decode,
            manifest,
            settings.cache / "evaluation",
            detector=detector_fingerprint(pack_store().manifest(name)),
            choose=_choice(choose),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    return EvaluatedImages.of(manifest, templates, engine.calibration)


def show(report: Report, html: Path | None, *, as_json: bool) -> None:
    """Prints the report and writes it where it was asked for."""
    if html is not None:
        from reknown.reporting.files import write_text
        from reknown.reporting.page import render

        write_text(html, render(report))
    if as_json:
        sys.stdout.write(json.dumps(report.figures, sort_keys=True, allow_nan=False) + "\n")
        return
    print_report(report)
    if html is not None:
        typer.echo(f"report: {html}")


def print_report(report: Report) -> None:
    """The tables, texts and cautions; images are for the HTML."""
    from reknown.cli.output import print_table, printable
    from reknown.reporting.blocks import Caution, Table, Text

    for section in report.sections:
        if not any(isinstance(block, (Table, Text, Caution)) for block in section.blocks):
            continue
        typer.secho(f"\n{printable(section.title)}", bold=True)
        for block in section.blocks:
            if isinstance(block, Table):
                print_table(block.columns, block.rows, block.caption)
            elif isinstance(block, Text):
                for paragraph in block.paragraphs:
                    typer.echo(printable(paragraph))
            elif isinstance(block, Caution):
                typer.secho(f"Caution: {printable(block.text)}", fg="yellow")


def _choice(choose: str) -> FaceChoice:
    if choose == "central":
        return "central"
    if choose == "largest":
        return "largest"
    raise InputError(f"--choose is central or largest, not {choose!r}")
