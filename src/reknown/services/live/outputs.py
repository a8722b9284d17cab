"""Where records of a watch are put: into a data stream, or as objects into a folder of a bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.notify.kinesis import is_data_stream
from reknown.objects.base import can_be_written
from reknown.watches import deliveries

if TYPE_CHECKING:
    from reknown.biometrics.live import LiveEvent
    from reknown.storage.database import Connection

DATA_STREAMS, BUCKETS = "kinesis", "s3"
"""By which the database knows the sinks of records."""
_NOBODY = {
    DATA_STREAMS: "no server and no worker puts any into data streams (--kinesis-endpoint)",
    BUCKETS: "no server and no worker writes any into buckets (--record-bucket)",
}
_SCHEME = "s3://"
# as many as numbers of events can ever have, so that names sort as their numbers do
_DIGITS = 19
# in place of the session, for what a command watched under the name of the watch
_COMMAND = "command"
_LONGEST_SESSION = "0" * 32
_NEITHER = (
    "the output is neither the ARN of a Kinesis data stream, "
    "arn:aws:kinesis:<region>:<account>:stream/<name>, nor a folder of a bucket, "
    "s3://BUCKET/PREFIX"
)
_NO_PREFIX = (
    "records cannot be put there: a bucket is named with 3 to 255 letters, digits, -, . and _, a "
    "prefix is of names with single slashes between them, none of them . or .., and has with the "
    "name of the watch and the session 1,024 bytes at most"
)


@dataclass(frozen=True, slots=True)
class RecordFolder:
    """A folder of a bucket; without a `prefix` the bucket itself."""

    bucket: str
    prefix: str | None = None

    @property
    def text(self) -> str:
        """As `folder_of` reads it."""
        return f"{_SCHEME}{self.bucket}" + ("" if self.prefix is None else f"/{self.prefix}")

    def key(self, event: LiveEvent) -> str:
        """The object of this event, and of no other, in the layout that Amazon documents."""
        return self._key(event.watch, event.session or _COMMAND, event.sequence)

    def takes(self, watch: str) -> bool:
        """Whether there can be objects of a watch of this name."""
        return can_be_written(self.bucket, self._key(watch, _LONGEST_SESSION, 0))

    def _key(self, watch: str, session: str, sequence: int) -> str:
        before = f"{self.prefix.removesuffix('/')}/" if self.prefix else ""
        return f"{before}{watch}/{session}/{sequence:0{_DIGITS}}.json"


def folder_of(output: str | None) -> RecordFolder | None:
    """The folder that s3://BUCKET/PREFIX is; None for anything else."""
    if output is None or not output.startswith(_SCHEME):
        return None
    bucket, slash, prefix = output.removeprefix(_SCHEME).partition("/")
    return RecordFolder(bucket, prefix if slash else None)


def require_output(watch: str, output: str | None, kms_key: str | None) -> None:
    """Raises `InputError` for what records of this watch cannot be put into."""
    folder = folder_of(output)
    if folder is None and kms_key is not None:
        raise InputError("a KMS key is for records that are put into a bucket: leave it out")
    if folder is not None and not folder.takes(watch):
        raise InputError(_NO_PREFIX)
    if folder is None and output is not None and not is_data_stream(output):
        raise InputError(_NEITHER)


def why_not_taken(connection: Connection, watch: str, output: str | None) -> str | None:
    """Why records of this watch do not arrive, for people; None where they do or none was made."""
    if output is None:
        return None
    sink = DATA_STREAMS if is_data_stream(output) else BUCKETS
    why = deliveries.trouble(connection, sink, watch)
    if why is None and not deliveries.has_begun(connection, sink):
        why = _NOBODY[sink]
    return None if why is None else f"Records are not taken: {why}."
