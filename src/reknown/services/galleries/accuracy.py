"""What is known of how often searches of a collection go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ModelError, SpaceMismatchError
from reknown.biometrics.thresholds import MOST_EXPECTED, ThresholdChoice
from reknown.services.galleries.collections import describe_collection
from reknown.services.oversight.drift import list_drifts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.biometrics.calibration import Calibration
    from reknown.biometrics.records import Collection
    from reknown.biometrics.thresholds import Threshold
    from reknown.gallery.score_counts import ScoreDrift
    from reknown.services.context import Context

_SIMILARITIES = (50.0, 70.0, 80.0, 90.0, 99.0)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What the pack's calibration promises at the collection's size of today.

    `thresholds` are those that were measured. At `advised` a stranger is expected to reach one
    reference in a hundred searches at the most, None where that is beyond the measurement. `drift`
    is what was last found of whether strangers still score as they did.
    """

    collection: Collection
    calibration: Calibration | None
    thresholds: Sequence[Threshold] = ()
    advised: Threshold | None = None
    drift: ScoreDrift | None = None


def read_accuracy(context: Context, collection: str) -> Accuracy:
    """What is known of a collection; raises `NotFoundError`."""
    its = describe_collection(context, collection)
    drift = list_drifts(context.database).get(collection)
    try:
        calibration = context.platform.engines.calibration_of(its.space)
    except (ModelError, SpaceMismatchError):  # of a pack that is not here any more
        calibration = None
    if calibration is None:
        return Accuracy(its, None, drift=drift)
    top = calibration.similarity(calibration.scores[-1])
    measured = [each for each in _SIMILARITIES if each <= top]
    thresholds = [ThresholdChoice(each).resolve(calibration) for each in measured]
    advised = ThresholdChoice(false_candidates=MOST_EXPECTED).resolve(calibration, its.faces)
    expected = advised.expected_false_candidates(its.faces)
    kept = expected is not None and expected <= MOST_EXPECTED
    return Accuracy(its, calibration, thresholds, advised if kept else None, drift)
