"""What every way of telling others that something has ended can do, and when to try again."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from reknown.biometrics.errors import InputError, NotifyError, RefusedNotifyError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Ten seconds, then twice as long each time, and hourly from the tenth on: 24.4 hours together.
# A receiver that is back hears within the hour, one that restarts within seconds.
WAITS = tuple(timedelta(seconds=min(10 * 2**number, 3600)) for number in range(32))
_LATER_STATUS = {408, 429}
_VISIBLE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class NotifyTimeouts:
    """Seconds: to connect, for each wait for the receiver, and for all until it has answered."""

    connect: float = 3.0
    read: float = 10.0
    answer: float = 30.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where the operator's receiver is; `path` has its query, and begins with a slash."""

    scheme: str
    host: str
    port: int
    path: str


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


def address_of(url: str, ports: Mapping[str, int], wrong: str) -> Address:
    """The parts of an address of one of the schemes that have these `ports` by themselves.

    Raises `InputError` with the text `wrong`, which never repeats a password that it may hold.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError as error:
        raise InputError(wrong) from error
    plain = _VISIBLE.fullmatch(url) and "@" not in parts.netloc and not parts.fragment
    if not plain or parts.scheme not in ports or not parts.hostname:
        raise InputError(wrong)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(parts.scheme, parts.hostname, port or ports[parts.scheme], path)


def trouble(error: Exception) -> str:
    """What went wrong in words that hold no address; a certificate's trouble in full."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, OSError) and error.errno and error.strerror:
        return error.strerror
    return type(error).__name__
