"""A picture's faces -> those fit for recognition, each with its template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.templates import Template
    from reknown.services.quality_filter import Objection, QualityFilter
    from reknown.vision.analyze import Engine
    from reknown.vision.images import DecodedImage


@dataclass(frozen=True, slots=True)
class Extraction:
    """What became of the faces, largest first.

    `fit` have templates, `refused` have objections of the quality filter, `surplus` passed
    what it asks of the picture but were beyond the limit.
    """

    fit: tuple[tuple[DetectedFace, Template], ...]
    refused: tuple[tuple[DetectedFace, tuple[Objection, ...]], ...]
    surplus: tuple[DetectedFace, ...] = ()


def extract(
    engine: Engine,
    image: DecodedImage,
    faces: Iterable[DetectedFace],
    quality: QualityFilter,
    limit: int,
) -> Extraction:
    """Templates of the first `limit` of the `faces` that the filter lets through.

    A template is the most expensive step and shows some of the quality: it is made only of
    faces that the rest of their quality speaks for.
    """
    fit: list[tuple[DetectedFace, Template]] = []
    refused: list[tuple[DetectedFace, tuple[Objection, ...]]] = []
    surplus: list[DetectedFace] = []
    for face in faces:
        if objections := quality.first_objections(face):
            refused.append((face, objections))
        elif len(fit) == limit:
            surplus.append(face)
        else:
            ((seen, template),) = engine.extract(image, [face])
            if objections := quality.objections(seen):
                refused.append((seen, objections))
            else:
                fit.append((seen, template))
    return Extraction(tuple(fit), tuple(refused), tuple(surplus))
