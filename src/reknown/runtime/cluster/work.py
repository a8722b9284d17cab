"""What a worker does with a task, whatever brought it there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import ImageError, ModelError, SpaceMismatchError
from reknown.runtime.cluster.conversion import to_sampled
from reknown.runtime.cluster.makings import makings_of
from reknown.runtime.cluster.messages import Answer, Extract, Unlike, decode_task, encode
from reknown.runtime.local.conversion import refusal, to_message
from reknown.services.executor import LocalExecutor
from reknown.vision.decoding.pool import DecoderPool
from reknown.vision.engines import EngineLimits, Engines, StoredPacks
from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from reknown.configuration import Settings
    from reknown.runtime.cluster.makings import Makings
    from reknown.runtime.cluster.messages import ClusterTask, TakeSample


class Bench:
    """The packs and decoders of one worker process; safe for its `threads`. To be closed.

    `name` is how people find that process.
    """

    def __init__(self, settings: Settings, threads: int, name: str) -> None:
        self._name = name
        self._store = PackStore(settings.cache, [settings.packs])
        memory = settings.server.model_memory * 2**20
        limits = EngineLimits(settings.server.model_idle_seconds, memory)
        self._engines = Engines(StoredPacks(self._store), settings.pack, limits)
        self._decoders = DecoderPool(threads + 1)
        self._executor = LocalExecutor(
            self._engines, self._decoders, settings.cache, settings.packs
        )
        self._makings: dict[str, Makings] = {}

    def answer(self, data: bytes) -> bytes:
        """The encoded answer to an encoded task.

        Raises `RuntimeError`, which any process can unpickle, for what is wrong with this machine
        or with the code.
        """
        try:
            return encode(self._answer(decode_task(data)))
        except Exception as error:
            raise RuntimeError(f"{type(error).__name__}: {error}") from None

    def close(self) -> None:
        """Ends the decoders."""
        self._decoders.close()

    def _answer(self, task: ClusterTask) -> Answer:
        asked = task.asked
        space = asked.policy.space if isinstance(asked, Extract) else asked.space
        try:
            if difference := self._own(space.pack).unlike(task.makings, space.pack):
                return Unlike(f"the worker {self._name} has {difference}")
            if isinstance(asked, Extract):
                return to_message(self._executor.extract(asked.data, asked.policy))
            return self._sampled(asked)
        except ImageError as error:
            return refusal(error)
        except (ModelError, SpaceMismatchError) as error:
            return Unlike(f"the worker {self._name} cannot use the pack {space.pack}: {error}")

    def _own(self, pack: str) -> Makings:
        if pack not in self._makings:
            self._makings[pack] = makings_of(self._store, pack)
        return self._makings[pack]

    def _sampled(self, asked: TakeSample) -> Answer:
        from reknown.evaluation.data.sampling import EngineSampler  # noqa: PLC0415

        sampler = EngineSampler(self._engines.of(asked.space), self._decoders.decode)
        return to_sampled(sampler.sample(asked.data, asked.choose))


def unprepared(name: str) -> bytes:
    """The answer of a worker on which nothing is set up."""
    return encode(Unlike(f"the worker {name} could not be set up: its log says why; restart it"))
