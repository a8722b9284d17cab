from __future__ import annotations

import gc
import threading
import weakref
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reknown.biometrics.calibration import Calibration
from reknown.biometrics.errors import ModelError, ModelNotFoundError, SpaceMismatchError
from reknown.biometrics.templates import TemplateSpace
from reknown.vision.analyze import Engine
from reknown.vision.engines import EngineLimits, Engines, StoredPacks
from reknown.vision.packs.store import PackStore, PackSummary
from reknown.vision.text.reader import TextReader

if TYPE_CHECKING:
    from pathlib import Path

MEASURED = Calibration((-1.0, 0.5), (1.0, 1e-3), "pairs", 1000)
NOTHING: Any = None
SOON = 10.0


class Packs:
    """Tiny engines of any pack; those of `slow` wait to be told, those of `broken` fail."""

    def __init__(self) -> None:
        self.loads: Counter[str] = Counter()
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.slow, self.broken = {"slow"}, {"broken"}
        self.memory = 0
        self.mark, self.measured = 0, MEASURED

    def load(self, pack: str) -> Engine:
        self.loads[pack] += 1
        if pack in self.slow:
            self.begun.set()
            assert self.go_on.wait(SOON)
        if pack in self.broken:
            raise ModelError("its files are damaged")
        return Engine(NOTHING, NOTHING, self.space(pack), MEASURED, self.memory)

    def load_reader(self, pack: str) -> TextReader:
        self.loads[pack] += 1
        return TextReader(NOTHING, NOTHING, NOTHING, pack, "", self.memory)

    def space(self, pack: str) -> TemplateSpace:
        if pack == "missing":
            raise ModelNotFoundError("no such pack")
        return TemplateSpace(pack, pack.encode().hex(), 4)

    def calibration_mark(self, pack: str) -> object:
        return self.mark

    def calibration(self, pack: str) -> Calibration | None:
        return self.measured

    def digests(self, pack: str) -> dict[str, str]:
        return {"embedder": pack}

    def summaries(self) -> list[PackSummary]:
        raise NotImplementedError


class Clock:
    """Stands still until it is set forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def packs() -> Packs:
    return Packs()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engines(packs: Packs, clock: Clock) -> Engines:
    return Engines(packs, "one", EngineLimits(idle_seconds=60, memory_bytes=100), clock)


def test_another_calibration_holds_from_the_next_question_on(
    packs: Packs, engines: Engines
) -> None:
    engines.get("one")
    for space in (packs.space("one"), packs.space("two")):
        packs.measured = MEASURED
        assert engines.calibration_of(space) is MEASURED
        packs.measured = replace(MEASURED, dataset="ours")
        assert engines.calibration_of(space) is MEASURED  # the files are not read for nothing
        packs.mark += 1
        assert engines.calibration_of(space) is packs.measured


def test_a_reader_of_text_is_kept_and_let_go_as_engines_are(
    packs: Packs, clock: Clock, engines: Engines
) -> None:
    reader = engines.reader("text")
    assert engines.reader("text") is reader
    assert engines.get("one")
    assert engines.loaded() == ("text", "one")
    clock.now += 50
    assert engines.get("one")
    clock.now += 20
    engines.unload_idle()
    assert engines.loaded() == ("one",)
    assert engines.reader("text") is reader  # somebody still holds it
    assert packs.loads == {"text": 1, "one": 1}


def test_readers_count_against_the_memory_of_all(packs: Packs, engines: Engines) -> None:
    packs.memory = 60
    engines.reader("text")
    engines.get("one")
    assert engines.loaded() == ("one",)


def test_nothing_is_loaded_before_it_is_needed(engines: Engines, packs: Packs) -> None:
    assert engines.default_pack == "one"
    assert engines.space_of("one") == packs.space("one")
    assert engines.calibration_of(packs.space("one")) is MEASURED
    assert not packs.loads
    assert engines.default.space == packs.space("one")
    assert engines.of(packs.space("one")) is engines.default is engines.get("one")
    assert engines.calibration_of(engines.space_of("one")) is MEASURED
    assert packs.loads == {"one": 1}


def test_loading_one_pack_holds_up_nobody_who_needs_another(engines: Engines, packs: Packs) -> None:
    loaded = engines.default
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(engines.get, "slow")
        assert packs.begun.wait(SOON)
        assert pool.submit(engines.get, "one").result(SOON) is loaded
        assert pool.submit(engines.of, packs.space("other")).result(SOON) is engines.get("other")
        assert not slow.done()
        packs.go_on.set()
        assert slow.result(SOON).space == packs.space("slow")


def test_those_who_need_the_same_pack_load_it_once(engines: Engines, packs: Packs) -> None:
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(engines.get, "slow") for _ in range(20)]
        assert packs.begun.wait(SOON)
        packs.go_on.set()
        assert len({id(one.result(SOON)) for one in asked}) == 1
    assert packs.loads == {"slow": 1}


def test_a_load_that_fails_leaves_nothing_and_is_tried_again(
    engines: Engines, packs: Packs
) -> None:
    packs.slow, packs.broken = {"bad"}, {"bad"}
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(engines.get, "bad")
        assert packs.begun.wait(SOON)
        second = pool.submit(engines.get, "bad")
        packs.go_on.set()
        for one in (first, second):
            with pytest.raises(ModelError, match="damaged"):
                one.result(SOON)
    assert engines.loaded() == ()
    packs.broken.clear()
    assert engines.get("bad").space == packs.space("bad")
    assert packs.loads == {"bad": 3}


def test_errors_of_asking_for_a_space(engines: Engines, packs: Packs) -> None:
    other = TemplateSpace("one", "00", 4)
    for _ in range(2):
        for ask in (engines.of, engines.calibration_of):
            with pytest.raises(SpaceMismatchError):
                ask(other)
            with pytest.raises(ModelError):
                ask(TemplateSpace("missing", "00", 4))
        assert packs.loads["one"] == len(engines.loaded()), "a mismatch loads nothing"
        assert engines.default
    with pytest.raises(ModelError, match="damaged"):
        engines.of(packs.space("broken"))


def test_what_nobody_asks_for_is_let_go(engines: Engines, packs: Packs, clock: Clock) -> None:
    gone = weakref.ref(engines.get("two"))
    clock.now += 59
    assert engines.default
    engines.unload_idle()
    assert engines.loaded() == ("two", "one")
    clock.now += 1
    engines.unload_idle()
    assert engines.loaded() == ("one",)
    assert gone() is None
    assert engines.get("two")
    assert packs.loads == {"one": 1, "two": 2}


def test_idle_packs_go_by_themselves(packs: Packs) -> None:
    """Again and again: the thread sleeps as long as one is loaded."""
    engines = Engines(packs, "one", EngineLimits(idle_seconds=0.05))
    for _ in range(2):
        one, two = threading.Event(), threading.Event()
        weakref.finalize(engines.default, one.set)
        weakref.finalize(engines.get("two"), two.set)
        assert one.wait(SOON)
        assert two.wait(SOON)


def test_no_thread_outlives_the_engines(packs: Packs) -> None:
    before = set(threading.enumerate())
    engines = Engines(packs, "one")
    assert set(threading.enumerate()) == before
    assert engines.default
    assert engines.get("two")
    (watcher,) = set(threading.enumerate()) - before
    del engines
    gc.collect()
    watcher.join(SOON)
    assert not watcher.is_alive()


def test_memory_is_bounded_and_the_least_recently_used_goes_first(
    engines: Engines, packs: Packs
) -> None:
    packs.memory = 40
    for pack in ("one", "two", "one", "three"):
        engines.get(pack)
    assert engines.loaded() == ("one", "three")
    packs.memory = 1000
    held = engines.get("huge")
    assert engines.loaded() == ("huge",), "never the one just asked for"
    assert engines.get("huge") is held


def test_who_holds_an_engine_keeps_it_for_others_too(
    engines: Engines, packs: Packs, clock: Clock
) -> None:
    held = engines.get("two")
    clock.now += 60
    engines.unload_idle()
    assert engines.loaded() == ()
    assert engines.get("two") is held
    assert engines.loaded() == ("two",)
    assert packs.loads == {"two": 1}


def test_many_threads_and_little_memory(packs: Packs) -> None:
    """Packs come and go all the while, and everybody gets the one that was asked for."""
    packs.memory = 40
    engines = Engines(packs, "one", EngineLimits(memory_bytes=100))
    names = [f"pack{number % 5}" for number in range(500)]
    with ThreadPoolExecutor(8) as pool:
        found = [engine.space.pack for engine in pool.map(engines.get, names)]
    assert found == names
    assert len(engines.loaded()) == 2


def test_stored_packs(cache_folder: Path, engine: Engine) -> None:
    source = StoredPacks(PackStore(cache_folder))
    assert source.space("opencv") == engine.space
    assert source.calibration("opencv") == engine.calibration
    assert source.load("opencv").memory == engine.memory > 40 * 2**20, "the weights at least"
    for ask in (source.load, source.space, source.calibration):
        with pytest.raises(ModelNotFoundError):
            ask("nobodys")
