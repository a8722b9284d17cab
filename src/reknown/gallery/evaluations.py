"""Evaluations that are run for a collection, and what came of them.

One is run at a time, on whichever server: whoever runs it says so every second, and what has not
been heard of for a minute was interrupted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import delete, func, insert, select, update

from reknown.biometrics.errors import AlreadyExistsError, InputError, NotFoundError
from reknown.gallery.collections import require
from reknown.gallery.schema import evaluations
from reknown.storage.clock import as_text, now
from reknown.storage.paging import fetch_page
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Row

    from reknown.storage.paging import Page

MOST = 100
"""Evaluations that are kept for a collection."""

_SILENT = timedelta(minutes=1)
_BLOBS = {"report", "figures", "calibration"}
_TOLD = [column for column in evaluations.c if column.name not in _BLOBS]


class EvaluationState(Enum):
    """Where an evaluation is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class NewEvaluation:
    """What is evaluated: the kind, with which pack, `about` which pictures, and how many."""

    kind: str
    pack: str
    about: str
    actor: str
    total: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An evaluation as it is kept; `done` of `total` pictures are looked at. Times are in UTC."""

    evaluation_id: str
    kind: str
    pack: str
    about: str
    actor: str
    state: EvaluationState
    message: str | None
    done: int
    total: int
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class EvaluationResults:
    """What came of one, as its maker wrote it; `calibration` only where it measured one."""

    report: bytes
    figures: bytes
    calibration: str | None


def begin_evaluation(connection: Connection, collection: str, new: NewEvaluation) -> str:
    """A new one that runs from now on; its id.

    Raises `NotFoundError`, `AlreadyExistsError` while another one runs, `InputError` where too
    many are kept.
    """
    owner, moment = require(connection, collection).id, now(connection)
    running = select(evaluations.c.id).where(
        evaluations.c.state == EvaluationState.RUNNING.value,
        evaluations.c.seen_at > as_text(moment - _SILENT),
    )
    if connection.execute(running.limit(1)).first() is not None:
        raise AlreadyExistsError(
            "another evaluation is running on this database: wait for its end, or stop it"
        )
    kept = select(func.count()).where(evaluations.c.collection_id == owner)
    if connection.execute(kept).scalar_one() >= MOST:
        raise InputError(f"{MOST} evaluations of {collection} are kept: delete one first")
    values = {
        "evaluation_id": str(uuid4()),
        "collection_id": owner,
        "kind": new.kind,
        "pack": new.pack,
        "about": new.about,
        "actor": new.actor,
        "state": EvaluationState.RUNNING.value,
        "total": new.total,
        "created_at": as_text(moment),
        "seen_at": as_text(moment),
    }
    connection.execute(insert(evaluations).values(values))
    return str(values["evaluation_id"])


def note_progress(connection: Connection, evaluation_id: str, done: int) -> bool:
    """Says that it goes on and how far it is; False once nobody wants it any more."""
    going_on = update(evaluations).where(*_running(evaluation_id))
    going_on = going_on.values(done=done, seen_at=as_text(now(connection)))
    return connection.execute(going_on).rowcount > 0


def end_evaluation(
    connection: Connection,
    evaluation_id: str,
    state: EvaluationState,
    message: str | None = None,
    results: EvaluationResults | None = None,
) -> None:
    """It has ended like this, unless it was stopped or deleted before."""
    values: dict[str, object] = {
        "state": state.value,
        "message": message,
        "finished_at": as_text(now(connection)),
    }
    if results is not None:
        values |= {
            "report": results.report,
            "figures": results.figures,
            "calibration": results.calibration,
            "done": evaluations.c.total,
        }
    connection.execute(update(evaluations).where(*_running(evaluation_id)).values(values))


def stop_evaluation(connection: Connection, collection: str, evaluation_id: str) -> bool:
    """Nobody wants it any more; whether it was running. Raises `NotFoundError`."""
    _ = _found(connection, collection, evaluation_id)
    stopped = update(evaluations).where(*_running(evaluation_id))
    stopped = stopped.values(
        state=EvaluationState.STOPPED.value, finished_at=as_text(now(connection))
    )
    return connection.execute(stopped).rowcount > 0


def delete_evaluation(connection: Connection, collection: str, evaluation_id: str) -> None:
    """Deletes it with what came of it; one that runs ends. Raises `NotFoundError`."""
    row = _found(connection, collection, evaluation_id)
    connection.execute(delete(evaluations).where(evaluations.c.id == row.id))


def get_evaluation(connection: Connection, collection: str, evaluation_id: str) -> Evaluation:
    """One of the collection's; raises `NotFoundError`."""
    row = _found(connection, collection, evaluation_id)
    return _evaluation(row, now(connection))


def get_results(connection: Connection, collection: str, evaluation_id: str) -> EvaluationResults:
    """What came of one; raises `NotFoundError` where nothing did, or not yet."""
    row = _found(connection, collection, evaluation_id)
    columns = evaluations.c.report, evaluations.c.figures, evaluations.c.calibration
    found = connection.execute(select(*columns).where(evaluations.c.id == row.id)).one()
    if found.report is None:
        raise NotFoundError("this evaluation has no results")
    return EvaluationResults(found.report, found.figures, found.calibration)


def list_evaluations(
    connection: Connection, collection: str, after: str | None, limit: int
) -> Page[Evaluation]:
    """A page of the collection's, the newest first; raises `NotFoundError`."""
    owner, moment = require(connection, collection).id, now(connection)
    query = select(*_TOLD).where(evaluations.c.collection_id == owner)

    def made(row: Row[Any]) -> Evaluation:
        return _evaluation(row, moment)

    return fetch_page(connection, query, evaluations.c.id, after, limit, made, newest_first=True)


def _found(connection: Connection, collection: str, evaluation_id: str) -> Row[Any]:
    owner = require(connection, collection).id
    query = select(*_TOLD).where(
        evaluations.c.evaluation_id == evaluation_id,
        unindexed(evaluations.c.collection_id) == owner,
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no such evaluation in {collection}")
    return row


def _running(evaluation_id: str) -> tuple[ColumnElement[bool], ...]:
    running = unindexed(evaluations.c.state) == EvaluationState.RUNNING.value
    return evaluations.c.evaluation_id == evaluation_id, running


def _evaluation(row: Row[Any], moment: datetime) -> Evaluation:
    state = EvaluationState(row.state)
    if state is EvaluationState.RUNNING and row.seen_at <= as_text(moment - _SILENT):
        state = EvaluationState.INTERRUPTED
    return Evaluation(
        row.evaluation_id,
        row.kind,
        row.pack,
        row.about,
        row.actor,
        state,
        row.message,
        row.done,
        row.total,
        datetime.fromisoformat(row.created_at),
        None if row.finished_at is None else datetime.fromisoformat(row.finished_at),
    )
