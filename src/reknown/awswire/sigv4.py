"""Signature Version 4 in the Authorization header: is the sender who it says it is?

Follows https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
and, where that leaves a choice, botocore's own signer. All functions are pure: the caller
brings the clock and looks up the secret between `read_authorization`, which needs no body,
and `verify`. Whatever bytes a stranger sends, the only exception is `WireError`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from reknown.awswire.errors import WireError

_ALGORITHM = "AWS4-HMAC-SHA256"
_TERMINATOR = "aws4_request"
_UNSIGNED = b"UNSIGNED-PAYLOAD"
_TIME = "%Y%m%dT%H%M%SZ"
_TIME_FORM = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_HEADER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_SKEW = timedelta(minutes=5)
_PARTS = ("Credential", "SignedHeaders", "Signature")
# What decides on the meaning of a request has to be signed, else it could be exchanged. The
# content type does not: a body is read as AWS JSON 1.1 whatever is said of it. Some SDKs send it
# and leave it out of their signatures.
_ALWAYS_SIGNED = ("host", "x-amz-date")
_SIGNED_IF_SENT = ("x-amz-target", "x-reknown-purpose", "x-reknown-approval")
# A proxy that passes a body on in chunks drops the length that was signed; the body still has it.
_LENGTH = "content-length"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """The head of a request as it came over the wire.

    `path` and `query` are still percent-encoded and stand apart; `headers` have lower-case
    names, in the order of the wire, repeated where they were repeated.
    """

    method: str
    path: bytes
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]

    def values(self, name: str) -> list[bytes]:
        """Every value of a header, none if it was not sent."""
        wanted = name.encode("ascii")
        return [value for header, value in self.headers if header == wanted]


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a signature claims; `date` is YYYYMMDD, `signed_at` UTC."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    signed_at: datetime


def unknown_key() -> WireError:
    """What to raise for an access key that does not exist."""
    return WireError(
        "UnrecognizedClientException", "The security token included in the request is invalid."
    )


def read_authorization(request: HttpRequest, service: str, now: datetime) -> Authorization:
    """All that can be said of a signature before the key is looked up and the body read.

    `now` is an aware time. Any region is accepted.

    Raises `WireError`: MissingAuthenticationTokenException without the header,
    IncompleteSignatureException when a part is missing or malformed or one of host, x-amz-date
    and x-amz-target is not signed, InvalidSignatureException for another service's scope, another
    day's scope, and more than five minutes between the two clocks.
    """
    parts = _header_parts(request)
    access_key_id, date, region, scoped_service, terminator = _credential(parts["Credential"])
    if (scoped_service, terminator) != (service, _TERMINATOR):
        raise _invalid(f"Credential should be scoped to '{service}/{_TERMINATOR}'.")
    signed_headers = _signed_headers(parts["SignedHeaders"], request)
    signed_at = _signing_time(request)
    if date != f"{signed_at:%Y%m%d}":
        raise _invalid("Date in Credential scope does not match the date of X-Amz-Date.")
    _check_clock(signed_at, now.astimezone(UTC).replace(microsecond=0))
    return Authorization(
        access_key_id, date, region, service, signed_headers, parts["Signature"], signed_at
    )


def verify(
    authorization: Authorization,
    request: HttpRequest,
    body: bytes,
    secret: str,
    *,
    secure: bool = False,
) -> None:
    """Checks that the owner of `secret` signed this request with this body.

    `secure` says that the connection is encrypted: only then may the body be unsigned.

    Raises `WireError` InvalidSignatureException.
    """
    payload = _payload_hash(request, body, secure)
    canonical = _canonical_request(_with_length(request, body), authorization, payload)
    expected = _signature(authorization, canonical, secret)
    # As bytes: compare_digest refuses text that is not ASCII.
    if not hmac.compare_digest(expected.encode(), authorization.signature.encode()):
        raise _invalid(
            "The request signature we calculated does not match the signature you provided. "
            "Check your secret access key and signing method."
        )


def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key of one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, _TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _header_parts(request: HttpRequest) -> dict[str, str]:
    values = request.values("authorization")
    if not values:
        raise WireError("MissingAuthenticationTokenException", "Missing Authentication Token")
    if len(values) > 1 or not values[0].isascii():
        raise _incomplete("There has to be one Authorization header, of ASCII characters.")
    algorithm, _, rest = values[0].decode("ascii").strip().partition(" ")
    if algorithm != _ALGORITHM:
        raise _incomplete(f"The Authorization header has to begin with '{_ALGORITHM}'.")
    pairs = [part.strip().partition("=") for part in rest.split(",")]
    parts = {name: value for name, _, value in pairs}
    for name in _PARTS:
        if not parts.get(name):
            raise _incomplete(f"Authorization header requires '{name}' parameter.")
    if len(pairs) != len(_PARTS):
        raise _incomplete(f"Authorization header takes {', '.join(_PARTS)}, each once.")
    return parts


def _credential(text: str) -> list[str]:
    parts = text.split("/")
    if len(parts) != 5 or not all(parts):
        raise _incomplete("Credential has to be <key>/<date>/<region>/<service>/aws4_request.")
    return parts


def _signed_headers(text: str, request: HttpRequest) -> tuple[str, ...]:
    names = tuple(text.split(";"))
    if not all(_HEADER_NAME.fullmatch(name) for name in names):
        raise _incomplete("SignedHeaders has to be lower-case header names between semicolons.")
    if list(names) != sorted(set(names)):
        raise _incomplete("SignedHeaders has to be sorted, each name once.")
    sent = {header for header, _ in request.headers}
    required = [*_ALWAYS_SIGNED, *(name for name in _SIGNED_IF_SENT if name.encode() in sent)]
    for name in required:
        if name not in names:
            raise _incomplete(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    for name in names:
        if name.encode() not in sent and name != _LENGTH:
            raise _incomplete(f"'{name}' is in SignedHeaders but not in the request.")
    return names


def _signing_time(request: HttpRequest) -> datetime:
    values = request.values("x-amz-date")
    text = values[0].decode("latin-1").strip()
    if len(values) > 1 or not _TIME_FORM.fullmatch(text):
        raise _incomplete("X-Amz-Date has to be one time as 20301231T235959Z.")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise _incomplete("X-Amz-Date has to be a time that exists.") from error


def _check_clock(signed_at: datetime, now: datetime) -> None:
    if signed_at < now - _SKEW:
        raise _invalid(
            f"Signature expired: {signed_at:{_TIME}} is now earlier than "
            f"{now - _SKEW:{_TIME}} ({now:{_TIME}} - 5 min.)"
        )
    if signed_at > now + _SKEW:
        raise _invalid(
            f"Signature not yet current: {signed_at:{_TIME}} is still later than "
            f"{now + _SKEW:{_TIME}} ({now:{_TIME}} + 5 min.)"
        )


def _payload_hash(request: HttpRequest, body: bytes, secure: bool) -> bytes:
    """The body's hash as it was signed: SHA-256 in hex, or that there is none."""
    declared = request.values("x-amz-content-sha256")
    if declared == [_UNSIGNED] and secure:
        return _UNSIGNED
    actual = hashlib.sha256(body).hexdigest().encode()
    if declared not in ([], [actual]):
        raise _invalid("X-Amz-Content-SHA256 is not the hash of the request's body.")
    return actual


def _with_length(request: HttpRequest, body: bytes) -> HttpRequest:
    """The request with its body's length, if it came without."""
    if request.values(_LENGTH):
        return request
    length = (_LENGTH.encode(), b"%d" % len(body))
    return replace(request, headers=(*request.headers, length))


def _canonical_request(request: HttpRequest, authorization: Authorization, payload: bytes) -> bytes:
    signed_headers = authorization.signed_headers
    lines = [
        request.method.upper().encode(),
        _canonical_path(request.path),
        _canonical_query(request.query),
        *(_canonical_header(name, request) for name in signed_headers),
        b"",
        ";".join(signed_headers).encode(),
        payload,
    ]
    return b"\n".join(lines)


def _canonical_path(path: bytes) -> bytes:
    """The path without dot and empty segments, percent-encoded once more."""
    segments: list[bytes] = []
    for segment in path.split(b"/"):
        if segment == b"..":
            segments[-1:] = []
        elif segment not in (b"", b"."):
            segments.append(segment)
    last = b"/" if segments and path.endswith(b"/") else b""
    return quote(b"/" + b"/".join(segments) + last, safe="/~").encode()


def _canonical_query(query: bytes) -> bytes:
    if not query:
        return b""
    pairs = sorted(pair.partition(b"=")[::2] for pair in query.split(b"&"))
    return b"&".join(name + b"=" + value for name, value in pairs)


def _canonical_header(name: str, request: HttpRequest) -> bytes:
    values = (b" ".join(value.split()) for value in request.values(name))
    return name.encode() + b":" + b",".join(values)


def _signature(authorization: Authorization, canonical: bytes, secret: str) -> str:
    date, region, service = authorization.date, authorization.region, authorization.service
    to_sign = "\n".join(
        (
            _ALGORITHM,
            f"{authorization.signed_at:{_TIME}}",
            f"{date}/{region}/{service}/{_TERMINATOR}",
            hashlib.sha256(canonical).hexdigest(),
        )
    )
    key = signing_key(secret, date, region, service)
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _incomplete(message: str) -> WireError:
    return WireError("IncompleteSignatureException", message)


def _invalid(message: str) -> WireError:
    return WireError("InvalidSignatureException", message)
