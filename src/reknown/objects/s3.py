"""Stored objects from a server that speaks S3: MinIO, Ceph, Garage, Amazon.

Bucket names come from strangers, and boto3 follows some of them: names of the form of Outposts
access points make it leave the configured endpoint for amazonaws.com, names of directory buckets
make it ask for session credentials. `awsclient` keeps it at the endpoint.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO

from reknown.awsclient import (
    Endpoint,
    Pace,
    RedirectError,
    SlowAnswerError,
    StrayRequestError,
    Timeouts,
    guarded_client,
    is_of_credentials,
    received,
)
from reknown.biometrics.errors import (
    InputError,
    ObjectError,
    ObjectNotFoundError,
    ObjectRefusedError,
    ObjectStoreError,
    ObjectTooLargeError,
)
from reknown.objects.base import (
    MOST_NAMES,
    ObjectNames,
    can_be_asked_for,
    check_folder,
    check_names,
    is_bucket,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from reknown.objects.base import ObjectFolder

# A page of a listing with names of the longest, each byte of which is spelled in three.
_LISTING = 4 * 2**20
_SPECIAL_BUCKETS = ("--x-s3", "--xa-s3", "--op-s3")
_SPEAKABLE = re.compile(r"[0-9A-Za-z.]{1,64}")
_ABSENT_STATUS = {403, 404, 405}
_LATER_STATUS = {408, 409, 429}
# Denied, or a request that the store does not like: an error page says which, HEAD has none.
_UNEXPLAINED_STATUS = {400, 403}
_ABSENT = {
    "AccessDenied",
    "InvalidArgument",
    "InvalidBucketName",
    "KeyTooLongError",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchVersion",
}


@dataclass(frozen=True, slots=True)
class S3Timeouts:
    """Seconds: to connect, for each wait for the store, and for a whole answer; how often to try.

    `body` is for all up to the body of an object, and for that body once more.

    An object that goes into a file may take longer than `body`: a second more for every `rate`
    bytes that have come. So 10 GB have 11 hours, and a store that drips is given up soon.
    """

    connect: float = 3.0
    read: float = 10.0
    body: float = 30.0
    rate: float = 256 * 1024
    attempts: int = 2


class S3Objects:
    """Reads and writes objects at one S3 endpoint, with the bucket in the path.

    Without `access_key_id` and `secret`, credentials are found as boto3 finds them: in the
    environment, in its profiles, on the machine. Objects that are opened are fetched into
    `folder` (None: the system's folder for temporary files), in files without a name, whose
    room is free again when they are closed. Safe to use from several threads.

    Raises `InputError` when boto3 is missing or the arguments make no sense.
    """

    __slots__ = ("_client", "_folder", "_timeouts")

    def __init__(
        self,
        endpoint: str,
        region: str,
        access_key_id: str | None = None,
        secret: str | None = None,
        timeouts: S3Timeouts = S3Timeouts(),
        *,
        folder: Path | None = None,
    ) -> None:
        if folder is not None and not folder.is_dir():
            raise InputError(f"{folder} is not a folder: name one with room for stored videos")
        self._client = guarded_client(
            Endpoint("s3", endpoint, region, access_key_id, secret),
            Timeouts(timeouts.connect, timeouts.read, timeouts.body, timeouts.attempts),
            answer=_LISTING,
            s3={"addressing_style": "path", "use_accelerate_endpoint": False},
            signature_version="s3v4",
            # what is written is signed; few stores but Amazon's know the newer checksums
            request_checksum_calculation="when_required",
        )
        self._folder = folder
        self._timeouts = timeouts

    def read(self, bucket: str, key: str, version: str | None, max_bytes: int) -> bytes:
        """The bytes of an object, `max_bytes` at most.

        Raises `ObjectNotFoundError` also when the store denies access, `ObjectTooLargeError`,
        or `ObjectStoreError` when the store is unreachable, broken or too slow, or does not
        take this server's credentials.
        """
        data = bytearray()
        wanted = _wanted(bucket, key, version)
        self._fetch(wanted, max_bytes, Pace(self._timeouts.body), data.extend)
        return bytes(data)

    def size(self, bucket: str, key: str, version: str | None) -> int:
        """How many bytes an object has; none of them are fetched.

        Raises what `read` raises, other than `ObjectTooLargeError`.
        """
        wanted = _wanted(bucket, key, version)
        try:
            length = self._head(wanted).get("ContentLength")
        except Exception as error:
            raise _translated(error) from error
        if length is None or length < 0:
            raise ObjectStoreError("the object store does not say how large the object is")
        return int(length)

    def open(self, bucket: str, key: str, version: str | None, max_bytes: int) -> BinaryIO:
        """An object of `max_bytes` at most, fetched into a file that is gone once closed.

        Raises what `read` raises, and `ObjectStoreError` also when there is no room for it.
        """
        wanted = _wanted(bucket, key, version)
        pace = Pace(self._timeouts.body, self._timeouts.rate)
        file: BinaryIO = _kept(partial(TemporaryFile, dir=self._folder))
        try:
            self._fetch(wanted, max_bytes, pace, lambda chunk: _kept(partial(file.write, chunk)))
            _kept(partial(file.seek, 0))
        except BaseException:
            # Closing writes what is still in the buffer, and there may be no room for it.
            with suppress(OSError):
                file.close()
            raise
        return file

    def buckets(self) -> Sequence[str]:
        """Those that the store tells this server of; raises as `list` does."""
        try:
            told = self._client.list_buckets().get("Buckets", ())
        except Exception as error:
            raise _translated(error) from error
        names = sorted(str(each.get("Name")) for each in told)
        return [name for name in names if is_bucket(name)][:MOST_NAMES]

    def list_folder(self, where: ObjectFolder) -> ObjectNames:
        """What the store tells of it, page by page as it parts them.

        Raises `ObjectNotFoundError` also when the store denies to tell, `ObjectStoreError`.
        """
        check_folder(where)
        if where.bucket.endswith(_SPECIAL_BUCKETS):
            raise ObjectNotFoundError
        asked = {
            "Bucket": where.bucket,
            "Prefix": where.folder + where.beginning,
            "Delimiter": "/",
            "MaxKeys": MOST_NAMES,
        }
        if where.after is not None:
            asked["ContinuationToken"] = where.after
        try:
            told = self._client.list_objects_v2(**asked)
        except Exception as error:
            raise _translated(error) from error
        return ObjectNames(
            _told(where, told.get("CommonPrefixes", ()), "Prefix"),
            _told(where, told.get("Contents", ()), "Key"),
            told.get("NextContinuationToken") if told.get("IsTruncated") else None,
        )

    def write(self, bucket: str, key: str, data: bytes, kms_key: str | None = None) -> None:
        """Writes JSON, in place of what there was under that key.

        Raises `ObjectNotFoundError` for names that are not asked for, `ObjectRefusedError` where
        the store does not take it, and `ObjectStoreError` where it may do so later.
        """
        wanted: dict[str, Any] = _wanted(bucket, key, None)
        if kms_key is not None:
            wanted |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}
        try:
            self._client.put_object(**wanted, Body=data, ContentType="application/json")
        except Exception as error:
            raise _unwritten(error) from error

    def close(self) -> None:
        """Closes the connections that are kept for reuse."""
        self._client.close()

    def _head(self, wanted: dict[str, str]) -> Any:
        try:
            return self._client.head_object(**wanted)
        except Exception as error:
            if _status(error) not in _UNEXPLAINED_STATUS:
                raise
        answer = self._client.get_object(**wanted)
        answer["Body"].close()
        return answer

    def _fetch(
        self,
        wanted: dict[str, str],
        max_bytes: int,
        pace: Pace,
        keep: Callable[[bytes], object],
    ) -> None:
        try:
            answer = self._client.get_object(**wanted)
            with answer["Body"] as raw:
                _pass_on(raw, answer.get("ContentLength"), max_bytes, pace, keep)
        except ObjectError:
            raise
        except Exception as error:
            raise _translated(error) from error


def _wanted(bucket: str, key: str, version: str | None) -> dict[str, str]:
    check_names(bucket, key, version)
    if bucket.endswith(_SPECIAL_BUCKETS):
        raise ObjectNotFoundError
    wanted = {"Bucket": bucket, "Key": key}
    return wanted if version is None else wanted | {"VersionId": version}


def _told(where: ObjectFolder, entries: Sequence[Any], name: str) -> tuple[str, ...]:
    """What lies where was asked, whatever else a store says; not the folder itself."""
    names = [str(each.get(name, "")) for each in entries[:MOST_NAMES]]
    return tuple(
        each
        for each in names
        if each.startswith(where.folder + where.beginning)
        and each != where.folder
        and can_be_asked_for(where.bucket, each)
    )


def _pass_on(
    raw: Any, length: int | None, max_bytes: int, pace: Pace, keep: Callable[[bytes], object]
) -> None:
    if length is not None and length > max_bytes:
        raise ObjectTooLargeError(max_bytes)
    count = 0
    for chunk in received(raw, max_bytes + 1, pace):
        count += len(chunk)
        if count > max_bytes:
            raise ObjectTooLargeError(max_bytes)
        keep(chunk)
    if length is not None and count < length:
        raise ObjectStoreError("the object store broke off in the middle of the object")


def _kept(step: Callable[[], Any]) -> Any:
    """What a step of writing the temporary file returns; its errors are not the store's."""
    try:
        return step()
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise ObjectStoreError(f"a stored object cannot be fetched to disk: {said}") from error


def _status(error: Exception) -> int | None:
    answer = getattr(error, "response", None)
    if not isinstance(answer, dict):
        return None
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status if isinstance(status, int) else None


def _unwritten(error: Exception) -> ObjectError:
    status, code = _status(error), _code(error)
    lasting = status is not None and 400 <= status < 500 and status not in _LATER_STATUS
    if not lasting or is_of_credentials(code) or "throttl" in code.lower():
        return _translated(error)
    return ObjectRefusedError(f"the object store answered {status}{_said(code, status)}")


def _translated(error: Exception) -> ObjectError:
    if isinstance(error, StrayRequestError):
        return ObjectNotFoundError()
    if isinstance(error, RedirectError):
        return ObjectStoreError("the object store answered with a redirect")
    if isinstance(error, SlowAnswerError):
        return ObjectStoreError("the object store took too long")
    status = _status(error)
    if status is None:
        return ObjectStoreError(f"the object store cannot be used: {type(error).__name__}")
    return _refusal(_code(error), status)


def _refusal(code: str, status: int) -> ObjectError:
    if is_of_credentials(code):
        return ObjectStoreError(f"the object store does not take this server's requests: {code}")
    if code in _ABSENT or status in _ABSENT_STATUS:
        return ObjectNotFoundError()
    return ObjectStoreError(f"the object store answered {status}{_said(code, status)}")


def _code(error: Exception) -> str:
    answer = getattr(error, "response", None)
    return str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, dict) else ""


def _said(code: str, status: int | None) -> str:
    return f" {code}" if _SPEAKABLE.fullmatch(code) and code != str(status) else ""
