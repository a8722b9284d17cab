"""The pictures that an evaluation is of, with what a model pack made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.evaluation.duplicates import find_duplicates

if TYPE_CHECKING:
    from reknown.biometrics.calibration import Calibration
    from reknown.evaluation.duplicates import Duplicates
    from reknown.evaluation.manifest import Manifest
    from reknown.evaluation.templates import TemplateSet


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
