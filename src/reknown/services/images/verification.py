"""Are these two images of the same person? One to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.quality_filter import ANY_QUALITY, QualityFilter
from reknown.biometrics.templates import compare
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.ledger import log
from reknown.ledger.records import SpaceRecord, ThresholdRecord, VerifyRecord
from reknown.services.images.sources import extract_source, require_face
from reknown.vision.extraction import ExtractionPolicy

if TYPE_CHECKING:
    from reknown.biometrics.candidates import Comparison
    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.quality_filter import Objection
    from reknown.biometrics.thresholds import Threshold
    from reknown.services.context import Context
    from reknown.services.images.sources import Source
    from reknown.vision.extraction import Extraction, ImageInfo


@dataclass(frozen=True, slots=True)
class VerificationTerms:
    """What counts: scores from the threshold on, between faces that `quality` lets through.

    Only the `largest` faces of either image are looked at, all of them with None.
    """

    threshold: ThresholdChoice = ThresholdChoice()
    quality: QualityFilter = ANY_QUALITY
    largest: int | None = None
    pack: str | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """The probe's largest face against every fit face of the reference image, best first.

    `refused` are those that were not compared, and why; `warnings` are of both files.
    """

    probe: DetectedFace
    comparisons: tuple[tuple[DetectedFace, Comparison], ...]
    threshold: Threshold
    reference_image: ImageInfo
    refused: tuple[tuple[DetectedFace, tuple[Objection, ...]], ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether any face reaches the threshold."""
        return any(comparison.accepted for _, comparison in self.comparisons)


def verify(
    context: Context,
    probe: Source,
    reference: Source,
    terms: VerificationTerms = VerificationTerms(),
) -> Verification:
    """Compares two images, on the record.

    Raises `NoFaceError` when one shows no face or the probe none that is good enough,
    `ImageError`, `InputError`, `ModelError`, `UncalibratedError`.
    """
    platform = context.platform
    space = platform.engines.space_of(terms.pack or platform.engines.default_pack)
    threshold = terms.threshold.resolve(platform.engines.calibration_of(space))
    first, second = (
        extract_source(
            platform, source, ExtractionPolicy(space, terms.quality, limit, terms.largest)
        )
        for source, limit in ((probe, 1), (reference, None))
    )
    found = _compared(first, second, threshold)
    log.record(context.database, context.actor, None, _record(first, second, found))
    return found


def _compared(probe: Extraction, reference: Extraction, threshold: Threshold) -> Verification:
    face, template = require_face(probe, "probe")
    if not reference.refused:
        require_face(reference, "reference")
    pairs = [(other, threshold.judge(compare(template, t))) for other, t in reference.fit]
    pairs.sort(key=lambda pair: -pair[1].score)
    warnings = tuple(
        f"{which} image: {warning}"
        for which, extraction in (("probe", probe), ("reference", reference))
        for warning in extraction.image.warnings
    )
    return Verification(face, tuple(pairs), threshold, reference.image, reference.refused, warnings)


def _record(probe: Extraction, reference: Extraction, found: Verification) -> VerifyRecord:
    best = found.comparisons[0][1] if found.comparisons else None
    return VerifyRecord(
        probe_sha256=probe.image.sha256,
        reference_sha256=reference.image.sha256,
        space=SpaceRecord.of(probe.space),
        threshold=ThresholdRecord.of(found.threshold),
        compared=len(found.comparisons),
        accepted=sum(comparison.accepted for _, comparison in found.comparisons),
        best_score=None if best is None else best.score,
        best_similarity=None if best is None else best.similarity,
    )
