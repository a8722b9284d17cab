"""Evaluations for a collection: begun, followed, stopped, deleted, and applied."""

from __future__ import annotations

import zlib
from functools import partial
from typing import TYPE_CHECKING, cast

import msgspec

from reknown.biometrics.errors import InputError, NotFoundError, ReknownError
from reknown.gallery import evaluations
from reknown.gallery.evaluations import (
    Evaluation,
    EvaluationResults,
    EvaluationState,
    NewEvaluation,
)
from reknown.ledger import log
from reknown.ledger.records import DeleteEvaluationRecord, StopEvaluationRecord
from reknown.services.background import InterruptedWorkError
from reknown.services.evaluations.messages import (
    KINDS,
    LAYOUTS,
    EvaluationPlan,
    EvaluationTask,
    Measured,
)
from reknown.services.evaluations.recording import evaluate_record, install_calibration
from reknown.services.extras import require_evaluation_support
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reknown.evaluation.data.manifest import Manifest
    from reknown.reporting.layout import PageLayout
    from reknown.services.context import Context
    from reknown.services.evaluations.recording import EvaluationKind
    from reknown.services.galleries.pages import PageRequest
    from reknown.storage.paging import Page

__all__ = [
    "KINDS",
    "Evaluation",
    "EvaluationPlan",
    "EvaluationState",
    "apply_calibration",
    "delete_evaluation",
    "evaluation_folders",
    "list_evaluations",
    "read_evaluation",
    "read_figures",
    "read_report",
    "start_evaluation",
    "stop_evaluation",
]

_MOST_MANIFEST = 4 * 2**20
_FOLDERS = "allow a folder with --evaluation-folder, or in reknown.toml as server.evaluation_folder"


def evaluation_folders(context: Context) -> Sequence[str]:
    """What people call the folders that may be evaluated: their names, never where they lie."""
    names: list[str] = []
    for folder in context.platform.evaluations.place.folders:
        name, number = folder.name or "/", 2
        while name in names:
            name, number = f"{folder.name} ({number})", number + 1
        names.append(name)
    return names


def start_evaluation(
    context: Context,
    collection: str,
    plan: EvaluationPlan,
    folder: str,
    manifest: bytes | None = None,
) -> str:
    """Begins an evaluation with the collection's pack; its id.

    It is of the pictures in one of `evaluation_folders`, or of those that a manifest names there.
    The manifest is kept nowhere, and what comes of it holds no name of a picture.

    Raises `InputError` for a folder that is not allowed and for a manifest that will not do,
    `NotFoundError`, `AlreadyExistsError` while another one runs.
    """
    require_evaluation_support()
    if plan.kind not in KINDS:
        raise InputError(f"an evaluation is one of {', '.join(KINDS)}, not {plan.kind!r}")
    where = _folder(context, folder)
    if manifest is not None and len(manifest) > _MOST_MANIFEST:
        raise InputError("a manifest has 4 MiB at most here: use reknown evaluate for more")
    space, found = context.platform.space_of(collection), _pictures(plan, where, folder, manifest)
    place = context.platform.evaluations.place
    about = folder if manifest is None else f"a list in {folder}"
    new = NewEvaluation(plan.kind, space.pack, about, context.actor.name, len(found.samples))
    with context.database.begin() as connection:
        made = evaluations.begin_evaluation(connection, collection, new)
        record = evaluate_record(cast("EvaluationKind", plan.kind), space.pack, found, made)
        log.append(connection, context.actor, collection, record)
    task = EvaluationTask(
        plan, space.pack, str(where), manifest, str(place.cache), str(place.packs)
    )
    context.platform.evaluations.work.begin("evaluation", partial(_perform, context, made, task))
    return made


def _pictures(plan: EvaluationPlan, where: Path, folder: str, manifest: bytes | None) -> Manifest:
    """What is to be evaluated; errors call the folder what people do."""
    from reknown.services.evaluations.measuring import manifest_of  # noqa: PLC0415 - loads much

    try:
        return manifest_of(plan, where, manifest)
    except InputError as error:
        raise InputError(str(error).replace(str(where), folder)) from error


def _folder(context: Context, name: str) -> Path:
    names = evaluation_folders(context)
    if not names:
        raise InputError(f"no folder may be evaluated here: {_FOLDERS}")
    if name not in names:
        raise InputError(f"{name!r} may not be evaluated: choose one of {', '.join(names)}")
    return context.platform.evaluations.place.folders[names.index(name)]


def _perform(context: Context, evaluation_id: str, task: EvaluationTask) -> None:
    """The work of the thread; however it ends, the row says so."""

    def wanted(done: int) -> bool:
        with context.database.begin() as connection:
            return evaluations.note_progress(connection, evaluation_id, done)

    state, message, results = EvaluationState.FAILED, None, None
    try:
        found = context.platform.evaluations.run(task, wanted)
        if found is None:
            return
        state, results = EvaluationState.DONE, _kept(found)
    except InterruptedWorkError as error:
        state, message = EvaluationState.INTERRUPTED, str(error)
    except ReknownError as error:
        message = str(error)
    except (OSError, msgspec.MsgspecError) as error:
        message = f"the process that evaluates broke down: {error}"
    with context.database.begin() as connection:
        evaluations.end_evaluation(connection, evaluation_id, state, message, results)


def _kept(found: Measured) -> EvaluationResults:
    report = zlib.compress(msgspec.json.encode(found.layout))
    return EvaluationResults(report, zlib.compress(found.figures.encode()), found.calibration)


def list_evaluations(context: Context, collection: str, asked: PageRequest) -> Page[Evaluation]:
    """A page of the collection's, the newest first; raises `NotFoundError`."""
    with reading(context.database) as connection:
        return evaluations.list_evaluations(connection, collection, asked.after, asked.limit)


def read_evaluation(context: Context, collection: str, evaluation_id: str) -> Evaluation:
    """How far one is; raises `NotFoundError`."""
    with reading(context.database) as connection:
        return evaluations.get_evaluation(connection, collection, evaluation_id)


def read_report(context: Context, collection: str, evaluation_id: str) -> PageLayout:
    """What came of one, for people; raises `NotFoundError` where nothing did, or not yet."""
    return LAYOUTS.decode(zlib.decompress(_results(context, collection, evaluation_id).report))


def read_figures(context: Context, collection: str, evaluation_id: str) -> bytes:
    """The same for machines, as JSON; raises as `read_report` does."""
    return zlib.decompress(_results(context, collection, evaluation_id).figures)


def _results(context: Context, collection: str, evaluation_id: str) -> EvaluationResults:
    with reading(context.database) as connection:
        return evaluations.get_results(connection, collection, evaluation_id)


def stop_evaluation(context: Context, collection: str, evaluation_id: str) -> bool:
    """Ends it within a second or two; whether it was running. Raises `NotFoundError`."""
    with context.database.begin() as connection:
        running = evaluations.stop_evaluation(connection, collection, evaluation_id)
        record = StopEvaluationRecord(evaluation_id, running)
        log.append(connection, context.actor, collection, record)
    return running


def delete_evaluation(context: Context, collection: str, evaluation_id: str) -> None:
    """Deletes it with what came of it; one that runs ends. Raises `NotFoundError`."""
    with context.database.begin() as connection:
        evaluations.delete_evaluation(connection, collection, evaluation_id)
        record = DeleteEvaluationRecord(evaluation_id)
        log.append(connection, context.actor, collection, record)


def apply_calibration(context: Context, collection: str, evaluation_id: str) -> str:
    """Sets what similarities stand for by one that calibrates; the name of the pack.

    It holds for all collections of that pack on this machine. Raises `NotFoundError` where it
    measured none, `InputError` where the collection has another pack by now.
    """
    found = read_evaluation(context, collection, evaluation_id)
    block = _results(context, collection, evaluation_id).calibration
    if block is None:
        raise NotFoundError("this evaluation measured no calibration: evaluate with calibrate")
    space = context.platform.space_of(collection)
    if space.pack != found.pack or f'fingerprint = "{space.fingerprint}"' not in block:
        raise InputError(
            f"{collection} is of the pack {space.pack} as it is now, and this calibration of "
            f"another: evaluate again"
        )
    place = context.platform.evaluations.place
    install_calibration(
        context, place.packs, found.pack, block, collection=collection, evaluation=evaluation_id
    )
    return found.pack
