"""The pictures that an evaluation is of, with what a model pack made of them."""

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
class Pictures:
    """Which pictures of whom, their templates, which of them are the same picture.

    `calibration` says what a score of the pack means, if it was measured.
    """

    manifest: Manifest
    templates: TemplateSet
    duplicates: Duplicates
    calibration: Calibration | None = None

    @classmethod
    def of(
        cls, manifest: Manifest, templates: TemplateSet, calibration: Calibration | None = None
    ) -> Pictures:
        """The pictures with the duplicates among them."""
        duplicates = find_duplicates(templates.pictures, manifest.subjects()[0])
        return cls(manifest, templates, duplicates, calibration)

    def names(self) -> tuple[str, ...]:
        """The name of each picture, relative to the manifest."""
        return tuple(sample.image.as_posix() for sample in self.manifest.samples)

    def digest(self) -> str:
        """SHA-256 of what is evaluated: the manifest and the bytes of every picture."""
        digest = hashlib.sha256(self.manifest.digest.encode())
        for picture in self.templates.pictures.digests:
            digest.update(f"\n{picture}".encode())
        return digest.hexdigest()

    def subset(self, rows: Ints) -> Pictures:
        """Some of the pictures, by row, as if there were no others."""
        samples = tuple(self.manifest.samples[row] for row in rows)
        return Pictures.of(
            replace(self.manifest, samples=samples), self.templates.subset(rows), self.calibration
        )
