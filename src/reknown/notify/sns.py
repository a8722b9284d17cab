"""Notifications to topics of a server that speaks SNS."""

from __future__ import annotations

import re
from hashlib import sha256

from reknown.awsclient import Endpoint, Timeouts, guarded_client
from reknown.biometrics.errors import RefusedNotifyError
from reknown.notify.aws_answers import notify_error
from reknown.notify.base import NotifyTimeouts

_TOPIC = re.compile(r"arn:[^:\s]+:sns:[^:\s]*:\w*:[0-9A-Za-z_-]{1,256}(\.fifo)?", re.ASCII)


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

    def send(self, target: str, body: str, message_id: str, group: str = "") -> None:
        """Publishes `body` to the topic whose ARN is `target`.

        On a FIFO topic `message_id` is the deduplication id: sent again within 5 minutes, it is not
        delivered again. Without a `group` it is that too, so that no message waits for another.

        Raises `NotifyError` when the endpoint is unreachable, broken or busy or does not take
        the credentials, and `RefusedNotifyError` when it refuses this message or topic.
        """
        topic = _TOPIC.fullmatch(target)
        if not topic:
            raise RefusedNotifyError("not the ARN of an SNS topic")
        message = {"TopicArn": target, "Message": body}
        if topic[1]:
            own = sha256(group.encode()).hexdigest() if group else message_id
            message |= {"MessageGroupId": own, "MessageDeduplicationId": message_id}
        try:
            self._client.publish(**message)
        except Exception as error:
            raise notify_error(error, "SNS endpoint") from error

    def close(self) -> None:
        """Closes the connections that are kept for reuse."""
        self._client.close()
