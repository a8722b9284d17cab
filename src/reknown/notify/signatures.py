"""Signatures of the Standard Webhooks specification, as sent and as receivers check them.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
This file needs nothing but the standard library: a receiver in Python may copy it. Others find
a library for their language at https://www.standardwebhooks.com.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "whsec_"
TOLERANCE = 5 * 60


def key_of(secret: str) -> bytes:
    """The key within a secret: base64, with "whsec_" before it or not.

    Raises `ValueError` when it is not base64; the message does not repeat it.
    """
    try:
        return base64.b64decode(secret.removeprefix(PREFIX).encode("ascii"), validate=True)
    except ValueError:
        raise ValueError("the secret is not base64") from None


def sign(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """The signature of a message: "v1," and base64 of HMAC-SHA256 over id.timestamp.body."""
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float | None = None) -> bool:
    """Whether a request comes from a holder of `secret`, unchanged and of now.

    `headers` are those of the request, `body` its bytes before any decoding, and `now` is in
    seconds since 1970 (None: the clock). The timestamp may be 5 minutes off. A message can
    arrive twice: remember its webhook-id and take it once.

    Raises `ValueError` when `secret` is not base64, and nothing else.
    """
    key = key_of(secret)
    given = {name.lower(): value for name, value in headers.items()}
    message_id = given.get("webhook-id", "")
    timestamp = given.get("webhook-timestamp", "")
    if not message_id or not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > 20:
        return False
    if abs((time.time() if now is None else now) - int(timestamp)) > TOLERANCE:
        return False
    try:
        expected = sign(key, message_id, timestamp, body).encode()
        # Several signatures are there while a secret is being replaced.
        signatures = given.get("webhook-signature", "").encode().split(b" ")
    except UnicodeEncodeError:
        return False
    return any(hmac.compare_digest(expected, signature) for signature in signatures)
