"""Notifications to topics of a server that speaks SNS."""

from __future__ import annotations

import re
from typing import Any

from reknown.awsclient import (
    CREDENTIAL_ERRORS,
    Endpoint,
    RedirectError,
    Timeouts,
    guarded_client,
)
from reknown.biometrics.errors import NotifyError, RefusedNotifyError
from reknown.notify.base import NotifyTimeouts, refusal

_TOPIC = re.compile(r"arn:[^:\s]+:sns:[^:\s]*:\w*:[0-9A-Za-z_-]{1,256}(\.fifo)?", re.ASCII)
_SPEAKABLE = re.compile(r"[0-9A-Za-z.]{1,64}")
# Told apart from what a topic answers: they come with 4xx, but others can mend them.
_LATER = CREDENTIAL_ERRORS | {
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSecurity",
    "MissingAuthenticationToken",
    "RequestExpired",
    "RequestLimitExceeded",
}


class SnsSender:
    """Publishes to topics at one endpoint, whatever their ARNs say about regions.

    Without `access_key_id` and `secret`, credentials are found as boto3 finds them: in the
    environment, in its profiles, on the machine. Safe to use from several threads.

    Raises `InputError` when boto3 is missing or the arguments make no sense.
    """

    __slots__ = ("_client",)

    def __init__(
        self,
        endpoint: str,
        region: str,
        access_key_id: str | None = None,
        secret: str | None = None,
        timeouts: NotifyTimeouts = NotifyTimeouts(),
    ) -> None:
        # One attempt: when to try again is decided where the message is kept.
        self._client = guarded_client(
            Endpoint("sns", endpoint, region, access_key_id, secret),
            Timeouts(timeouts.connect, timeouts.read, timeouts.answer, attempts=1),
            signature_version="v4",
        )

    def send(self, target: str, body: str, message_id: str) -> None:
        """Publishes `body` to the topic whose ARN is `target`.

        On a FIFO topic `message_id` is the group, so that no message waits for another, and
        the deduplication id: sent again within 5 minutes, it is not delivered again.

        Raises `NotifyError` when the endpoint is unreachable, broken or busy or does not take
        the credentials, and `RefusedNotifyError` when it refuses this message or topic.
        """
        topic = _TOPIC.fullmatch(target)
        if not topic:
            raise RefusedNotifyError("not the ARN of an SNS topic")
        message = {"TopicArn": target, "Message": body}
        if topic[1]:
            message |= {"MessageGroupId": message_id, "MessageDeduplicationId": message_id}
        try:
            self._client.publish(**message)
        except Exception as error:
            raise _translated(error) from error

    def close(self) -> None:
        """Closes the connections that are kept for reuse."""
        self._client.close()


def _translated(error: Exception) -> NotifyError:
    if isinstance(error, RedirectError):
        return refusal("SNS endpoint", 300)
    answer: Any = getattr(error, "response", None)
    if not isinstance(answer, dict):
        return NotifyError(f"the SNS endpoint cannot be used: {type(error).__name__}")
    code = str(answer.get("Error", {}).get("Code", ""))
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    said = f" {code}" if _SPEAKABLE.fullmatch(code) and code != str(status) else ""
    if code in _LATER or "throttl" in code.lower() or not isinstance(status, int):
        return NotifyError(f"the SNS endpoint answered {status}{said}")
    return refusal("SNS endpoint", status, said)
