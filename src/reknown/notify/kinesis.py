"""Records into data streams of a server that speaks Kinesis."""

from __future__ import annotations

import re

from reknown.awsclient import Endpoint, Timeouts, guarded_client
from reknown.biometrics.errors import RefusedNotifyError
from reknown.notify.aws_answers import notify_error
from reknown.notify.base import NotifyTimeouts

_STREAM = re.compile(
    r"arn:aws[a-z-]*:kinesis:[a-z0-9-]*:[0-9]{12}:stream/([0-9A-Za-z_.-]{1,128})", re.ASCII
)
# A shard takes so much a second: it comes with 4xx and passes.
_BUSY = frozenset({"ProvisionedThroughputExceededException", "KMSThrottlingException"})


def is_data_stream(arn: str) -> bool:
    """Whether it is the ARN of a Kinesis data stream."""
    return _STREAM.fullmatch(arn) is not None


class KinesisSender:
    """Puts records into streams at one endpoint, whatever their ARNs say about regions.

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
        # One attempt: when to try again is decided where the record is kept.
        self._client = guarded_client(
            Endpoint("kinesis", endpoint, region, access_key_id, secret),
            Timeouts(timeouts.connect, timeouts.read, timeouts.answer, attempts=1),
            signature_version="v4",
        )

    def send(self, target: str, body: str, message_id: str, group: str = "") -> None:
        """Puts `body` into the stream whose ARN is `target`.

        Records of one `group` lie in one shard, in the order in which they were put.

        Raises `NotifyError` when the endpoint is unreachable, broken or busy or does not take
        the credentials, and `RefusedNotifyError` when it refuses this record or stream.
        """
        stream = _STREAM.fullmatch(target)
        if stream is None:
            raise RefusedNotifyError("not the ARN of a Kinesis data stream")
        record = {
            "StreamName": stream[1],
            "Data": body.encode(),
            "PartitionKey": group or message_id,
        }
        try:
            self._client.put_record(**record)
        except Exception as error:
            raise notify_error(error, "Kinesis endpoint", _BUSY) from error

    def close(self) -> None:
        """Closes the connections that are kept for reuse."""
        self._client.close()
