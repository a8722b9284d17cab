"""Figures as far as every processor agrees on them.

Networks add up in another order where a processor has other instructions: scores then differ
in the sixth decimal or so, and false match rates by parts of a per cent.
"""

from __future__ import annotations

import re
from math import floor, isclose, log10
from typing import Any

_RATE = re.compile(r"rate|false|expected|fmr|fnmr|fpir|fnir", re.IGNORECASE)
_PER_CENT = re.compile(r"similarity|confidence", re.IGNORECASE)
_ANGLE = re.compile(r"yaw|pitch|roll|magnitude", re.IGNORECASE)
# Whole numbers that were rounded from figures, and the scores behind them.
_ROUNDED = {"quality", "score", "Quality", "Sharpness"}
_NATIVE = "native"


def rounded(value: float, key: str) -> float:
    """With as many places as are shown: rates two digits, others three decimals or one."""
    if _RATE.search(key) and 0 < abs(value) < 1:
        return round(value, 1 - floor(log10(abs(value))))
    return round(value, _decimals(value, key)) + 0.0  # no negative zero


def settled(expected: Any, actual: Any, key: str = "") -> Any:
    """`actual`, with the figures of `expected` wherever both are as good as equal."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return {name: settled(expected.get(name), value, name) for name, value in actual.items()}
    if isinstance(expected, list) and isinstance(actual, list):
        paired = [*expected, *([None] * len(actual))]
        return [settled(one, other, key) for one, other in zip(paired, actual, strict=False)]
    return expected if _as_good_as_equal(expected, actual, key) else actual


def _as_good_as_equal(one: Any, other: Any, key: str) -> bool:
    types = {type(one), type(other)}
    if types == {int} or (types == {float} and key == "Sharpness"):
        return key in _ROUNDED and abs(one - other) <= 1
    if types != {float}:
        return False
    if key == _NATIVE:
        return isclose(one, other, rel_tol=0.02, abs_tol=0.005)
    if _RATE.search(key) and abs(one) < 1:
        return isclose(one, other, rel_tol=0.11)
    return isclose(one, other, abs_tol=2.5 * 10 ** -_decimals(one, key), rel_tol=0)


def _decimals(value: float, key: str) -> int:
    if (_PER_CENT.search(key) and abs(value) > 1) or _ANGLE.search(key):
        return 1
    return 3 if abs(value) < 10 else 1
