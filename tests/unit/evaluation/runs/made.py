"""Images and score files without any image, for tests of reports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.templates import TemplateSpace
from reknown.evaluation.data.duplicates import ImageMarks, no_duplicates
from reknown.evaluation.data.images import EvaluatedImages
from reknown.evaluation.data.templates import TemplateSet
from unit.evaluation.manifests import people

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


def made_images(
    counts: Sequence[int],
    failed: Iterable[int] = (),
    *,
    noise: float = 0.3,
    pack: str = "made",
    seed: int = 1,
) -> EvaluatedImages:
    """Subject k with `counts[k]` images around a direction; those of rows `failed` failed."""
    generator = np.random.default_rng(seed)
    manifest = people(counts)
    subjects, _ = manifest.subjects()
    centres = generator.normal(size=(len(counts), 64))
    vectors = centres[subjects] + noise * generator.normal(size=(len(subjects), 64))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    bad = np.zeros(len(subjects), bool)
    bad[list(failed)] = True
    vectors[bad] = 0
    quality = generator.integers(20, 100, len(subjects)).astype(np.int16)
    quality[bad] = -1
    marks = ImageMarks(
        tuple(f"{row:064x}" for row in range(len(subjects))),
        np.zeros(len(subjects), np.uint64),
        np.zeros((len(subjects), 256), np.uint8),
    )
    templates = TemplateSet(
        TemplateSpace(pack, "a" * 64, 64),
        "b" * 64,
        "central",
        vectors.astype(np.float32),
        quality,
        bad,
        tuple("no face found" if wrong else "" for wrong in bad),
        marks,
    )
    return EvaluatedImages(manifest, templates, no_duplicates())


def with_labels(made: EvaluatedImages, column: str, labels: Sequence[str]) -> EvaluatedImages:
    """The same with a group column, one label a subject."""
    subjects, _ = made.manifest.subjects()
    samples = tuple(
        replace(sample, groups={column: labels[subject]})
        for sample, subject in zip(made.manifest.samples, subjects, strict=True)
    )
    return replace(made, manifest=replace(made.manifest, samples=samples, group_columns=(column,)))


def write_scores(path: Path, rows: Iterable[Sequence[object]], header: str = "score,mated") -> Path:
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
