from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import ModelError, SpaceMismatchError
from reknown.services.engines import Engines

if TYPE_CHECKING:
    from reknown.vision.analyze import Engine


class Packs:
    """Loads copies of one engine under any name but `missing`; keeps count."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.loaded = engine, list[str]()

    def __call__(self, pack: str) -> Engine:
        if pack == "missing":
            raise ModelError("no such pack")
        self.loaded.append(pack)
        threading.Event().wait(0.01)
        return replace(self.engine, space=replace(self.engine.space, pack=pack))


def test_the_default_is_loaded_at_once(engine: Engine) -> None:
    packs = Packs(engine)
    engines = Engines(packs, "one")
    assert packs.loaded == ["one"]
    assert engines.of(engines.default.space) is engines.default


def test_others_are_loaded_once_when_needed(engine: Engine) -> None:
    packs = Packs(engine)
    engines = Engines(packs, "one")
    space = replace(engine.space, pack="other")
    with ThreadPoolExecutor(8) as pool:
        found = set(map(id, pool.map(lambda _: engines.of(space), range(20))))
    assert len(found) == 1
    assert packs.loaded == ["one", "other"]


def test_a_pack_that_makes_other_templates_now_is_refused(engine: Engine) -> None:
    engines = Engines(Packs(engine), "one")
    with pytest.raises(SpaceMismatchError):
        engines.of(replace(engine.space, pack="one", fingerprint="0" * 64))


def test_a_pack_that_is_not_here_is_no_end(engine: Engine) -> None:
    engines = Engines(Packs(engine), "one")
    with pytest.raises(ModelError):
        engines.of(replace(engine.space, pack="missing"))
    assert engines.of(engines.default.space) is engines.default
    with pytest.raises(ModelError):
        Engines(Packs(engine), "missing")
