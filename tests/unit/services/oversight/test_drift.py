from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reknown.biometrics.among import Among
from reknown.biometrics.errors import NotFoundError
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.records import ImageRecord, NewFace
from reknown.biometrics.templates import Template
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.gallery.faces import add_faces
from reknown.gallery.score_counts import count_strangers, read_counts
from reknown.ledger import log
from reknown.ledger.records import FindDriftRecord, ProbeRecord, ResetDriftRecord
from reknown.services.galleries.collections import delete_collection
from reknown.services.oversight.drift import (
    BASELINE,
    WINDOW,
    check_drift,
    compare,
    count_drifted,
    list_drifts,
    reset_drift,
)
from reknown.services.searches.search import Probes, Query, look_up, settle
from reknown.storage.database import reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.services.context import Context

NOW = datetime(2026, 11, 29, tzinfo=UTC)
SHIFT = 0.05


def strangers(generator: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Best scores of so many probes among 64 strangers, about as faces of LFW: 0.29, by 0.046."""
    best: NDArray[np.float64] = generator.normal(0.075, 0.09, (count, 64)).max(axis=1)
    # some faces resemble everybody more than others do
    return best + generator.normal(0, 0.03, count)


def counted(scores: NDArray[np.float64]) -> Counter[float]:
    return Counter(float(each) for each in np.round(scores, 2))


def put(context: Context, collection: str, scores: NDArray[np.float64]) -> None:
    space = context.platform.space_of(collection)
    with context.database.begin() as connection:
        count_strangers(connection, collection, space, scores.tolist())


def test_chance_raises_no_more_alarms_than_stated() -> None:
    generator = np.random.default_rng(16)
    baseline = counted(strangers(generator, BASELINE))
    windows = [counted(strangers(generator, WINDOW)) for _ in range(1000)]
    assert sum(compare(baseline, window, NOW).drifted for window in windows) <= 1


def test_a_shift_raises_the_alarm_in_one_window() -> None:
    generator = np.random.default_rng(17)
    baseline = counted(strangers(generator, BASELINE))
    windows = [counted(strangers(generator, WINDOW) + SHIFT) for _ in range(200)]
    found = [compare(baseline, window, NOW) for window in windows]
    assert all(each.drifted for each in found)
    assert np.mean([each.shift for each in found]) == pytest.approx(SHIFT, abs=0.01)
    # the other way, too
    assert compare(baseline, counted(strangers(generator, WINDOW) - SHIFT), NOW).drifted


def test_windows_are_compared_with_the_first_thousand(context: Context, collection: str) -> None:
    generator = np.random.default_rng(18)
    put(context, collection, strangers(generator, BASELINE - 1))
    (state,) = check_drift(context)
    assert (state.baseline, state.window, state.last) == (0, BASELINE - 1, None)
    put(context, collection, strangers(generator, 1))
    (state,) = check_drift(context)
    assert (state.baseline, state.window, state.last) == (BASELINE, 0, None)
    put(context, collection, strangers(generator, WINDOW - 1))
    assert check_drift(context)[0].last is None
    put(context, collection, strangers(generator, 1))
    (state,) = check_drift(context)
    assert state.checked
    assert state.last is not None
    assert not state.last.drifted
    assert count_drifted(context.database) == 0
    assert not check_drift(context)[0].checked


def test_an_alarm_is_on_the_record(context: Context, collection: str) -> None:
    generator = np.random.default_rng(19)
    put(context, collection, strangers(generator, BASELINE))
    check_drift(context)
    put(context, collection, strangers(generator, WINDOW) + SHIFT)
    (state,) = check_drift(context)
    assert state.last is not None
    assert state.last.drifted
    assert count_drifted(context.database) == 1
    assert list_drifts(context.database)[collection].drifted
    (event,) = log.stream_operations(context.database, [FindDriftRecord.OPERATION])
    assert isinstance(event.record, FindDriftRecord)
    assert (event.record.baseline, event.record.window) == (BASELINE, WINDOW)
    assert event.record.shift == pytest.approx(SHIFT, abs=0.02)
    # what goes on as before is fine again
    put(context, collection, strangers(generator, WINDOW))
    check_drift(context)
    assert count_drifted(context.database) == 0


def test_a_change_that_was_meant_gets_a_baseline_of_its_own(
    context: Context, collection: str
) -> None:
    generator = np.random.default_rng(20)
    put(context, collection, strangers(generator, BASELINE))
    check_drift(context)
    reset_drift(context, collection)
    assert check_drift(context) == []
    put(context, collection, strangers(generator, BASELINE) + SHIFT)
    check_drift(context)
    put(context, collection, strangers(generator, WINDOW) + SHIFT)
    (state,) = check_drift(context)
    assert state.last is not None
    assert not state.last.drifted
    assert len(list(log.stream_operations(context.database, [ResetDriftRecord.OPERATION]))) == 1
    with pytest.raises(NotFoundError):
        reset_drift(context, "nobody")


def test_scores_go_with_their_collection(context: Context, collection: str) -> None:
    put(context, collection, np.full(BASELINE, 0.3))
    check_drift(context)
    put(context, collection, np.full(3, 0.3))
    with reading(context.database) as connection:
        (counts,) = read_counts(connection)
    assert (list(counts.baseline.values()), list(counts.window.values())) == ([BASELINE], [3])
    assert list(counts.window) == pytest.approx([0.3])
    delete_collection(context, collection)
    with reading(context.database) as connection:
        assert read_counts(connection) == []


def test_searches_count_strangers_and_no_candidates(context: Context, collection: str) -> None:
    space, people = context.platform.space_of(collection), 80
    drawn = np.random.default_rng(21).normal(size=(people, space.dimension))
    vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    for number, vector in enumerate(vectors):
        face = NewFace(Template(vector, space), BoundingBox(0.1, 0.1, 0.5, 0.5), 0.9, 60)
        image = ImageRecord(f"{number:064x}", f"{number}.jpg", 640, 480)
        with context.database.begin() as connection:
            add_faces(connection, collection, image, [face], f"person {number}")
    query = Query(collection, ThresholdChoice(score=0.9))
    of_image = Probes(ProbeRecord("image", "ab" * 32), space, vectors[:3])
    found = settle(context, look_up(context.platform, query, of_image))
    assert [row[0].score for row in found.rows] == pytest.approx([1, 1, 1])
    alike = vectors[:64] @ vectors[:3].T
    alike[np.arange(3), np.arange(3)] = -1
    with reading(context.database) as connection:
        (counts,) = read_counts(connection)
    assert sum(counts.window.values()) == 3
    told = sorted(Counter(counts.window).elements())
    assert told == pytest.approx(sorted(alike.max(axis=0).tolist()), abs=0.01)
    # a stored face has the same strangers each time, and a part has others
    key = found.rows[0][0].face_id
    of_face = Probes(ProbeRecord("face", face_id=key), space, vectors[:1])
    settle(context, look_up(context.platform, query, of_face))
    part = replace(query, among=Among(users=("person 1",)))
    settle(context, look_up(context.platform, part, of_image))
    with reading(context.database) as connection:
        assert sum(read_counts(connection)[0].window.values()) == 3
