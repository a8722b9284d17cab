"""The engines in use: loaded when they are needed, let go when nobody asks for them."""

from __future__ import annotations

import ctypes
import time
import weakref
from collections import OrderedDict
from dataclasses import dataclass
from threading import TIMEOUT_MAX, Lock, Thread
from typing import TYPE_CHECKING, Protocol, TypeVar

from reknown.vision.packs.space import pack_calibration, template_space

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reknown.biometrics.calibration import Calibration
    from reknown.biometrics.templates import TemplateSpace
    from reknown.vision.analyze import Engine
    from reknown.vision.packs.store import PackStore, PackSummary
    from reknown.vision.text.reader import TextReader


class Loaded(Protocol):
    """A pack with its networks, as an engine or a reader of text."""

    @property
    def memory(self) -> int:
        """About how many bytes it takes once it has been in use."""
        ...


class PackSource(Protocol):
    """Where engines come from; each method raises `ModelError` for a pack that is not installed."""

    def load(self, pack: str) -> Engine:
        """The engine, with its networks."""
        ...

    def load_reader(self, pack: str) -> TextReader:
        """The reader of a pack of text, with its networks."""
        ...

    def space(self, pack: str) -> TemplateSpace:
        """The space of its templates, without loading networks."""
        ...

    def calibration(self, pack: str) -> Calibration | None:
        """What its scores stand for, without loading networks."""
        ...

    def calibration_mark(self, pack: str) -> object:
        """What is another whenever `calibration` may be: equal marks, equal calibrations."""
        ...

    def digests(self, pack: str) -> Mapping[str, str]:
        """The SHA-256 of its files, by what they are for."""
        ...

    def summaries(self) -> Sequence[PackSummary]:
        """All that are known, installed or not."""
        ...


Pack = TypeVar("Pack", bound=Loaded)


@dataclass(frozen=True, slots=True)
class StoredPacks:
    """The packs of a store."""

    store: PackStore

    def load(self, pack: str) -> Engine:
        """As `load_engine` does."""
        # Only here, as it needs ONNX Runtime.
        from reknown.vision.load import load_engine  # noqa: PLC0415

        return load_engine(self.store, pack)

    def load_reader(self, pack: str) -> TextReader:
        """As `vision.load.load_reader` does."""
        from reknown.vision.load import load_reader  # noqa: PLC0415

        return load_reader(self.store, pack)

    def space(self, pack: str) -> TemplateSpace:
        """As the manifest has it."""
        return template_space(self.store.manifest(pack))

    def calibration(self, pack: str) -> Calibration | None:
        """As the manifest has it, if it was measured with the pack as it is."""
        return pack_calibration(self.store.manifest(pack))[0]

    def calibration_mark(self, pack: str) -> object:
        """Of the files that declare it."""
        return self.store.mark(pack)

    def digests(self, pack: str) -> Mapping[str, str]:
        """As the manifest has them."""
        return {name: file.sha256 for name, file in self.store.manifest(pack).files().items()}

    def summaries(self) -> Sequence[PackSummary]:
        """As the store has them."""
        return self.store.summaries()


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """How long an engine is kept that nobody asks for, and the bytes that all may take.

    The bytes are estimates (`Engine.memory`), right within a factor of two. The engine asked
    for last is kept even if it alone takes more.
    """

    idle_seconds: float = 600.0
    memory_bytes: int = 4 * 2**30


class Engines:
    """Loads packs by name and keeps them within `limits`; safe for many threads.

    Packs of text count as those for faces do; no two have the same name.

    A load blocks only those who need that pack. An engine that is let go of stays usable for
    whoever still holds it; others who ask meanwhile get that same one, and until they do it
    counts against no limit.

    Idle packs are let go even when nobody asks for any: on two cores a pack gives back 200 to
    330 MiB and takes 0.1 to 0.4 s to load again (`bench/packs.py`). For this a thread sleeps
    until the first pack is due, one while any pack is loaded: some 20 KiB, and one wake-up in
    `idle_seconds`.
    """

    def __init__(
        self,
        source: PackSource,
        default_pack: str,
        limits: EngineLimits = EngineLimits(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.default_pack = default_pack
        self._source = source
        self._limits = limits
        self._clock = clock
        # Guards all below; never held while a pack is loaded or freed.
        self._lock = Lock()
        self._loading: weakref.WeakValueDictionary[str, Lock] = weakref.WeakValueDictionary()
        self._engines: weakref.WeakValueDictionary[str, Engine] = weakref.WeakValueDictionary()
        self._readers: weakref.WeakValueDictionary[str, TextReader] = weakref.WeakValueDictionary()
        self._calibrations: dict[TemplateSpace, tuple[object, Calibration | None]] = {}
        self._kept: OrderedDict[str, _Kept] = OrderedDict()  # the least recently used first
        self._watched = False
        # Ends the thread's sleep when these engines are gone. A bare lock: it may be released
        # wherever the garbage collector happens to run.
        self._end = Lock()
        self._end.acquire()
        weakref.finalize(self, self._end.release).atexit = False

    @property
    def default(self) -> Engine:
        """The engine for new collections and for requests without one; raises `ModelError`."""
        return self.get(self.default_pack)

    def get(self, pack: str) -> Engine:
        """The engine of a pack; raises `ModelError` when it cannot be loaded here."""
        return self._get(self._engines, pack, self._source.load)

    def reader(self, pack: str) -> TextReader:
        """The reader of a pack of text; raises `ModelError` when it cannot be loaded here."""
        return self._get(self._readers, pack, self._source.load_reader)

    def of(self, space: TemplateSpace) -> Engine:
        """The engine that makes templates of this space.

        Raises `ModelError` when its pack cannot be loaded here, `SpaceMismatchError` when
        the pack of that name makes others.
        """
        self.space_of(space.pack).require(space)
        engine = self.get(space.pack)
        engine.space.require(space)  # the manifest may have changed meanwhile
        return engine

    def space_of(self, pack: str) -> TemplateSpace:
        """The space of a pack's templates, without loading networks; raises `ModelError`."""
        engine = self._peek(pack)
        return self._source.space(pack) if engine is None else engine.space

    def calibration_of(self, space: TemplateSpace) -> Calibration | None:
        """What scores in this space stand for, without loading networks; raises as `of` does.

        Another calibration holds from the next question on: no server has to be started anew.
        """
        engine = self._peek(space.pack)
        if engine is None:
            self._source.space(space.pack).require(space)
        else:
            engine.space.require(space)
        mark = self._source.calibration_mark(space.pack)
        with self._lock:
            known = self._calibrations.get(space)
        if known is None or known[0] != mark:
            # the manifest may have changed since the engine was loaded
            changed = engine is not None and self._source.space(space.pack) != space
            found = (
                engine.calibration if engine and changed else self._source.calibration(space.pack)
            )
            known = mark, found
            with self._lock:
                self._calibrations[space] = known
        return known[1]

    def digests_of(self, space: TemplateSpace) -> Mapping[str, str]:
        """The SHA-256 of the files of the pack that makes this space; raises as `of` does."""
        self._source.space(space.pack).require(space)
        return self._source.digests(space.pack)

    def summaries(self) -> Sequence[PackSummary]:
        """All packs that are known, installed or not; reads their files."""
        return self._source.summaries()

    def loaded(self) -> tuple[str, ...]:
        """The packs that are kept, the least recently used first."""
        with self._lock:
            return tuple(self._kept)

    def unload_idle(self) -> None:
        """Lets go of what nobody has asked for in time; happens by itself."""
        with self._lock:
            due = self._clock() - self._limits.idle_seconds
            idle = [pack for pack, kept in self._kept.items() if kept.asked <= due]
            gone = [self._kept.pop(pack) for pack in idle]
        _free(gone)

    def _turn(self, pack: str) -> Lock:
        """What those who would load this pack wait for; it is gone when the last of them is."""
        with self._lock:
            return self._loading.setdefault(pack, Lock())

    def _get(
        self,
        alive: weakref.WeakValueDictionary[str, Pack],
        pack: str,
        load: Callable[[str], Pack],
    ) -> Pack:
        """The pack among those `alive`, loaded if it is not."""
        if (found := self._find(alive, pack)) is not None:
            return found
        with self._turn(pack):
            found = self._find(alive, pack)
            if found is None:
                found = load(pack)
                self._keep(alive, pack, found)
        return found

    def _peek(self, pack: str) -> Engine | None:
        with self._lock:
            return self._engines.get(pack)

    def _find(self, alive: weakref.WeakValueDictionary[str, Pack], pack: str) -> Pack | None:
        with self._lock:
            found = alive.get(pack)
        if found is not None:
            self._keep(alive, pack, found)
        return found

    def _keep(self, alive: weakref.WeakValueDictionary[str, Pack], pack: str, loaded: Pack) -> None:
        """As the most recently used one, at the cost of others where memory is short."""
        with self._lock:
            alive[pack] = loaded
            self._kept[pack] = _Kept(loaded, self._clock())
            self._kept.move_to_end(pack)
            gone = self._surplus()
            self._watch()
        _free(gone)

    def _surplus(self) -> list[_Kept]:
        total = sum(kept.loaded.memory for kept in self._kept.values())
        gone = []
        while total > self._limits.memory_bytes and len(self._kept) > 1:
            gone.append(self._kept.popitem(last=False)[1])
            total -= gone[-1].loaded.memory
        return gone

    def _watch(self) -> None:
        """Has a thread sleep until the first pack is due, unless one does."""
        if self._watched or not self._kept:
            return
        due = next(iter(self._kept.values())).asked + self._limits.idle_seconds
        seconds = min(max(due - self._clock(), 0.0), TIMEOUT_MAX)
        Thread(
            target=_wait, args=(weakref.ref(self), self._end, seconds), daemon=True, name="packs"
        ).start()
        self._watched = True

    def _woken(self) -> None:
        self.unload_idle()
        with self._lock:
            self._watched = False
            self._watch()


@dataclass(frozen=True, slots=True)
class _Kept:
    loaded: Loaded
    asked: float


def _wait(engines: weakref.ref[Engines], end: Lock, seconds: float) -> None:
    if not end.acquire(timeout=seconds) and (found := engines()) is not None:
        found._woken()


def _free(gone: list[_Kept]) -> None:
    """Has glibc give the memory back that freed networks leave in its heaps."""
    if not gone:
        return
    gone.clear()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
