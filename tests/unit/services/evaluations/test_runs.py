"""Evaluations under way, with the real process: stopped, killed, interrupted, refused."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from contexts import events
from reknown.biometrics.errors import AlreadyExistsError, InputError, NotFoundError
from reknown.gallery.schema import evaluations
from reknown.ledger.records import EvaluateRecord, StopEvaluationRecord
from reknown.services.context import Context
from reknown.services.evaluations import runs
from reknown.services.evaluations.recording import install_calibration
from reknown.services.evaluations.runner import EvaluationPlace, EvaluationRunner
from reknown.services.evaluations.runs import EvaluationPlan, EvaluationState
from reknown.services.galleries.collections import delete_collection
from reknown.services.galleries.pages import PageRequest
from reknown.services.policies.keeping import read_keeping
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERIFY = EvaluationPlan("verify")
SOON = 60.0


@pytest.fixture
def allowed(
    context: Context, people: Path, cache_folder: Path, tmp_path: Path
) -> Iterator[Context]:
    """People's folder may be evaluated."""
    place = EvaluationPlace((people,), cache_folder, tmp_path / "packs")
    runner = EvaluationRunner(place)
    yield Context(replace(context.platform, evaluations=runner), context.actor)
    runner.close()


def _state(context: Context, made: str) -> EvaluationState:
    return runs.read_evaluation(context, "people", made).state


def _ended(context: Context, made: str) -> EvaluationState:
    until = time.monotonic() + SOON
    while _state(context, made) is EvaluationState.RUNNING and time.monotonic() < until:
        time.sleep(0.05)
    return _state(context, made)


def _quiet(context: Context) -> None:
    """Waits until no process is left."""
    until = time.monotonic() + SOON
    while context.platform.evaluations.at_work and time.monotonic() < until:
        time.sleep(0.05)
    assert context.platform.evaluations.at_work == 0


def test_what_is_stopped_ends_and_one_runs_at_a_time(
    allowed: Context, collection: str, people: Path
) -> None:
    made = runs.start_evaluation(allowed, collection, VERIFY, people.name)
    with pytest.raises(AlreadyExistsError, match="stop it"):
        runs.start_evaluation(allowed, collection, VERIFY, people.name)
    assert runs.stop_evaluation(allowed, collection, made)
    assert _state(allowed, made) is EvaluationState.STOPPED
    _quiet(allowed)
    assert _state(allowed, made) is EvaluationState.STOPPED
    assert not runs.stop_evaluation(allowed, collection, made)
    with pytest.raises(NotFoundError, match="no results"):
        runs.read_figures(allowed, collection, made)
    (begun,) = events(allowed, EvaluateRecord.OPERATION)
    assert isinstance(begun.record, EvaluateRecord)
    assert (begun.record.images, begun.record.people) == (2, 2)
    assert begun.record.evaluation == made
    assert len(events(allowed, StopEvaluationRecord.OPERATION)) == 2


def test_a_server_that_stops_says_so_and_another_knows_one_that_was_killed(
    allowed: Context, collection: str, people: Path
) -> None:
    made = runs.start_evaluation(allowed, collection, VERIFY, people.name)
    allowed.platform.evaluations.close()
    assert _state(allowed, made) is EvaluationState.INTERRUPTED
    with allowed.database.begin() as connection:
        silent = {"state": "running", "seen_at": "2026-01-01T00:00:00.000000+00:00"}
        connection.execute(update(evaluations).values(silent))
    assert _state(allowed, made) is EvaluationState.INTERRUPTED


def test_what_goes_wrong_is_said(allowed: Context, collection: str, people: Path) -> None:
    for picture in people.rglob("*.jpg"):
        picture.write_bytes(b"no image")
    made = runs.start_evaluation(allowed, collection, VERIFY, people.name)
    assert _ended(allowed, made) is EvaluationState.FAILED
    told = runs.read_evaluation(allowed, collection, made).message
    assert told is not None
    assert "gave a template" in told
    assert "Grace" not in told
    assert str(people) not in told


@pytest.mark.parametrize("folder", ["/etc", "..", "", "nowhere"])
def test_only_a_folder_that_is_allowed_is_read(
    allowed: Context, collection: str, folder: str
) -> None:
    with pytest.raises(InputError, match="may not be evaluated"):
        runs.start_evaluation(allowed, collection, VERIFY, folder)


def test_where_no_folder_is_allowed_it_is_said_how_to(context: Context, collection: str) -> None:
    with pytest.raises(InputError, match="--evaluation-folder"):
        runs.start_evaluation(context, collection, VERIFY, "people")


def test_a_manifest_has_a_size(
    allowed: Context, collection: str, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = bytes(4 * 2**20 + 1)
    with pytest.raises(InputError, match="4 MiB"):
        runs.start_evaluation(allowed, collection, VERIFY, people.name, sent)
    monkeypatch.setattr("reknown.services.evaluations.measuring.MOST_IMAGES", 1)
    with pytest.raises(InputError, match="too many for the console"):
        runs.start_evaluation(allowed, collection, VERIFY, people.name)
    (people / "loose.jpg").write_bytes(b"")
    with pytest.raises(InputError, match="cannot use people:") as refused:
        runs.start_evaluation(allowed, collection, VERIFY, people.name)
    assert str(people.parent) not in str(refused.value)
    assert events(allowed, EvaluateRecord.OPERATION) == []


def test_evaluations_go_with_their_collection(
    allowed: Context, collection: str, people: Path
) -> None:
    made = runs.start_evaluation(allowed, collection, VERIFY, people.name)
    delete_collection(allowed, collection)
    _quiet(allowed)
    with reading(allowed.database) as connection:
        assert connection.execute(evaluations.select()).all() == []
    with pytest.raises(NotFoundError):
        runs.read_evaluation(allowed, collection, made)


def test_a_calibration_that_is_none_changes_and_records_nothing(
    context: Context, tmp_path: Path
) -> None:
    with pytest.raises(Exception, match="not a calibration"):
        install_calibration(context, tmp_path, "opencv", "[calibration]\n")
    assert list(tmp_path.glob("*.calibration")) == []
    assert events(context, "calibrate") == []


def test_evaluations_are_listed_by_collection(
    allowed: Context, collection: str, people: Path
) -> None:
    made = runs.start_evaluation(allowed, collection, VERIFY, people.name)
    (found,) = runs.list_evaluations(allowed, collection, PageRequest(None, 10)).items
    assert (found.evaluation_id, found.about, found.total) == (made, people.name, 2)


def test_nothing_ends_by_itself_without_a_policy(context: Context, collection: str) -> None:
    kept = read_keeping(context, collection)
    assert [(each.days, each.due, each.deleted) for each in kept] == [(None, False, None)] * 4
