"""Notifications to an address of the operator's, signed after Standard Webhooks."""

from __future__ import annotations

import re
import socket
import ssl
import time
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError, NotifyError, RefusedNotifyError
from reknown.deadlines import within
from reknown.notify.base import NotifyTimeouts, address_of, refusal, trouble
from reknown.notify.signatures import key_of, sign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.deadlines import Deadline

_KEY_BYTES = 24
_PORTS = {"http": 80, "https": 443}
_ID = re.compile(r"[0-9A-Za-z_-]{1,255}")
_NO_KEY = (
    'the webhook secret must be "whsec_" and base64 of at least 24 random bytes: make one with '
    "`echo whsec_$(openssl rand -base64 32)`"
)
_NO_URL = "the webhook URL is not an address like https://host/path, without a name or password"


class WebhookSender:
    """Posts JSON to one URL, which the operator chose; no redirect and no proxy is used.

    For https the receiver's certificate is checked, against the system's authorities or those
    in the file that the environment variable SSL_CERT_FILE names. Safe to use from several
    threads.

    Raises `InputError` when the URL makes no sense or the secret is shorter than 24 bytes.
    """

    __slots__ = ("_address", "_key", "_timeouts", "_tls")

    def __init__(self, url: str, secret: str, timeouts: NotifyTimeouts = NotifyTimeouts()) -> None:
        self._address = address_of(url, _PORTS, _NO_URL)
        self._key = _key(secret)
        encrypted = self._address.scheme == "https"
        self._tls = ssl.create_default_context() if encrypted else None
        self._timeouts = timeouts

    def send(self, target: str, body: str, message_id: str, group: str = "") -> None:  # noqa: ARG002
        """Posts `body`, which is JSON; `target` is not looked at, there is one receiver.

        Raises `NotifyError` when the receiver is unreachable or too slow or answers with 408,
        429 or 5xx, and `RefusedNotifyError` at any other answer but 2xx.
        """
        if not _ID.fullmatch(message_id):
            raise RefusedNotifyError("the message id is not of letters, digits, - and _")
        try:
            status = self._post(body.encode(), message_id)
        except (OSError, HTTPException) as error:
            raise NotifyError(f"the webhook cannot be reached: {trouble(error)}") from error
        if not 200 <= status < 300:
            raise refusal("webhook", status)

    def _post(self, body: bytes, message_id: str) -> int:
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Reknown",
            "Connection": "close",
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": sign(self._key, message_id, timestamp, body),
        }
        with (
            within(self._timeouts.answer) as deadline,
            closing(self._connection()) as connection,
            self._line(deadline) as line,
        ):
            connection.sock = line
            connection.request("POST", self._address.path, body, headers)
            with connection.getresponse() as answer:
                # The status says it all: nothing of the answer's body is read.
                return answer.status

    def _connection(self) -> HTTPConnection:
        host, port = self._address.host, self._address.port
        if self._tls is None:
            return HTTPConnection(host, port)
        return HTTPSConnection(host, port, context=self._tls)

    @contextmanager
    def _line(self, deadline: Deadline) -> Iterator[socket.socket]:
        timeouts, host = self._timeouts, self._address.host
        line = socket.create_connection((host, self._address.port), timeouts.connect)
        try:
            line.settimeout(timeouts.read)
            deadline.cover(line)
            if self._tls is not None:
                line = self._tls.wrap_socket(line, server_hostname=host)
            yield line
        finally:
            line.close()


def _key(secret: str) -> bytes:
    try:
        key = key_of(secret)
    except ValueError as error:
        raise InputError(_NO_KEY) from error
    if len(key) < _KEY_BYTES:
        raise InputError(_NO_KEY)
    return key
