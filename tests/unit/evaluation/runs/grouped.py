"""Samples and templates made from random vectors, with known group differences."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.calibration import Calibration
from reknown.biometrics.templates import TemplateSpace
from reknown.evaluation.data.duplicates import ImageMarks, no_duplicates
from reknown.evaluation.data.images import EvaluatedImages
from reknown.evaluation.data.manifest import Manifest, Sample
from reknown.evaluation.data.templates import TemplateSet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

NO_DUPLICATES = no_duplicates()
CALIBRATION = Calibration(
    (-1.0, 0.2, 0.35, 0.5, 0.6, 0.7), (1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-6), "made", 1_000_000
)
DIMENSION = 48


def manifest_with(
    owners: Sequence[str], labels: Mapping[str, Sequence[str]] | None = None, prefix: str = ""
) -> Manifest:
    """One sample for each of the `owners`, with a label in each column of `labels`."""
    labels = labels or {}
    samples = tuple(
        Sample(
            row + 1,
            Path(f"{prefix}{row}.jpg"),
            owner,
            None,
            {column: values[row] for column, values in labels.items()},
        )
        for row, owner in enumerate(owners)
    )
    return Manifest(Path("/nowhere"), samples, tuple(labels), "")


def templates_of(
    vectors: NDArray[np.float64], failed: Sequence[int] = (), prefix: str = ""
) -> TemplateSet:
    """Unit vectors of those rows; `failed` rows have none."""
    count = len(vectors)
    lost = np.isin(np.arange(count), failed)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    unit[lost] = 0
    return TemplateSet(
        space=TemplateSpace("made", "0" * 64, vectors.shape[1]),
        detector="",
        choose="central",
        vectors=unit.astype(np.float32),
        quality=np.where(lost, -1, 50).astype(np.int16),
        failed=lost,
        reasons=tuple("no face found" if gone else "" for gone in lost),
        images=ImageMarks(
            tuple(f"{prefix}{row}" for row in range(count)),
            np.zeros(count, np.uint64),
            np.zeros((count, 256), np.uint8),
        ),
    )


def population(
    groups: Mapping[str, tuple[int, float]],
    *,
    images: int = 2,
    failed: Sequence[int] = (),
    seed: int = 5,
) -> EvaluatedImages:
    """Groups of so many subjects; the higher the likeness, the more they match each other."""
    generator = np.random.default_rng(seed)
    owners: list[str] = []
    labels: list[str] = []
    rows = []
    for group, (subjects, likeness) in groups.items():
        centre = generator.normal(size=DIMENSION)
        for number in range(subjects):
            own = generator.normal(size=DIMENSION) + likeness * centre
            owners += [f"{group} {number}"] * images
            labels += [group] * images
            rows += [own + 0.3 * generator.normal(size=DIMENSION) for _ in range(images)]
    manifest = manifest_with(owners, {"region": labels})
    return EvaluatedImages(manifest, templates_of(np.array(rows), failed), NO_DUPLICATES)
