"""Figures as they are printed and as JSON: rates never without their counts."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.biometrics.calibration import Calibration
    from reknown.biometrics.rates import Interval, Rate

NOTHING = "-"
_HASHED = 10


def number(value: float | None) -> str:
    """Three digits, all of those before the point; "-" where there is none."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def of(rate: Rate | None) -> str:
    """Errors of trials: "3 of 1,000"."""
    return NOTHING if rate is None else f"{rate.errors:,} of {rate.trials:,}"


def rate_text(rate: Rate | None) -> str:
    """The rate itself."""
    return NOTHING if rate is None else number(rate.value)


def interval_text(interval: Interval | None) -> str:
    """From the lower to the upper limit."""
    return NOTHING if interval is None else f"{interval.low:.3g} to {interval.high:.3g}"


def rate_data(rate: Rate | None, interval: Interval | None = None) -> dict[str, Any] | None:
    """For JSON: errors, trials, the rate and its limits; None for none."""
    if rate is None:
        return None
    data: dict[str, Any] = {"errors": rate.errors, "trials": rate.trials, "rate": rate.value}
    return data if interval is None else data | interval_data(interval)


def interval_data(interval: Interval) -> dict[str, float]:
    """For JSON: both limits and the level."""
    return {"low": interval.low, "high": interval.high, "level": interval.level}


def rate_words(rate: Rate, interval: Interval | None = None) -> str:
    """The counts, the rate and its interval, such as "3 of 1,000 (0.003; 95 %: 0.001 to 0.009)"."""
    counts = f"{rate.errors:,} of {rate.trials:,}"
    if interval is None:
        return f"{counts} ({number(rate.value)})"
    limits = f"{interval.level * 100:g} %: {number(interval.low)} to {number(interval.high)}"
    return f"{counts} ({number(rate.value)}; {limits})"


def similarity_text(similarity: float | None) -> str:
    """A similarity to a tenth."""
    return NOTHING if similarity is None else f"{similarity:.1f}"


def similarity_of(calibration: Calibration | None, score: float) -> float | None:
    """The score on the similarity scale, if the pack has one."""
    return None if calibration is None else round(calibration.similarity(score), 2)


def hidden(names: Sequence[str], salt: str) -> tuple[str, ...]:
    """Short hashes in place of names: the same name has the same hash within one data set."""
    digests = (hashlib.sha256(f"{salt}\0{name}".encode("utf-8", "replace")) for name in names)
    return tuple(f"#{digest.hexdigest()[:_HASHED]}" for digest in digests)
