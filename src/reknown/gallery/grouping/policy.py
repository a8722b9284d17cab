"""How alike faces must be to be taken for one person, whatever the model pack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.biometrics.thresholds import DEFAULT_SIMILARITY, Threshold, ThresholdChoice

if TYPE_CHECKING:
    from reknown.biometrics.calibration import Calibration


@dataclass(frozen=True, slots=True)
class GroupingPolicy:
    """When sightings are brought together.

    Two strangers among n sightings resemble each other by chance more often the larger n is, so the
    threshold rises with it: such that at most `expected_false` strangers are expected to reach
    it for one sighting. It is never below `least_similarity` (0 to 100), nor beyond the lowest
    false match rate that was measured. Each sighting looks at its `neighbours` best. Only faces
    with a unified quality score of `min_quality` (0 to 100) bring others together. Figures for
    all of these: docs/explanation/groups.md.
    """

    expected_false: float = 0.005
    least_similarity: float = DEFAULT_SIMILARITY
    neighbours: int = 50
    min_quality: int = 40

    def __post_init__(self) -> None:
        if not self.expected_false > 0:
            raise InputError(f"expected_false must be above 0, got {self.expected_false:g}")
        if not 0 <= self.least_similarity <= 100:
            raise InputError(f"a similarity lies from 0 to 100, not at {self.least_similarity:g}")
        if self.neighbours < 1:
            raise InputError(f"a sighting looks at one neighbour or more, not {self.neighbours}")

    def threshold(
        self, calibration: Calibration | None, sightings: int, stated: ThresholdChoice | None = None
    ) -> Threshold:
        """From which mean score on a group grows, in an archive of that many sightings.

        What was `stated` wins. Raises `UncalibratedError` where no score was, and the template
        space has no calibration.
        """
        if stated is not None or calibration is None:
            return (stated or ThresholdChoice()).resolve(calibration)
        lowest = calibration.false_match_rates[-1]
        wanted = min(1.0, max(lowest, self.expected_false / max(1, sightings)))
        least = calibration.score(self.least_similarity)
        return Threshold(max(least, calibration.threshold(wanted)), calibration)


DEFAULT_POLICY = GroupingPolicy()
