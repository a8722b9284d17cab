from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import msgspec
import pytest

from reknown.runtime.cluster.makings import makings_of
from reknown.runtime.cluster.messages import (
    ClusterTask,
    Extract,
    Extracted,
    Unlike,
    decode_answer,
    encode,
)
from reknown.runtime.cluster.work import Bench, unprepared
from reknown.settings import read_settings
from reknown.vision.extraction import ExtractionPolicy

if TYPE_CHECKING:
    from reknown.vision.analyze import Engine
    from reknown.vision.packs.store import PackStore


def test_only_what_any_process_can_unpickle_is_raised(store: PackStore) -> None:
    with closing(Bench(read_settings(), 1, "me")) as bench, pytest.raises(RuntimeError) as caught:
        bench.answer(b"no task")
    assert type(caught.value) is RuntimeError
    assert caught.value.__cause__ is None
    assert str(caught.value).startswith(("DecodeError: ", "ValidationError: "))


def test_a_task_is_answered_or_refused(store: PackStore, engine: Engine, eileen: bytes) -> None:
    asked = Extract(eileen, ExtractionPolicy(engine.space), 0)
    same = makings_of(store, "opencv")
    with closing(Bench(read_settings(), 1, "tcp://here:1")) as bench:
        assert isinstance(decode_answer(bench.answer(encode(ClusterTask(same, asked)))), Extracted)
        other = msgspec.structs.replace(same, version="0.0.1")
        refused = decode_answer(bench.answer(encode(ClusterTask(other, asked))))
    assert isinstance(refused, Unlike)
    assert refused.reason.startswith("the worker tcp://here:1 has another version of Reknown (")


def test_a_worker_without_models_says_so() -> None:
    answer = decode_answer(unprepared("tcp://here:1"))
    assert isinstance(answer, Unlike)
    assert "tcp://here:1 could not be set up" in answer.reason


def test_makings_differ_with_what_is_installed(store: PackStore) -> None:
    own = makings_of(store, "opencv")
    assert own.unlike(own, "opencv") == ""
    assert makings_of(store, "public-domain").unlike(own, "opencv").startswith("another embedder")
    without = msgspec.structs.replace(own, attributes="")
    assert "poses (none, not" in without.unlike(own, "opencv")
