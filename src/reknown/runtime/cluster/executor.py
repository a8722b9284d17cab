"""Images on a cluster, all else in this process."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ClusterError
from reknown.runtime.cluster.conversion import to_sample
from reknown.runtime.cluster.messages import Extract, Extracted, Refused, Sampled, TakeSample
from reknown.runtime.local.conversion import to_error, to_extraction
from reknown.vision.images import ImageLimits

if TYPE_CHECKING:
    from typing import BinaryIO, NoReturn

    from reknown.biometrics.templates import TemplateSpace
    from reknown.biometrics.tracks import VideoAnalysis
    from reknown.biometrics.word_filter import WordFilter
    from reknown.biometrics.words import VideoReading
    from reknown.evaluation.data.image_cache import CachedImage
    from reknown.evaluation.data.sampling import FaceChoice
    from reknown.runtime.cluster.link import Link
    from reknown.runtime.cluster.messages import Answer
    from reknown.services.executor import Executor
    from reknown.video.isolation import Progress
    from reknown.vision.extraction import Extraction, ExtractionPolicy
    from reknown.vision.images import DecodedImage
    from reknown.vision.text.reading import Reading


@dataclass(frozen=True, slots=True)
class ClusterExecutor:
    """Has workers extract, and `own` do the rest, of which only as much at once as it takes.

    Videos stay here: they would have to travel whole.
    """

    link: Link
    own: Executor
    _turns: BoundedSemaphore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_turns", BoundedSemaphore(self.own.capacity))

    @property
    def capacity(self) -> int:
        """As the workers have it that there are now."""
        return self.link.capacity

    def abandon(self) -> None:
        """As `Executor.abandon`."""
        self.link.abandon()

    def extract(self, data: bytes, policy: ExtractionPolicy) -> Extraction:
        """As `Executor.extract`; raises `ClusterError` too."""
        if len(data) > ImageLimits().max_bytes:
            return self.own.extract(data, policy)  # which refuses it
        answer = self.link.ask(Extract(data, policy, 0), policy.space.pack)
        try:
            if isinstance(answer, Extracted):
                return to_extraction(answer, policy.space, hashlib.sha256(data).hexdigest())
            _refuse(answer)
        except ValueError as error:
            raise ClusterError(f"a worker gave no answer to what was asked: {error}") from error

    def decode(self, data: bytes) -> DecodedImage:
        """As `Executor.decode`."""
        with self._turns:
            return self.own.decode(data)

    def read(self, data: bytes, pack: str, wanted: WordFilter) -> Reading:
        """As `Executor.read`."""
        with self._turns:
            return self.own.read(data, pack, wanted)

    def read_video(
        self, file: BinaryIO, pack: str, wanted: WordFilter, progress: Progress
    ) -> VideoReading:
        """As `Executor.read_video`."""
        with self._turns:
            return self.own.read_video(file, pack, wanted, progress)

    def analyse(
        self,
        file: BinaryIO,
        pack: str,
        progress: Progress,
        *,
        cut_outs: bool = False,
        attributes: bool = False,
    ) -> VideoAnalysis:
        """As `Executor.analyse`."""
        with self._turns:
            return self.own.analyse(file, pack, progress, cut_outs=cut_outs, attributes=attributes)


@dataclass(frozen=True, slots=True)
class ClusterSampler:
    """Has workers make what evaluations keep of images."""

    link: Link
    space: TemplateSpace

    @property
    def capacity(self) -> int:
        """As the workers have it that there are now."""
        return self.link.capacity

    def abandon(self) -> None:
        """As `Sampler.abandon`."""
        self.link.abandon()

    def sample(self, data: bytes, choose: FaceChoice) -> CachedImage:
        """As `Sampler.sample`; raises `ClusterError` too."""
        answer = self.link.ask(TakeSample(data, self.space, choose), self.space.pack)
        try:
            if isinstance(answer, Sampled):
                return to_sample(answer, self.space, hashlib.sha256(data).digest())
            _refuse(answer)
        except ValueError as error:
            raise ClusterError(f"a worker gave no answer to what was asked: {error}") from error


def _refuse(answer: Answer) -> NoReturn:
    """Raises the `ImageError` that it is, `ValueError` for another answer."""
    if isinstance(answer, Refused):
        raise to_error(answer)
    raise ValueError(type(answer).__name__)
