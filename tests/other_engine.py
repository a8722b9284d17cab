"""A second model pack for tests: it finds the same faces and makes other templates of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.templates import TemplateSpace
from reknown.vision.embed.base import Embeddings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine
    from reknown.vision.embed.base import Embedder

OTHER = TemplateSpace("other", "cd" * 32, 48)


@dataclass(frozen=True)
class _Turned:
    """Templates turned, and short of most of their dimensions: alike stays alike."""

    embedder: Embedder
    turn: NDArray[np.float32]

    def embed(self, pixels: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> Embeddings:
        made = self.embedder.embed(pixels, landmarks)
        vectors = made.vectors @ self.turn
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return Embeddings(np.asarray(vectors / lengths, np.float32), made.magnitudes)


def other_engine(engine: Engine) -> Engine:
    """With the calibration of the first one, which is not right for it."""
    turn = np.random.default_rng(5).normal(size=(engine.space.dimension, OTHER.dimension))
    turned = _Turned(engine.embedder, np.asarray(turn, np.float32))
    return replace(engine, embedder=turned, space=OTHER)
