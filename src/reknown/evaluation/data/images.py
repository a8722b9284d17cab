"""The images that an evaluation is of, with what a model pack made of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reknown.evaluation.data.duplicates import find_duplicates

if TYPE_CHECKING:
    from reknown.biometrics.calibration import Calibration
    from reknown.evaluation.data.duplicates import Duplicates
    from reknown.evaluation.data.manifest import Manifest
    from reknown.evaluation.data.templates import TemplateSet
    from reknown.evaluation.measures.arrays import Ints


@dataclass(frozen=True, slots=True, eq=False)
class EvaluatedImages:
    """Which images of whom, their templates, which of them are the same image.

    `calibration` says what a score of the pack means, if it was measured.
    """

    manifest: Manifest
    templates: TemplateSet
    duplicates: Duplicates
    calibration: Calibration | None = None

    @classmethod
    def of(
        cls, manifest: Manifest, templates: TemplateSet, calibration: Calibration | None = None
    ) -> EvaluatedImages:
        """The images with the duplicates among them."""
        duplicates = find_duplicates(templates.images, manifest.subjects()[0])
        return cls(manifest, templates, duplicates, calibration)

    def names(self) -> tuple[str, ...]:
        """The name of each image, relative to the manifest."""
        return tuple(sample.image.as_posix() for sample in self.manifest.samples)

    def digest(self) -> str:
        """SHA-256 of what is evaluated: the manifest and the bytes of every image."""
        digest = hashlib.sha256(self.manifest.digest.encode())
        for image in self.templates.images.digests:
            digest.update(f"\n{image}".encode())
        return digest.hexdigest()

    def subset(self, rows: Ints) -> EvaluatedImages:
        """Some of the images, by row, as if there were no others."""
        samples = tuple(self.manifest.samples[row] for row in rows)
        return EvaluatedImages.of(
            replace(self.manifest, samples=samples), self.templates.subset(rows), self.calibration
        )
