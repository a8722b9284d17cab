from __future__ import annotations

from pathlib import Path

import pytest

from reknown.biometrics.errors import InputError
from reknown.biometrics.problems import Problems


def test_none_is_none() -> None:
    Problems(Path("x")).raise_any()


def test_the_first_are_shown_and_the_rest_counted() -> None:
    problems = Problems(Path("list.csv"))
    problems.add(0, "odd")
    for line in range(1, 1_030):
        problems.add(line, "wrong")
    with pytest.raises(InputError) as caught:
        problems.raise_any()
    head, first, second, *_, last = str(caught.value).split("\n  ")
    assert (head, first, second) == ("cannot use list.csv:", "odd", "line 1: wrong")
    assert last == "and 1,010 more"
