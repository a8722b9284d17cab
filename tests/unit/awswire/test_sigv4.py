from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest import mock
from urllib.parse import urlsplit

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import assume, given
from hypothesis import strategies as st

from reknown.awswire.errors import WireError
from reknown.awswire.sigv4 import (
    HttpRequest,
    read_authorization,
    signing_key,
    unknown_key,
    verify,
)

NOW = datetime(2026, 11, 3, 23, 58, 30, tzinfo=UTC)
KEY = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SERVICE = "rekognition"
HEADERS = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": "RekognitionService.ListCollections",
}


def signed(
    url: str = "http://localhost:8080/",
    body: bytes = b"{}",
    headers: dict[str, str] = HEADERS,
    region: str = "eu-central-1",
    service: str = SERVICE,
    at: datetime = NOW,
    token: str | None = None,
) -> HttpRequest:
    """What botocore sends."""
    request = AWSRequest("POST", url, data=body, headers=headers)
    request.headers["Host"] = urlsplit(url).netloc
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=at):
        SigV4Auth(Credentials(KEY, SECRET, token), service, region).add_auth(request)
    return HttpRequest(
        method="POST",
        path=urlsplit(url).path.encode(),
        query=urlsplit(url).query.encode(),
        headers=tuple(
            (name.lower().encode(), value.encode()) for name, value in request.headers.items()
        ),
    )


def check(
    request: HttpRequest, body: bytes = b"{}", *, now: datetime = NOW, secret: str = SECRET
) -> None:
    verify(read_authorization(request, SERVICE, now), request, body, secret)


def refused(request: HttpRequest, body: bytes = b"{}", now: datetime = NOW) -> str:
    with pytest.raises(WireError) as caught:
        check(request, body, now=now)
    return caught.value.code


def with_header(request: HttpRequest, name: str, value: bytes | None) -> HttpRequest:
    """The request with another value of a header, or without it."""
    rest = tuple(pair for pair in request.headers if pair[0] != name.encode())
    return replace(request, headers=rest if value is None else (*rest, (name.encode(), value)))


def with_authorization(request: HttpRequest, old: str, new: str) -> HttpRequest:
    [value] = request.values("authorization")
    assert old.encode() in value
    return with_header(request, "authorization", value.replace(old.encode(), new.encode()))


def test_the_signing_key_is_that_of_amazons_documentation() -> None:
    # https://docs.aws.amazon.com/general/latest/gr/signature-v4-examples.html
    key = signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20120215", "us-east-1", "iam")
    assert key.hex() == "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"


def test_what_a_signature_claims() -> None:
    found = read_authorization(signed(), SERVICE, NOW)
    assert (found.access_key_id, found.date, found.region) == (KEY, "20261103", "eu-central-1")
    assert found.signed_headers == ("content-type", "host", "x-amz-date", "x-amz-target")
    assert found.signed_at == NOW
    assert found.service == SERVICE


SEGMENT = st.text("abcXYZ019-_.~!$&'()*+,;=:@%2F", max_size=6)


@given(
    path=st.lists(SEGMENT, max_size=5),
    query=st.lists(st.tuples(SEGMENT, SEGMENT), max_size=4),
    body=st.binary(max_size=200),
    region=st.sampled_from(["us-east-1", "eu-central-1", "nowhere", "cn-north-1"]),
    extra=st.dictionaries(
        st.from_regex(r"x-[a-z0-9-]{1,8}z", fullmatch=True),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
        max_size=3,
    ),
    token=st.none() | st.just("session/token=="),
)
def test_whatever_botocore_signs_is_accepted(
    path: list[str],
    query: list[tuple[str, str]],
    body: bytes,
    region: str,
    extra: dict[str, str],
    token: str | None,
) -> None:
    pairs = "&".join(f"{name}={value}" for name, value in query)
    url = f"http://localhost:8080/{'/'.join(path)}" + (f"?{pairs}" if pairs else "")
    request = signed(url, body, region=region, token=token, headers={**HEADERS, **extra})
    check(request, body)


@pytest.mark.parametrize(
    "path", ["", "/", "/rekognition/v1/", "/a//b/./c/../d", "/a%20b/%7Ec", "/.."]
)
def test_paths(path: str) -> None:
    check(signed(f"http://localhost{path}"))


@given(data=st.data(), body=st.binary(min_size=1, max_size=100))
def test_no_bit_of_the_body_can_be_changed(data: st.DataObject, body: bytes) -> None:
    request = signed(body=body)
    place = data.draw(st.integers(0, len(body) * 8 - 1))
    changed = bytearray(body)
    changed[place // 8] ^= 1 << place % 8
    assert refused(request, bytes(changed)) == "InvalidSignatureException"


@given(data=st.data())
def test_no_bit_of_the_signed_part_can_be_changed(data: st.DataObject) -> None:
    request = signed()
    authorization = read_authorization(request, SERVICE, NOW)
    names = [*authorization.signed_headers, "authorization"]
    name = data.draw(st.sampled_from(names))
    value = bytearray(request.values(name)[0])
    place = data.draw(st.integers(0, len(value) * 8 - 1))
    value[place // 8] ^= 1 << place % 8
    forged = with_header(request, name, bytes(value))
    # Another key id is for the caller to notice: it has another secret, or none.
    assume(name != "authorization" or f"Credential={KEY}/".encode() in value)
    assert refused(forged) in {"InvalidSignatureException", "IncompleteSignatureException"}


def test_a_repeated_signed_header_is_joined() -> None:
    request = signed(headers={**HEADERS, "x-thing": "a,b"})
    rest = with_header(request, "x-thing", None).headers
    check(replace(request, headers=(*rest, (b"x-thing", b" a "), (b"x-thing", b"b"))))
    assert (
        refused(replace(request, headers=(*request.headers, (b"x-thing", b"c"))))
        == "InvalidSignatureException"
    )


def test_the_method_the_path_and_the_query_are_signed() -> None:
    request = signed("http://localhost/a?b=1&c=2")
    check(replace(request, query=b"c=2&b=1"))
    for forged in (
        replace(request, method="PUT"),
        replace(request, path=b"/b"),
        replace(request, query=b"b=1"),
    ):
        assert refused(forged) == "InvalidSignatureException"


def test_the_secret_decides() -> None:
    with pytest.raises(WireError, match="does not match"):
        check(signed(), secret=SECRET + "x")


def test_another_region_day_or_service() -> None:
    request = signed()
    assert (
        refused(with_authorization(request, "eu-central-1", "us-east-1"))
        == "InvalidSignatureException"
    )
    assert refused(with_authorization(request, "20261103", "20261104")) == (
        "InvalidSignatureException"
    )
    assert refused(signed(service="s3")) == "InvalidSignatureException"
    assert refused(with_authorization(request, "aws4_request", "aws5_request")) == (
        "InvalidSignatureException"
    )
    assert refused(with_authorization(signed(service="s3"), "/s3/", f"/{SERVICE}/")) == (
        "InvalidSignatureException"
    )


@pytest.mark.parametrize("minutes", [-1, 1])
def test_five_minutes_of_skew(minutes: int) -> None:
    request = signed()
    limit = NOW + minutes * timedelta(minutes=5)
    check(request, now=limit)
    beyond = limit + minutes * timedelta(seconds=1)
    assert refused(request, now=beyond) == "InvalidSignatureException"


def test_skew_names_both_times() -> None:
    with pytest.raises(WireError) as late:
        check(signed(), now=NOW + timedelta(minutes=6))
    assert late.value.message == (
        "Signature expired: 20261103T235830Z is now earlier than 20261103T235930Z "
        "(20261104T000430Z - 5 min.)"
    )
    with pytest.raises(WireError) as early:
        check(signed(), now=NOW - timedelta(minutes=6))
    assert early.value.message.startswith("Signature not yet current: 20261103T235830Z is still")


@pytest.mark.parametrize("name", ["host", "x-amz-date", "x-amz-target"])
def test_what_has_to_be_signed(name: str) -> None:
    request = signed()
    names = ";".join(read_authorization(request, SERVICE, NOW).signed_headers)
    without = ";".join(part for part in names.split(";") if part != name)
    assert refused(with_authorization(request, names, without)) == "IncompleteSignatureException"


def test_a_content_type_may_be_sent_unsigned() -> None:
    target = {"X-Amz-Target": HEADERS["X-Amz-Target"]}
    request = with_header(signed(headers=target), "content-type", b"application/x-amz-json-1.1")
    check(request)
    assert refused(request, b"{} ") == "InvalidSignatureException"


def test_a_content_type_that_is_signed_is_checked() -> None:
    forged = with_header(signed(), "content-type", b"application/json")
    assert refused(forged) == "InvalidSignatureException"


def test_an_exchanged_operation_that_was_not_signed_is_refused() -> None:
    request = signed(headers={})
    check(request)
    forged = with_header(request, "x-amz-target", b"RekognitionService.DeleteCollection")
    assert refused(forged) == "IncompleteSignatureException"


def test_headers_that_are_not_signed_may_be_added_by_a_proxy() -> None:
    check(with_header(signed(), "x-forwarded-for", b"10.0.0.1"))


def test_a_signed_header_that_is_missing() -> None:
    request = signed(headers={**HEADERS, "x-thing": "a"})
    assert refused(with_header(request, "x-thing", None)) == "IncompleteSignatureException"


def test_a_length_that_a_proxy_dropped_is_that_of_the_body() -> None:
    request = signed(headers={**HEADERS, "Content-Length": "2"})
    assert "content-length" in read_authorization(request, SERVICE, NOW).signed_headers
    without = with_header(request, "content-length", None)
    check(without)
    assert refused(without, b"{} ") == "InvalidSignatureException"
    assert refused(with_header(request, "content-length", b"3")) == "InvalidSignatureException"
    lied = with_header(signed(headers={**HEADERS, "Content-Length": "3"}), "content-length", None)
    assert refused(lied) == "InvalidSignatureException"


def test_no_authorization_at_all() -> None:
    request = with_header(signed(), "authorization", None)
    assert refused(request) == "MissingAuthenticationTokenException"


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Bearer abc",
        b"AWS4-HMAC-SHA256",
        b"AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=b",
        b"AWS4-HMAC-SHA256 Credential=a/20261103//rekognition/aws4_request, "
        b"SignedHeaders=host, Signature=b",
        b"AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host;x-amz-date",
        b"AWS4-HMAC-SHA256 \xff\xfe",
    ],
)
def test_malformed_headers(value: bytes) -> None:
    assert refused(with_header(signed(), "authorization", value)) == "IncompleteSignatureException"


@pytest.mark.parametrize(
    "names", ["x-amz-date;host", "host;host;x-amz-date", "Host;x-amz-date", "host;;x-amz-date"]
)
def test_signed_headers_in_another_form(names: str) -> None:
    request = signed(headers={})
    assert refused(with_authorization(request, "host;x-amz-date", names)) == (
        "IncompleteSignatureException"
    )


def test_two_authorizations_two_dates_and_repeated_parts() -> None:
    request = signed()
    [value] = request.values("authorization")
    twice = replace(request, headers=(*request.headers, (b"authorization", value)))
    assert refused(twice) == "IncompleteSignatureException"
    two_dates = replace(request, headers=(*request.headers, (b"x-amz-date", b"20261103T235830Z")))
    assert refused(two_dates) == "IncompleteSignatureException"
    repeated = with_header(request, "authorization", value + b", Signature=0")
    assert refused(repeated) == "IncompleteSignatureException"


@pytest.mark.parametrize(
    "date", [b"", b"20261103", b"20261332T000000Z", b"\xff", b"00000101T000000Z"]
)
def test_impossible_dates(date: bytes) -> None:
    assert refused(with_header(signed(), "x-amz-date", date)) == "IncompleteSignatureException"


def test_a_declared_hash_has_to_be_that_of_the_body() -> None:
    empty_object = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    request = signed(headers={**HEADERS, "X-Amz-Content-SHA256": empty_object})
    check(request)
    assert refused(request, b'{"a":1}') == "InvalidSignatureException"
    assert (
        refused(signed(headers={**HEADERS, "X-Amz-Content-SHA256": "0" * 64}))
        == "InvalidSignatureException"
    )


def test_an_unsigned_body_needs_an_encrypted_connection() -> None:
    request = signed(headers={**HEADERS, "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    authorization = read_authorization(request, SERVICE, NOW)
    verify(authorization, request, b"anything", SECRET, secure=True)
    with pytest.raises(WireError) as caught:
        verify(authorization, request, b"{}", SECRET)
    assert caught.value.code == "InvalidSignatureException"


def test_unknown_keys_are_told_as_amazon_tells_them() -> None:
    assert unknown_key().code == "UnrecognizedClientException"
    assert unknown_key().message == "The security token included in the request is invalid."


@given(
    path=st.binary(max_size=20),
    query=st.binary(max_size=20),
    headers=st.lists(
        st.tuples(
            st.sampled_from([b"host", b"x-amz-date", b"authorization", b"x-amz-content-sha256"])
            | st.binary(max_size=10),
            st.binary(max_size=40) | st.just(b"20261103T235830Z"),
        ),
        max_size=6,
    ),
    credential=st.binary(max_size=60) | st.just(b"a/20261103/b/rekognition/aws4_request"),
    names=st.binary(max_size=30) | st.just(b"host;x-amz-date"),
    signature=st.binary(max_size=70),
)
def test_garbage_never_raises_anything_else(
    path: bytes,
    query: bytes,
    headers: list[tuple[bytes, bytes]],
    credential: bytes,
    names: bytes,
    signature: bytes,
) -> None:
    value = b"AWS4-HMAC-SHA256 Credential=%b, SignedHeaders=%b, Signature=%b"
    pairs = (
        (b"host", b"\xff  \xfe"),
        (b"x-amz-date", b"20261103T235830Z"),
        (b"authorization", value % (credential, names, signature)),
    )
    for complete in (tuple(headers), (*headers, pairs[2]), pairs):
        request = HttpRequest("POST", path, query, complete)
        with pytest.raises(WireError):
            check(request, b"\xff")
