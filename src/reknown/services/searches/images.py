"""Searches with an image: every face that is fit is a probe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.quality_filter import ANY_QUALITY, QualityFilter
from reknown.ledger.records import ProbeRecord
from reknown.services.galleries.spaces import until_switched
from reknown.services.images.sources import attempt_all, extract_source, require_face
from reknown.services.policies.permits import admitted
from reknown.services.searches.search import Probes, look_up, settle, stack
from reknown.vision.extraction import ExtractionPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reknown.biometrics.candidates import CandidateList
    from reknown.biometrics.errors import ReknownError
    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.templates import TemplateSpace
    from reknown.services.context import Context, Platform
    from reknown.services.images.sources import Source
    from reknown.services.searches.search import Found, Query, Scores
    from reknown.vision.extraction import Extraction


@dataclass(frozen=True, slots=True)
class ProbeChoice:
    """Which faces of an image are probes.

    The first `limit` that `quality` lets through, of the `largest`; all with None. With
    `required` an image without one is an error.
    """

    quality: QualityFilter = ANY_QUALITY
    limit: int | None = None
    largest: int | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Identification:
    """An image's faces, largest first, and the candidates of those that were searched for."""

    extraction: Extraction
    found: Found

    def faces(self) -> Iterator[tuple[DetectedFace, CandidateList]]:
        """Each face that was searched for with its candidates."""
        faces = (face for face, _ in self.extraction.fit)
        return zip(faces, self.found.lists, strict=True)


def identify(
    context: Context, query: Query, source: Source, choice: ProbeChoice = ProbeChoice()
) -> Identification:
    """Searches with an image; the event is on disk before the answer is given out.

    Raises `PolicyError`, `ImageError`, `InputError`, `NoFaceError`, and as `look_up` does.
    """
    space = admitted(context, query.collection)
    return _concluded(context, *_compared(context.platform, query, source, choice, space))


def identify_all(
    context: Context, query: Query, sources: Iterable[Source], choice: ProbeChoice = ProbeChoice()
) -> Iterator[tuple[Source, Identification | ReknownError]]:
    """The same with many images, in their order.

    Raises `PolicyError`, and `SpaceMismatchError` where the collection is switched to another
    model pack meanwhile: a raw score would mean something else in it.
    """
    space = admitted(context, query.collection)

    def work(source: Source) -> tuple[Extraction, Scores]:
        return _compared(context.platform, query, source, choice, space)

    with until_switched(query.collection):
        for source, found in attempt_all(context.platform, work, sources):
            if isinstance(found, Exception):
                yield source, found
            else:
                yield source, _concluded(context, *found)


def _compared(
    platform: Platform, query: Query, source: Source, choice: ProbeChoice, space: TemplateSpace
) -> tuple[Extraction, Scores]:
    policy = ExtractionPolicy(space, choice.quality, choice.limit, choice.largest)
    extraction = extract_source(platform, source, policy)
    if choice.required:
        require_face(extraction)
    vectors = stack([template.vector for _, template in extraction.fit], space)
    qualities = tuple(face.quality.unified_score.score for face, _ in extraction.fit)
    record = ProbeRecord("image", extraction.image.sha256)
    probes = Probes(record, space, vectors, qualities=qualities)
    return extraction, look_up(platform, query, probes)


def _concluded(context: Context, extraction: Extraction, scores: Scores) -> Identification:
    return Identification(extraction, settle(context, scores))
