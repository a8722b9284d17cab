"""Templates and the space in which they may be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import SpaceMismatchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNIT_TOLERANCE = 1e-3
"""How far from 1 the length of a template may be."""


@dataclass(frozen=True, slots=True)
class TemplateSpace:
    """What has to be equal for two templates to be comparable.

    `fingerprint` is a hex SHA-256 over the embedder's files, the alignment, the
    pre-processing, the fusion and the `dimension`; `pack` names the model pack it is from.
    """

    pack: str
    fingerprint: str
    dimension: int

    def require(self, other: TemplateSpace) -> None:
        """Raises `SpaceMismatchError` unless `other` is the same space."""
        if self.fingerprint != other.fingerprint:
            raise SpaceMismatchError(
                f"templates of {self.pack} ({self.fingerprint[:12]}) and of {other.pack} "
                f"({other.fingerprint[:12]}) cannot be compared: enrol the images again with one"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A face as a unit vector, float32 (dimension,).

    `magnitude` is the length that the network gave the vector before it was made unit, where
    that says how recognisable the face is; else None.
    """

    vector: NDArray[np.float32]
    space: TemplateSpace
    magnitude: float | None = None


def compare(probe: Template, reference: Template) -> float:
    """The comparison score: cosine, -1 to 1, higher = more alike.

    Raises `SpaceMismatchError` when the templates are of different spaces.
    """
    probe.space.require(reference.space)
    return float(probe.vector @ reference.vector)
