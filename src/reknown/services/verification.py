"""Are these two pictures of the same person? One to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import NoFaceError
from reknown.biometrics.templates import compare
from reknown.ledger import events
from reknown.services.extraction import extract

if TYPE_CHECKING:
    from reknown.biometrics.candidates import Comparison
    from reknown.biometrics.faces import DetectedFace
    from reknown.ledger.actor import Actor
    from reknown.services.decision import Threshold
    from reknown.services.extraction import Extraction
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


def verify(probe: Extraction, reference: Extraction, threshold: Threshold) -> Verification:
    """Compares what was extracted from two pictures.

    Raises `NoFaceError` when one of them shows no face that is fit.
    """
    for faces, name in ((probe, "first"), (reference, "second")):
        if not faces.fit:
            raise NoFaceError(f"no face found in the {name} picture")
    face, template = probe.fit[0]
    pairs = [(other, threshold.judge(compare(template, t))) for other, t in reference.fit]
    pairs.sort(key=lambda pair: -pair[1].score)
    return Verification(face, tuple(pairs))


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
    first = _fit(engine, probe, bar, "source", 1)
    second = _fit(engine, reference, bar, "target", bar.largest)
    found = verify(first, second, bar.threshold)
    detail = {
        "probe": probe.sha256,
        "reference": reference.sha256,
        "threshold": bar.threshold.similarity,
        "compared": len(found.comparisons),
        "accepted": sum(comparison.accepted for _, comparison in found.comparisons),
    }
    events.record(platform.database, actor, "verify", None, detail)
    return found


def _fit(engine: Engine, image: DecodedImage, bar: Bar, name: str, limit: int) -> Extraction:
    faces = engine.detect(image)[: bar.largest]
    if not faces:
        raise NoFaceError(f"There are no faces in the {name} image. Should be at least 1.")
    found = extract(engine, image, faces, bar.quality, limit)
    if not found.fit:
        raise NoFaceError(f"No face in the {name} image passes the quality filter.")
    return found
