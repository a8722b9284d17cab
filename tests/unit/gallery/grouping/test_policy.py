import pytest

from reknown.biometrics.calibration import Calibration
from reknown.biometrics.errors import InputError, UncalibratedError
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.gallery.grouping.policy import DEFAULT_POLICY, GroupingPolicy

TABLE = Calibration((-1.0, 0.1, 0.4, 0.5, 0.6), (1.0, 0.5, 1e-4, 1e-5, 1e-6), "drawn", 10**7)


def test_the_threshold_rises_with_the_archive() -> None:
    policy = GroupingPolicy(expected_false=0.01)
    scores = [policy.threshold(TABLE, n).score for n in (0, 10, 100, 1_000, 10_000, 10**6)]
    assert scores == pytest.approx([0.4, 0.4, 0.4, 0.5, 0.6, 0.6])


def test_as_many_strangers_as_stated_are_expected() -> None:
    threshold = GroupingPolicy(expected_false=0.02).threshold(TABLE, 5_000)
    assert threshold.expected_false_candidates(5_000) == pytest.approx(0.02)


def test_what_an_operator_states_wins() -> None:
    stated = ThresholdChoice(similarity=90)
    assert DEFAULT_POLICY.threshold(TABLE, 10**6, stated).score == pytest.approx(0.5)
    assert DEFAULT_POLICY.threshold(None, 10, ThresholdChoice(score=0.3)).score == 0.3


def test_without_a_calibration_a_score_has_to_be_stated() -> None:
    with pytest.raises(UncalibratedError):
        DEFAULT_POLICY.threshold(None, 10)


@pytest.mark.parametrize(
    "wrong", [{"expected_false": 0.0}, {"least_similarity": 101.0}, {"neighbours": 0}]
)
def test_policies_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        GroupingPolicy(**wrong)  # type: ignore[arg-type]
