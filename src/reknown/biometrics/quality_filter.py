"""Which faces are good enough, and why the others are not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reknown.biometrics.faces import DetectedFace


class Reason(Enum):
    """What speaks against a face."""

    NOT_CLEARLY_A_FACE = "not clearly a face"
    TOO_SMALL = "too small"
    TURNED_AWAY = "turned away"
    BAD_LIGHT = "too dark or too bright"
    BLURRED = "too blurry"
    LOW_QUALITY = "of low quality"


@dataclass(frozen=True, slots=True)
class Objection:
    """A reason with what was `measured` and what is `required`, both in the measure's own unit.

    `measure` is the component's name in ISO/IEC 29794-5 and `unit` what its numbers count.
    """

    reason: Reason
    measure: str
    measured: float
    required: float
    unit: str

    def __str__(self) -> str:
        """The reason and its numbers in words."""
        bound = "maximum" if self.measured > self.required else "minimum"
        measure = re.sub(r"(?<!^)(?=[A-Z])", " ", self.measure).lower()
        found = f"{measure} {self.measured:.3g}{self.unit}"
        return f"{self.reason.value}: {found}, {bound} {self.required:g}"


@dataclass(frozen=True, slots=True)
class QualityFilter:
    """What a face has to show.

    `min_inter_eye_pixels` corrected for yaw, `max_turn` in degrees of yaw and pitch, `min_unified`
    a quality score, 0 to 100. `min_confidence` of the detector, 0 to 1, and the scores
    `min_luminance` and `min_sharpness` are asked of a face whose template does not say how good it
    is. Where it does they refuse nobody: they explain a low unified score. Darkness that spoils no
    template is no fault.
    """

    min_confidence: float = 0.8
    min_inter_eye_pixels: float = 10.0
    max_turn: float = 60.0
    min_luminance: int = 15
    min_sharpness: int = 8
    min_unified: int = 25

    def objections(self, face: DetectedFace) -> tuple[Objection, ...]:
        """What speaks against a face with a template, nothing when it is fit."""
        found, unified = self.first_objections(face), face.quality.unified_score.score
        poor = unified < self.min_unified
        if poor or face.quality.magnitude is None:
            found += self._of_the_image(face)
        if poor:
            measured = ("UnifiedQualityScore", unified, self.min_unified, "")
            found += (Objection(Reason.LOW_QUALITY, *measured),)
        return found

    def first_objections(self, face: DetectedFace) -> tuple[Objection, ...]:
        """What speaks against it whatever its template tells: too small, turned away."""
        eyes = face.quality.inter_eye_distance.native
        turn = max(abs(face.pose.yaw), abs(face.pose.pitch))
        found = []
        if eyes < (least := self.min_inter_eye_pixels):
            found.append(Objection(Reason.TOO_SMALL, "InterEyeDistance", eyes, least, " pixels"))
        if turn > (most := self.max_turn):
            found.append(Objection(Reason.TURNED_AWAY, "HeadPose", turn, most, " degrees"))
        return tuple(found)

    def _of_the_image(self, face: DetectedFace) -> tuple[Objection, ...]:
        """What its detector and its pixels have against it."""
        light, sharpness = face.quality.luminance_mean.score, face.quality.sharpness.score
        sure = 100 * face.confidence
        checks = (
            (Reason.NOT_CLEARLY_A_FACE, "confidence", sure, self.min_percent, "%"),
            (Reason.BAD_LIGHT, "LuminanceMean", light, self.min_luminance, ""),
            (Reason.BLURRED, "Sharpness", sharpness, self.min_sharpness, ""),
        )
        return tuple(Objection(*check) for check in checks if check[2] < check[3])

    @property
    def min_percent(self) -> float:
        """The least confidence in percent."""
        return 100 * self.min_confidence


# Only what would spoil a gallery.
DEFAULT_FILTER = QualityFilter()
ANY_QUALITY = QualityFilter(0.0, 0.0, 180.0, 0, 0, 0)
