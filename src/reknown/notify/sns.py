"""Notifications to topics of a server that speaks SNS."""

from __future__ import annotations

import re
from hashlib import sha256

from reknown.biometrics.errors import RefusedNotifyError
from reknown.notify.aws import AwsSender

_TOPIC = re.compile(r"arn:[^:\s]+:sns:[^:\s]*:\w*:[0-9A-Za-z_-]{1,256}(\.fifo)?", re.ASCII)


class SnsSender(AwsSender):
    """Publishes to topics."""

    __slots__ = ()
    SERVICE = "SNS"

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
        self._ask("publish", **message)
