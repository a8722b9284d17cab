"""An image -> what is kept of it: its person's template, and marks to find copies by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from reknown.biometrics.errors import ImageError
from reknown.evaluation.data.duplicates import perceptual_hash, thumbnail
from reknown.evaluation.data.image_cache import CachedImage
from reknown.vision.analyze import Look
from reknown.vision.batch import available_cores
from reknown.vision.second_look import look

if TYPE_CHECKING:
    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.templates import TemplateSpace
    from reknown.vision.analyze import Engine
    from reknown.vision.images import Decode

FaceChoice = Literal["central", "largest"]
"""Which face of several is the subject's: the nearest to the image's centre, or the largest."""

NO_QUALITY = -1


class Sampler(Protocol):
    """Makes of an image what is kept of it, here or elsewhere; safe for many threads."""

    @property
    def space(self) -> TemplateSpace:
        """That of its templates."""
        ...

    @property
    def capacity(self) -> int:
        """How many images are worth having in work at once, as of now."""
        ...

    def sample(self, data: bytes, choose: FaceChoice) -> CachedImage:
        """What is kept of these bytes of a file.

        Raises `ImageError` for an image that cannot be used, `ModelError`.
        """
        ...

    def abandon(self) -> None:
        """Waits no longer for what is under way elsewhere."""
        ...


@dataclass(frozen=True, slots=True)
class EngineSampler:
    """With an engine of this process."""

    engine: Engine
    decode: Decode

    @property
    def space(self) -> TemplateSpace:
        """As the engine has it."""
        return self.engine.space

    @property
    def capacity(self) -> int:
        """One a core."""
        return available_cores()

    def sample(self, data: bytes, choose: FaceChoice) -> CachedImage:
        """As `Sampler.sample`; looks as closely as an enrolment."""
        image = self.decode(data)
        vector, quality = np.zeros(self.space.dimension, np.float32), NO_QUALITY
        seen = look(self.engine, image.pixels, Look.POSE)
        if seen.faces:
            face = seen.faces[0] if choose == "largest" else min(seen.faces, key=_off_centre)
            ((face, template),) = self.engine.extract(seen.pixels, [face])
            vector, quality = template.vector, face.quality.unified_score.score
        if not np.isfinite(vector).all():
            raise ImageError("the template is not finite")
        marks = perceptual_hash(image.pixels), thumbnail(image.pixels)
        return CachedImage(bytes.fromhex(image.sha256), quality, *marks, vector)

    def abandon(self) -> None:
        """Nothing is elsewhere."""


def _off_centre(face: DetectedFace) -> float:
    nose = face.landmarks.nose
    return (nose.x - 0.5) ** 2 + (nose.y - 0.5) ** 2
