"""What every way of telling others that something has ended can do, and when to try again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from reknown.biometrics.errors import NotifyError, RefusedNotifyError

# Ten seconds, then twice as long each time, and hourly from the tenth on: 24.4 hours together.
# A receiver that is back hears within the hour, one that restarts within seconds.
WAITS = tuple(timedelta(seconds=min(10 * 2**number, 3600)) for number in range(32))
_LATER_STATUS = {408, 429}


@dataclass(frozen=True, slots=True)
class NotifyTimeouts:
    """Seconds: to connect, for each wait for the receiver, and for the whole of its answer."""

    connect: float = 3.0
    read: float = 10.0
    answer: float = 30.0


class Sender(Protocol):
    """A way to tell others; safe to use from several threads."""

    def send(self, target: str, body: str, message_id: str, group: str = "") -> None:
        """Delivers `body` at least once, when it returns.

        `target` says where to, as far as the sender leaves a choice. The same `message_id`
        again is the same message again; it is of letters, digits, "-" and "_". Messages of one
        `group` are to arrive in the order in which they are sent.

        Raises `NotifyError`, and `RefusedNotifyError` when trying again will not help.
        """
        ...


def backoff(attempts: int) -> timedelta | None:
    """How long to wait after `attempts` failures in a row; None: give up.

    There are 33 attempts within 24.4 hours.
    """
    if attempts < 1:
        return timedelta()
    return WAITS[attempts - 1] if attempts <= len(WAITS) else None


def refusal(receiver: str, status: int, said: str = "") -> NotifyError:
    """The error for an HTTP status other than 2xx."""
    text = f"the {receiver} answered {status}{said}"
    if 300 <= status < 400:
        return RefusedNotifyError(f"{text}: redirects are not followed, give its final address")
    if 400 <= status < 500 and status not in _LATER_STATUS:
        return RefusedNotifyError(text)
    return NotifyError(text)
