"""The one task on an image: bytes -> faces -> those fit for recognition, each with its template.

It depends on its arguments alone and all of them can be sent elsewhere: a thread, a process or
another machine gives the same answer.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reknown.biometrics.quality_filter import ANY_QUALITY, Objection, QualityFilter
from reknown.vision.analyze import Look
from reknown.vision.handling import SecondLook
from reknown.vision.second_look import look

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.geometry import BoundingBox
    from reknown.biometrics.templates import Template, TemplateSpace
    from reknown.vision.analyze import Engine
    from reknown.vision.images import Decode


@dataclass(frozen=True, slots=True)
class ExtractionPolicy:
    """What to extract from an image.

    Templates in `space`, of the first `limit` faces that `quality` lets through: of all of them
    with None, of none with 0. Only the `largest` faces are looked at, and where `places` are
    given only those that overlap one of these. With `attributes` it is measured what faces do.
    """

    space: TemplateSpace
    quality: QualityFilter = ANY_QUALITY
    limit: int | None = None
    largest: int | None = None
    places: tuple[BoundingBox, ...] | None = None
    attributes: bool = False

    @property
    def look(self) -> Look:
        """Closely enough for what is asked: a quality filter needs a good pose.

        Faces that are only detected cost no mesh.
        """
        if self.attributes:
            return Look.ATTRIBUTES
        return Look.GLANCE if self.limit == 0 else Look.POSE


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """An image without its pixels: the SHA-256 of the file, and its upright size in pixels.

    `taken` is the camera's time in ISO 8601, where the file has it: with an offset from UTC, or
    without, as the clock of wherever it was. `warnings` are for people: what is missing at its
    end, and that its faces lie on their side.
    """

    sha256: str
    width: int
    height: int
    taken: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExtractedFace:
    """A face that was found: with a template, or with objections of the quality filter.

    It has neither where it passed the filter but was beyond the limit.
    """

    face: DetectedFace
    template: Template | None = None
    objections: tuple[Objection, ...] = ()


@dataclass(frozen=True, slots=True)
class Extraction:
    """What became of an image's faces, largest first.

    `seconds` is how long each stage took: decode, detect, embed. `stretched` says that faces were
    looked for in a copy with its contrast stretched, as there was none in the image itself;
    `turned` by how many degrees against the clock it had to be turned for them to be found, and
    `margin` that they were found with a margin around it.
    """

    image: ImageInfo
    space: TemplateSpace
    found: tuple[ExtractedFace, ...]
    seconds: dict[str, float] = field(default_factory=dict, compare=False)
    stretched: bool = False
    turned: int = 0
    margin: bool = False

    @property
    def faces(self) -> tuple[DetectedFace, ...]:
        """All of them."""
        return tuple(found.face for found in self.found)

    @property
    def fit(self) -> tuple[tuple[DetectedFace, Template], ...]:
        """Those with a template."""
        return tuple((each.face, each.template) for each in self.found if each.template)

    @property
    def refused(self) -> tuple[tuple[DetectedFace, tuple[Objection, ...]], ...]:
        """Those that the quality filter turned away, and why."""
        return tuple((each.face, each.objections) for each in self.found if each.objections)

    @property
    def surplus(self) -> tuple[DetectedFace, ...]:
        """Those beyond the limit."""
        return tuple(e.face for e in self.found if e.template is None and not e.objections)


def extract(
    engine: Engine,
    decode: Decode,
    data: bytes,
    policy: ExtractionPolicy,
    looks: Sequence[SecondLook] = (SecondLook.STRETCHED,),
) -> Extraction:
    """Decodes, detects and embeds; `engine` is the one of the policy's space.

    `looks` are tried where no face is found.

    Raises `ImageError`, or `SpaceMismatchError` when the engine makes other templates.
    """
    engine.space.require(policy.space)
    clock = Clock()
    with clock.stage("decode"):
        image = decode(data)
    with clock.stage("detect"):
        seen = look(engine, image.pixels, policy.look, policy.largest, looks)
        faces = seen.faces
    if (places := policy.places) is not None:
        faces = tuple(f for f in faces if any(f.box.overlap(place) > 0 for place in places))
    with clock.stage("embed"):
        found = tuple(_extracted(engine, seen.pixels, faces, policy))
    warnings = (*image.warnings, *_turned(seen.turned))
    info = ImageInfo(image.sha256, image.width, image.height, image.taken, warnings)
    return Extraction(
        info,
        engine.space,
        found,
        clock.seconds,
        stretched=seen.stretched,
        turned=seen.turned,
        margin=seen.margin,
    )


def _turned(degrees: int) -> tuple[str, ...]:
    if not degrees:
        return ()
    return (
        f"its faces do not stand upright: it was turned by {degrees} degrees against the clock",
    )


def _extracted(
    engine: Engine,
    pixels: NDArray[np.uint8],
    faces: tuple[DetectedFace, ...],
    policy: ExtractionPolicy,
) -> Iterator[ExtractedFace]:
    """A template is the most expensive step and shows most of the quality.

    It is made only of faces that are large enough and not turned away.
    """
    fit = 0
    for face in faces:
        if objections := policy.quality.first_objections(face):
            yield ExtractedFace(face, objections=objections)
        elif fit == policy.limit:
            yield ExtractedFace(face)
        else:
            ((seen, template),) = engine.extract(pixels, [face])
            objections = policy.quality.objections(seen)
            fit += not objections
            yield ExtractedFace(seen, None if objections else template, objections)


class Clock:
    """How long each stage of a task took, in seconds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times what is done within."""
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started
