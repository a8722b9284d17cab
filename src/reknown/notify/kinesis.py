"""Records into data streams of a server that speaks Kinesis."""

from __future__ import annotations

import re

from reknown.biometrics.errors import RefusedNotifyError
from reknown.notify.aws import AwsSender

_STREAM = re.compile(
    r"arn:aws[a-z-]*:kinesis:[a-z0-9-]*:[0-9]{12}:stream/([0-9A-Za-z_.-]{1,128})", re.ASCII
)
_MISSING = "ResourceNotFoundException"


def is_data_stream(arn: str) -> bool:
    """Whether it is the ARN of a Kinesis data stream."""
    return _STREAM.fullmatch(arn) is not None


class KinesisSender(AwsSender):
    """Puts records into data streams."""

    __slots__ = ()
    SERVICE = "Kinesis"
    # A shard takes so much a second: it comes with 4xx and passes.
    BUSY = frozenset({"ProvisionedThroughputExceededException", "KMSThrottlingException"})

    def send(self, target: str, body: str, message_id: str, group: str = "") -> None:
        """Puts `body` into the stream whose ARN is `target`.

        Records of one `group` lie in one shard, in the order in which they were put.

        Raises `NotifyError` when the endpoint is unreachable, broken or busy or does not take
        the credentials, and `RefusedNotifyError` when it refuses this record or stream.
        """
        stream = _STREAM.fullmatch(target)
        if stream is None:
            raise RefusedNotifyError("not the ARN of a Kinesis data stream")
        key = group or message_id
        try:
            self._ask("put_record", StreamName=stream[1], Data=body.encode(), PartitionKey=key)
        except RefusedNotifyError as error:
            answer = getattr(error.__cause__, "response", {})
            if answer.get("Error", {}).get("Code") == _MISSING:
                raise RefusedNotifyError(f"the data stream {stream[1]!r} does not exist") from error
            raise
