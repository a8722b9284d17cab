"""What every evaluation begins and ends with: images in, a report out."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.evaluation.data.images import EvaluatedImages
    from reknown.evaluation.data.manifest import Manifest
    from reknown.evaluation.data.sampling import FaceChoice, Sampler
    from reknown.reporting.report import Report
    from reknown.services.evaluations.recording import EvaluationKind
    from reknown.vision.packs.manifest import PackManifest
    from reknown.vision.packs.store import PackStore


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
    kind: EvaluationKind,
    manifest: Manifest,
    pack: str | None,
    *,
    choose: str = "central",
    cluster: str | None = None,
) -> EvaluatedImages:
    """Makes the templates, with a bar; those made before are reused. The ledger says so first.

    The workers of a `cluster` make them where one is named or set. What can be checked on the
    manifest alone is to be checked before: this may take long.
    """
    from reknown.cli.output import progress
    from reknown.cli.session import open_context, pack_store
    from reknown.evaluation.data.images import EvaluatedImages
    from reknown.evaluation.data.templates import make_templates
    from reknown.services.evaluations.recording import record_evaluation
    from reknown.settings import read_settings
    from reknown.vision.packs.space import detector_fingerprint, pack_calibration

    settings = read_settings(options={"bulk.cluster": cluster})
    store, choice = pack_store(), _choice(choose)
    declared = store.manifest(pack or settings.pack)
    with open_context() as context:
        record_evaluation(context, kind, declared.name, manifest)
    with _open_sampler(store, declared, settings.bulk.cluster) as sampler, progress() as bar:
        task = bar.add_task("templates", total=len(manifest.samples))
        templates = make_templates(
            sampler,
            manifest,
            settings.cache / "evaluation",
            detector=detector_fingerprint(declared),
            choose=choice,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    return EvaluatedImages.of(manifest, templates, pack_calibration(declared)[0])


@contextmanager
def _open_sampler(
    store: PackStore, declared: PackManifest, cluster: str | None
) -> Iterator[Sampler]:
    """What makes templates of that pack: this process, or a cluster."""
    from reknown.vision.packs.space import template_space

    if cluster is not None:
        from reknown.runtime.cluster.executor import ClusterSampler
        from reknown.runtime.cluster.opening import open_link

        with open_link(cluster, store) as link:
            yield ClusterSampler(link, template_space(declared))
        return
    from reknown.cli.session import open_engine
    from reknown.evaluation.data.sampling import EngineSampler
    from reknown.vision.decoding.pool import DecoderPool

    with DecoderPool() as decoders:
        yield EngineSampler(open_engine(declared.name), decoders.decode)


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
