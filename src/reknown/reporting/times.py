"""Moments of a video, for people."""

from __future__ import annotations


def clock(milliseconds: int) -> str:
    """A moment of a video to a tenth of a second: "0:01:23.4"."""
    tenths = (milliseconds + 50) // 100
    hours, minutes = tenths // 36_000, tenths // 600 % 60
    return f"{hours}:{minutes:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"
