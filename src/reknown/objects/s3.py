"""Stored pictures from a server that speaks S3: MinIO, Ceph, Garage, Amazon.

boto3 signs and retries. What it does beyond that is reined in, because bucket names come from
strangers and it follows some of them: names of the form of Outposts access points make it
leave the configured endpoint for amazonaws.com, names of directory buckets make it ask for
session credentials, and an endpoint that answers with redirects makes it ask again and again.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reknown.biometrics.errors import InputError
from reknown.objects.base import check_names
from reknown.objects.errors import (
    ObjectError,
    ObjectNotFoundError,
    ObjectStoreError,
    ObjectTooLargeError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_ATTEMPTS = 2
_CONNECTIONS = 50
_CHUNK = 64 * 1024
_ERROR_PAGE = 64 * 1024
_SPECIAL_BUCKETS = ("--x-s3", "--xa-s3", "--op-s3")
_SPEAKABLE = re.compile(r"[0-9A-Za-z.]{1,64}")
_ABSENT_STATUS = {403, 404, 405}
_ABSENT = {
    "AccessDenied",
    "InvalidArgument",
    "InvalidBucketName",
    "KeyTooLongError",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchVersion",
}
# These say nothing about the object, only that the server is set up wrongly.
_REFUSED = {
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
}


@dataclass(frozen=True, slots=True)
class S3Timeouts:
    """Seconds: to connect, for each wait for the store, and for a whole body."""

    connect: float = 3.0
    read: float = 10.0
    body: float = 30.0


class S3Objects:
    """Reads objects from one S3 endpoint, with the bucket in the path.

    Without `access_key_id` and `secret`, credentials are found as boto3 finds them: in the
    environment, in its profiles, on the machine. Safe to use from several threads.

    Raises `InputError` when boto3 is missing or the arguments make no sense.
    """

    __slots__ = ("_client", "_timeouts")

    def __init__(
        self,
        endpoint: str,
        region: str,
        access_key_id: str | None = None,
        secret: str | None = None,
        timeouts: S3Timeouts = S3Timeouts(),
    ) -> None:
        origin = _endpoint_origin(endpoint)
        if (access_key_id is None) != (secret is None):
            raise InputError("S3 needs both an access key id and a secret, or neither")
        if not region:
            raise InputError("S3 needs a region: us-east-1 suits most stores")
        self._client = _client(endpoint, region, access_key_id, secret, timeouts)
        self._timeouts = timeouts
        guard = _Guard(self._client, origin, timeouts.body)
        self._client.meta.events.register_last("before-send.s3", guard.send)

    def read(self, bucket: str, key: str, version: str | None, max_bytes: int) -> bytes:
        """The bytes of an object, `max_bytes` at most.

        Raises `ObjectNotFoundError` also when the store denies access, `ObjectTooLargeError`,
        or `ObjectStoreError` when the store is unreachable, broken or too slow, or does not
        take this server's credentials.
        """
        check_names(bucket, key, version)
        if bucket.endswith(_SPECIAL_BUCKETS):
            raise ObjectNotFoundError
        wanted = {"Bucket": bucket, "Key": key}
        if version is not None:
            wanted["VersionId"] = version
        try:
            answer = self._client.get_object(**wanted)
            with answer["Body"] as raw:
                return _body(raw, answer.get("ContentLength"), max_bytes, self._timeouts.body)
        except ObjectError:
            raise
        except Exception as error:
            raise _translated(error) from error

    def close(self) -> None:
        """Closes the connections that are kept for reuse."""
        self._client.close()


class _Guard:
    """Sends requests to the endpoint and nowhere else, and believes no redirect."""

    __slots__ = ("_origin", "_seconds", "_session")

    def __init__(self, client: Any, origin: tuple[str, str, int | None], seconds: float) -> None:
        # The only way to an answer before botocore has read all of an error page.
        self._session = client._endpoint.http_session
        self._origin = origin
        self._seconds = seconds

    def send(self, request: Any, **_: Any) -> Any:
        if _origin(request.url) != self._origin:
            raise ObjectNotFoundError
        answer = self._session.send(request)
        if answer.status_code >= 300:
            with answer.raw as raw:
                if answer.status_code < 400:
                    raise ObjectStoreError("the object store answered with a redirect")
                answer.raw = _ErrorPage(_drained(raw, _ERROR_PAGE, self._seconds))
        return answer


@dataclass(frozen=True, slots=True)
class _ErrorPage:
    """The start of an error page, in the form that botocore reads."""

    content: bytes

    def stream(self) -> Iterator[bytes]:
        yield self.content


def _client(
    endpoint: str,
    region: str,
    access_key_id: str | None,
    secret: str | None,
    timeouts: S3Timeouts,
) -> Any:
    try:
        # boto3 is large and only needed by those who use S3.
        import boto3  # noqa: PLC0415
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415
    except ImportError as error:
        raise InputError("S3 needs boto3: pip install 'reknown[s3]'") from error
    try:
        # What a user's AWS profile may switch on is set, so that only the endpoint counts.
        config = Config(
            s3={"addressing_style": "path", "use_accelerate_endpoint": False},
            signature_version="s3v4",
            connect_timeout=timeouts.connect,
            read_timeout=timeouts.read,
            retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
            max_pool_connections=_CONNECTIONS,
            response_checksum_validation="when_required",
            use_dualstack_endpoint=False,
            use_fips_endpoint=False,
        )
        session = boto3.session.Session(
            aws_access_key_id=access_key_id, aws_secret_access_key=secret
        )
        return session.client("s3", region_name=region, endpoint_url=endpoint, config=config)
    except (BotoCoreError, ValueError) as error:
        raise InputError(f"S3 cannot be set up: {error}") from error


def _endpoint_origin(endpoint: str) -> tuple[str, str, int | None]:
    """Refuses what is no plain address, without repeating a password that it may hold."""
    try:
        parts = urlsplit(endpoint)
        origin = _origin(endpoint)
    except ValueError as error:
        raise InputError("the S3 endpoint is not an address like https://host:9000") from error
    extra = parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in {"http", "https"} or not parts.hostname or extra:
        raise InputError("the S3 endpoint is not an address like https://host:9000")
    return origin


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port


def _body(raw: Any, length: int | None, max_bytes: int, seconds: float) -> bytes:
    if length is not None and length > max_bytes:
        raise ObjectTooLargeError(max_bytes)
    data = _drained(raw, max_bytes + 1, seconds)
    if len(data) > max_bytes:
        raise ObjectTooLargeError(max_bytes)
    if length is not None and len(data) < length:
        raise ObjectStoreError("the object store broke off in the middle of the object")
    return data


def _drained(raw: Any, limit: int, seconds: float) -> bytes:
    """At most `limit` bytes of a body, whatever it says about its length."""
    deadline = time.monotonic() + seconds
    data = bytearray()
    # read1, because read would wait for a full chunk from a store that sends byte by byte.
    while len(data) < limit and (chunk := raw.read1(min(_CHUNK, limit - len(data)))):
        data += chunk
        if time.monotonic() > deadline:
            raise ObjectStoreError(f"the object store took more than {seconds:g} s")
    return bytes(data)


def _translated(error: Exception) -> ObjectError:
    answer = getattr(error, "response", None)
    if not isinstance(answer, dict):
        return ObjectStoreError(f"the object store cannot be read: {type(error).__name__}")
    code = str(answer.get("Error", {}).get("Code", ""))
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if code in _REFUSED:
        return ObjectStoreError(f"the object store does not take this server's requests: {code}")
    if code in _ABSENT or status in _ABSENT_STATUS:
        return ObjectNotFoundError()
    said = f" {code}" if _SPEAKABLE.fullmatch(code) and code != str(status) else ""
    return ObjectStoreError(f"the object store answered {status}{said}")
