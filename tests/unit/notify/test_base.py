from __future__ import annotations

from datetime import timedelta

import pytest

from reknown.biometrics.errors import NotifyError, RefusedNotifyError
from reknown.notify.base import WAITS, backoff, refusal


def test_waits_double_from_seconds_to_an_hour() -> None:
    seconds = [wait.total_seconds() for wait in WAITS]
    assert seconds[:5] == [10, 20, 40, 80, 160]
    assert seconds[8:11] == [2560, 3600, 3600]
    assert max(seconds) == 3600


def test_it_is_given_up_after_about_a_day() -> None:
    attempts = 1
    waited = timedelta()
    while (wait := backoff(attempts)) is not None:
        waited += wait
        attempts += 1
    assert attempts == 33
    assert timedelta(hours=24) <= waited < timedelta(hours=25)
    assert backoff(34) is None
    assert backoff(10**9) is None


def test_what_was_not_tried_is_due_at_once() -> None:
    assert backoff(0) == timedelta()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (101, NotifyError),
        (302, RefusedNotifyError),
        (400, RefusedNotifyError),
        (404, RefusedNotifyError),
        (408, NotifyError),
        (410, RefusedNotifyError),
        (429, NotifyError),
        (499, RefusedNotifyError),
        (500, NotifyError),
        (503, NotifyError),
        (999, NotifyError),
    ],
)
def test_which_answers_are_worth_another_attempt(status: int, error: type[NotifyError]) -> None:
    assert type(refusal("receiver", status)) is error
    assert str(status) in str(refusal("receiver", status))
