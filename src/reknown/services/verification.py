"""Are these two pictures of the same person? One to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import NoFaceError
from reknown.biometrics.templates import compare

if TYPE_CHECKING:
    from reknown.biometrics.candidates import Comparison
    from reknown.biometrics.faces import DetectedFace
    from reknown.services.decision import Threshold
    from reknown.services.photos import Photo
    from reknown.vision.analyze import Engine


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
