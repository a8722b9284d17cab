"""Pictures -> a report, by a plan: what the commands call too, one kind after the other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.evaluation.data.images import EvaluatedImages
from reknown.evaluation.data.manifest import read_manifest, read_uploaded
from reknown.evaluation.data.templates import extract
from reknown.evaluation.runs.calibrate import (
    calibrate_images,
    calibration_report,
    check_worst_group,
)
from reknown.evaluation.runs.calibration_toml import calibration_toml
from reknown.evaluation.runs.galleries import IdentificationPlan
from reknown.evaluation.runs.group_data import GroupThreshold, check_columns, data_of_images
from reknown.evaluation.runs.groups import groups_report
from reknown.evaluation.runs.identify import identification_report
from reknown.evaluation.runs.verify import verification_report
from reknown.reporting.page import lay_out
from reknown.services.evaluations.messages import Measured
from reknown.vision.decoding.pool import DecoderPool
from reknown.vision.load import load_engine
from reknown.vision.packs.space import detector_fingerprint, pack_calibration
from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.evaluation.data.manifest import Manifest
    from reknown.reporting.report import Report
    from reknown.services.evaluations.messages import EvaluationPlan, EvaluationTask

    Progress = Callable[[int, int], None]

MOST_IMAGES = 20_000
"""In one evaluation: what compares all with all takes four times as long for twice as many."""


def manifest_of(plan: EvaluationPlan, folder: Path, uploaded: bytes | None) -> Manifest:
    """The pictures to evaluate, as far as can be checked before any is read; `InputError`."""
    manifest = read_manifest(folder) if uploaded is None else read_uploaded(uploaded, folder)
    if len(manifest.samples) > MOST_IMAGES:
        raise InputError(
            f"{len(manifest.samples):,} pictures are too many for the console, which takes "
            f"{MOST_IMAGES:,}: use reknown evaluate"
        )
    if plan.kind == "groups":
        check_columns(manifest, plan.by)
    if plan.kind == "calibrate" and plan.worst_group is not None:
        check_worst_group(manifest, plan.worst_group)
    return manifest


def perform(task: EvaluationTask, progress: Progress) -> Measured:
    """Looks at the pictures and measures; raises `InputError`, `ModelError`.

    What is said names no file: it is kept where more people read it than may see the folder.
    """
    store = PackStore(Path(task.cache), [Path(task.packs)])
    declared = store.manifest(task.pack)
    manifest = manifest_of(task.plan, Path(task.folder), task.manifest)
    engine, detector = load_engine(store, declared.name), detector_fingerprint(declared)
    with DecoderPool() as decoders:
        templates = extract(
            engine,
            decoders.decode,
            manifest,
            Path(task.cache) / "evaluation",
            detector=detector,
            choose="largest" if task.plan.choose == "largest" else "central",
            progress=progress,
        )
    images = EvaluatedImages.of(manifest, templates, pack_calibration(declared)[0])
    try:
        report, calibration = _measured(images, task.plan)
    except InputError as error:
        raise InputError(_without_names(str(error), manifest)) from error
    figures = json.dumps(report.figures, sort_keys=True, allow_nan=False)
    return Measured(lay_out(report), figures, calibration)


def _without_names(text: str, manifest: Manifest) -> str:
    text = text.replace(f"{manifest.root}/", "")
    for sample in manifest.samples:
        text = text.replace(str(sample.image), "a picture")
    return text


def _measured(images: EvaluatedImages, plan: EvaluationPlan) -> tuple[Report, str | None]:
    """The report, and the calibration if it measures one; names of files are hidden."""
    if plan.kind == "calibrate":
        found = calibrate_images(images, plan.dataset, worst_group=plan.worst_group)
        templates = images.templates
        block = calibration_toml(found, templates.space.fingerprint, templates.detector)
        return calibration_report(found), block
    if plan.kind == "identify":
        wanted = IdentificationPlan()
        if plan.similarities:
            wanted = replace(wanted, similarities=plan.similarities)
        elif images.calibration is None:
            wanted = replace(wanted, similarities=())
        return identification_report(images, wanted), None
    if plan.kind == "groups":
        similarity = plan.similarities[0] if plan.similarities else None
        return groups_report(data_of_images(images, GroupThreshold(similarity), plan.by)), None
    return (
        verification_report(images, similarities=plan.similarities, without_names=True),
        None,
    )
