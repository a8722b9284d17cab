from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from PIL import Image

from decoding import decode_image
from reknown.biometrics.errors import ImageError, InvalidImageError
from reknown.evaluation.data.sampling import NO_QUALITY, EngineSampler
from reknown.vision.batch import available_cores

if TYPE_CHECKING:
    from reknown.vision.analyze import Engine


def test_the_sampler_of_this_process_uses_its_cores(engine: Engine) -> None:
    sampler = EngineSampler(engine, decode_image)
    assert sampler.capacity == available_cores()
    assert sampler.space == engine.space


def test_an_image_without_a_face_has_marks_and_no_template(engine: Engine, eileen: bytes) -> None:
    sampler = EngineSampler(engine, decode_image)
    face = sampler.sample(eileen, "central")
    assert 0 < face.quality <= 100
    assert np.isclose(np.linalg.norm(face.vector), 1)
    nobody = sampler.sample(_plain(), "central")
    assert nobody.quality == NO_QUALITY
    assert not nobody.vector.any()
    assert nobody.thumbnail.shape == face.thumbnail.shape
    with pytest.raises(InvalidImageError):
        sampler.sample(b"no image", "central")


@dataclass
class Overflowing:
    """An engine whose last number is infinite, as that of a pack with a fault."""

    engine: Engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    def extract(self, pixels: Any, faces: Any) -> Any:
        (face, template), *others = self.engine.extract(pixels, faces)
        vector = template.vector.copy()
        vector[-1] = np.inf
        object.__setattr__(template, "vector", vector)
        return ((face, template), *others)


def test_a_template_that_is_not_finite_is_a_failure(engine: Engine, eileen: bytes) -> None:
    sampler = EngineSampler(cast("Engine", Overflowing(engine)), decode_image)
    with pytest.raises(ImageError, match="not finite"):
        sampler.sample(eileen, "largest")


def _plain() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (120, 120), "grey").save(file, "PNG")
    return file.getvalue()
