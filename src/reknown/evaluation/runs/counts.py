"""Rates as they are printed and as JSON: never without their counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reknown.evaluation.intervals import Interval
    from reknown.evaluation.rates import Rate

NOTHING = "-"


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
