"""Are these two pictures of the same person? One to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import NoFaceError
from reknown.biometrics.templates import compare
from reknown.ledger import events
from reknown.services.photos import Photo

if TYPE_CHECKING:
    from reknown.biometrics.candidates import Comparison
    from reknown.biometrics.faces import DetectedFace
    from reknown.ledger.actor import Actor
    from reknown.services.decision import Threshold
    from reknown.services.platform import Platform
    from reknown.services.quality_filter import QualityFilter
    from reknown.vision.analyze import Engine
    from reknown.vision.images import DecodedImage


@dataclass(frozen=True, slots=True)
class Verification:
    """The probe's largest face against every face of the reference picture, best first."""

    probe: DetectedFace
    comparisons: tuple[tuple[DetectedFace, Comparison], ...]

    @property
    def accepted(self) -> bool:
        """Whether any face reaches the threshold."""
        return any(comparison.accepted for _, comparison in self.comparisons)


def verify(engine: Engine, probe: Photo, reference: Photo, threshold: Threshold) -> Verification:
    """Compares two photos; raises `NoFaceError` when one of them shows no face."""
    for photo, name in ((probe, "first"), (reference, "second")):
        if not photo.faces:
            raise NoFaceError(f"no face found in the {name} picture")
    (template,) = engine.embed(probe.image, probe.faces[:1])
    references = engine.embed(reference.image, reference.faces)
    pairs = [
        (face, threshold.judge(compare(template, other)))
        for face, other in zip(reference.faces, references, strict=True)
    ]
    pairs.sort(key=lambda pair: -pair[1].score)
    return Verification(probe.faces[0], tuple(pairs))


@dataclass(frozen=True, slots=True)
class Bar:
    """What counts: scores from `threshold` on, between faces that `quality` lets through."""

    threshold: Threshold
    quality: QualityFilter
    largest: int


def compare_pictures(
    platform: Platform, probe: DecodedImage, reference: DecodedImage, bar: Bar, actor: Actor
) -> Verification:
    """Compares two pictures, on the record; only the `largest` faces of the reference count.

    Raises `NoFaceError` when a picture shows no face that is good enough.
    """
    engine = platform.engines.default
    first = _fit(engine, probe, bar, "source")
    second = _fit(engine, reference, bar, "target")
    found = verify(engine, first, second, bar.threshold)
    detail = {
        "probe": probe.sha256,
        "reference": reference.sha256,
        "threshold": bar.threshold.similarity,
        "compared": len(found.comparisons),
        "accepted": sum(comparison.accepted for _, comparison in found.comparisons),
    }
    events.record(platform.database, actor, "verify", None, detail)
    return found


def _fit(engine: Engine, image: DecodedImage, bar: Bar, name: str) -> Photo:
    faces = engine.detect(image)[: bar.largest]
    fit = tuple(face for face in faces if not bar.quality.objections(face))
    if not faces:
        raise NoFaceError(f"There are no faces in the {name} image. Should be at least 1.")
    if not fit:
        raise NoFaceError(f"No face in the {name} image passes the quality filter.")
    return Photo(image, fit)
