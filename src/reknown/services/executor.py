"""Where work on images and videos is done: in this process now, elsewhere later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from reknown.vision.batch import available_cores
from reknown.vision.handling import ARCHIVE, Handling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import BinaryIO

    from reknown.biometrics.tracks import VideoAnalysis
    from reknown.biometrics.word_filter import WordFilter
    from reknown.biometrics.words import VideoReading
    from reknown.video.isolation import Progress
    from reknown.vision.decoding.pool import DecoderPool
    from reknown.vision.engines import Engines
    from reknown.vision.extraction import Extraction, ExtractionPolicy
    from reknown.vision.images import DecodedImage
    from reknown.vision.text.reading import Reading


class Executor(Protocol):
    """Does the tasks that take time; safe for many threads."""

    @property
    def capacity(self) -> int:
        """How many images are worth having in work at once, as of now."""
        ...

    def abandon(self) -> None:
        """Waits no longer for what is under way elsewhere: nobody wants it any more."""
        ...

    def extract(self, data: bytes, policy: ExtractionPolicy) -> Extraction:
        """The faces of an image: `vision.extraction.extract`, wherever that runs.

        Raises `ImageError`, `DecoderError`, `ModelError`, `SpaceMismatchError`, `ClusterError`.
        """
        ...

    def decode(self, data: bytes) -> DecodedImage:
        """An image for people to look at; raises `ImageError`, `DecoderError`."""
        ...

    def read(self, data: bytes, pack: str, wanted: WordFilter) -> Reading:
        """The text of an image: `vision.text.reading.read_text`, wherever that runs.

        Raises `ImageError`, `DecoderError`, `ModelError`.
        """
        ...

    def read_video(
        self, file: BinaryIO, pack: str, wanted: WordFilter, progress: Progress
    ) -> VideoReading:
        """The text of the video in a real file, in frames a part of a second apart.

        `progress` and errors as of `analyse`.
        """
        ...

    def analyse(
        self,
        file: BinaryIO,
        pack: str,
        progress: Progress,
        *,
        cut_outs: bool = False,
        attributes: bool = False,
    ) -> VideoAnalysis:
        """The tracks of the video in a real file.

        With `cut_outs` of their best views, with `attributes` of what faces do at each moment.
        `progress` is called now and then; what it raises ends the work and passes through.
        Raises `VideoError`, `ModelError`.
        """
        ...


@dataclass(frozen=True, slots=True)
class LocalExecutor:
    """Images in the calling thread, decoding and videos in processes that can be killed.

    `cache` and `packs` are where converted models and further manifests lie; `observe` gets the
    seconds that each stage of an extraction took; `handling` says which files are taken.
    """

    engines: Engines
    decoders: DecoderPool
    cache: Path
    packs: Path
    observe: Callable[[Mapping[str, float]], None] = lambda _: None
    capacity: int = field(default_factory=available_cores)
    handling: Handling = ARCHIVE

    def abandon(self) -> None:
        """Nothing is elsewhere, and an image takes but a moment."""

    def extract(self, data: bytes, policy: ExtractionPolicy) -> Extraction:
        """As `Executor.extract`."""
        from reknown.vision.extraction import extract  # noqa: PLC0415 - decoders load late

        self.decoders.start()  # beside loading the engine
        engine = self.engines.of(policy.space)
        extraction = extract(engine, self.decode, data, policy, self.handling.looks)
        self.observe(extraction.seconds)
        return extraction

    def decode(self, data: bytes) -> DecodedImage:
        """As `Executor.decode`."""
        return self.decoders.decode(data, self.handling.intake)

    def read(self, data: bytes, pack: str, wanted: WordFilter) -> Reading:
        """As `Executor.read`."""
        from reknown.vision.text.reading import read_text  # noqa: PLC0415

        self.decoders.start()
        reading = read_text(self.engines.reader(pack), self.decode, data, wanted)
        self.observe(reading.seconds)
        return reading

    def read_video(
        self, file: BinaryIO, pack: str, wanted: WordFilter, progress: Progress
    ) -> VideoReading:
        """As `Executor.read_video`."""
        from reknown.video.isolation import AnalysisRequest, read_isolated  # noqa: PLC0415

        self._check(file)
        request = AnalysisRequest(pack, self.cache, self.packs)
        return read_isolated(file, request, wanted, progress)

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
        from reknown.video.isolation import AnalysisRequest, analyse_isolated  # noqa: PLC0415

        self._check(file)
        request = AnalysisRequest(pack, self.cache, self.packs, cut_outs, attributes)
        return analyse_isolated(file, request, progress)

    def _check(self, file: BinaryIO) -> None:
        from reknown.video.containers import REQUESTED, examine  # noqa: PLC0415

        if not self.handling.old_films:
            examine(file, REQUESTED)
