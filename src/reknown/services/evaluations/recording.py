"""What the ledger keeps of evaluations and calibrations, whatever the entrance."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import UNSET

from reknown.ledger import log
from reknown.ledger.records import CalibrateRecord, EvaluateRecord
from reknown.reporting.files import written

if TYPE_CHECKING:
    from reknown.evaluation.data.manifest import Manifest
    from reknown.services.context import Context

EvaluationKind = Literal["verify", "identify", "groups", "calibrate", "compare", "audit"]


def record_evaluation(
    context: Context, kind: EvaluationKind, pack: str, manifest: Manifest
) -> None:
    """Before the pictures are compared: nobody is compared with anybody silently."""
    record = evaluate_record(kind, pack, manifest)
    log.record(context.database, context.actor, None, record)


def evaluate_record(
    kind: EvaluationKind, pack: str, manifest: Manifest, evaluation: str | None = None
) -> EvaluateRecord:
    """How much is about to be compared."""
    return EvaluateRecord(
        kind,
        pack,
        len(manifest.samples),
        len({sample.subject for sample in manifest.samples}),
        manifest.digest,
        UNSET if evaluation is None else evaluation,
    )


def install_calibration(
    context: Context,
    folder: Path,
    pack: str,
    block: str,
    *,
    collection: str | None = None,
    evaluation: str | None = None,
) -> Path:
    """Puts the block where it replaces the pack's own calibration, whole or not at all.

    `folder` has the packs' further files; servers go by it from their next search on. The
    `collection` is the one for which it was measured, if any. Raises `ModelFileError` for a block
    that is none, `InputError` where it cannot be written.
    """
    from reknown.vision.packs.manifest import read_calibration  # noqa: PLC0415 - knows all packs

    data, path = block.encode(), folder / f"{pack}.calibration"
    with written(path) as file:
        file.write(data)
        file.flush()
        table = read_calibration(Path(file.name))
        record = CalibrateRecord(
            pack,
            hashlib.sha256(data).hexdigest(),
            table.comparisons,
            UNSET if evaluation is None else evaluation,
        )
        # before the file is in place: no score stands for another rate without a record
        log.record(context.database, context.actor, collection, record)
    return path
