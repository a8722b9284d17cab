"""Samples of evaluations as they travel, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reknown.evaluation.data.duplicates import THUMBNAIL_SIDE
from reknown.evaluation.data.image_cache import CachedImage
from reknown.runtime.cluster.messages import Sampled

if TYPE_CHECKING:
    from reknown.biometrics.templates import TemplateSpace

_FLOAT = "<f4"
_QUALITIES = range(-1, 101)
_HASHES = 2**64


def to_sampled(image: CachedImage) -> Sampled:
    """With arrays as bytes."""
    vector = image.vector.astype(_FLOAT).tobytes()
    return Sampled(
        image.digest, int(image.quality), int(image.hash), image.thumbnail.tobytes(), vector
    )


def to_sample(message: Sampled, space: TemplateSpace, digest: bytes) -> CachedImage:
    """Raises `ValueError` for what is no answer to that image, in that space."""
    vector = np.frombuffer(message.vector, _FLOAT).astype(np.float32)
    thumbnail = np.frombuffer(message.thumbnail, np.uint8)
    if message.digest != digest:
        raise ValueError("an answer to another question")
    if vector.shape != (space.dimension,) or not np.isfinite(vector).all():
        raise ValueError("not a template of this space")
    if thumbnail.shape != (THUMBNAIL_SIDE**2,) or message.quality not in _QUALITIES:
        raise ValueError("not what is kept of an image")
    if not 0 <= message.hash < _HASHES:
        raise ValueError("not what is kept of an image")
    return CachedImage(message.digest, message.quality, message.hash, thumbnail, vector)
