from __future__ import annotations

import gc
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import repeat
from typing import TYPE_CHECKING, Any

import pytest

from moto_server import KEY_ID, SECRET
from reknown.biometrics.errors import (
    InputError,
    ObjectError,
    ObjectNotFoundError,
    ObjectStoreError,
    ObjectTooLargeError,
)
from reknown.objects.s3 import S3Objects
from unit.objects.servers import (
    BUCKET,
    HASTY,
    Answering,
    dripping,
    listening,
    s3_objects,
    serving,
    silent,
)

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 1000
OUTPOST = "x-accessp-o0b1d075431d83bebde8xz5w8ijx1qzlbp3i3kuse10--op-s3"


def read_from(answering: Answering, key: str = "k", limit: int = LIMIT) -> bytes:
    with serving(answering), closing(s3_objects(answering.endpoint, HASTY)) as objects:
        return objects.read(BUCKET, key, None, limit)


def test_objects_are_read(bucket: Any, store: S3Objects) -> None:
    bucket.put_object(Key="a/b.jpg", Body=b"image")
    bucket.put_object(Key="empty", Body=b"")
    assert store.read(BUCKET, "a/b.jpg", None, LIMIT) == b"image"
    assert store.read(BUCKET, "empty", None, LIMIT) == b""


@pytest.mark.parametrize(
    "key",
    [
        "é/ü.jpg",
        "a b+c",
        "%2f..%2f",
        "%2e%2e",
        "a//b",
        "//a",
        "a?b#c&d=e",
        "a\\b",
        "...",
        "*'~(",
        "😀",
        "k" * 1024,
    ],
)
def test_odd_keys_come_through_as_they_are(bucket: Any, store: S3Objects, key: str) -> None:
    bucket.put_object(Key=key, Body=key.encode())
    assert store.read(BUCKET, key, None, 2000) == key.encode()


@pytest.mark.parametrize(
    "key", ["../images/a", "a/..", ".", "a/./b", "\0", "\ud800", "", "k" * 1025]
)
def test_keys_that_lead_elsewhere_are_not_asked_for(key: str) -> None:
    answering = Answering()
    with pytest.raises(ObjectNotFoundError):
        read_from(answering, key)
    assert answering.asked == []


def test_versions(bucket: Any, store: S3Objects) -> None:
    first = bucket.put_object(Key="k", Body=b"first").version_id
    second = bucket.put_object(Key="k", Body=b"second").version_id
    assert store.read(BUCKET, "k", None, LIMIT) == b"second"
    assert store.read(BUCKET, "k", first, LIMIT) == b"first"
    bucket.Object("k").delete()
    assert store.read(BUCKET, "k", second, LIMIT) == b"second"
    with pytest.raises(ObjectNotFoundError):
        store.read(BUCKET, "k", None, LIMIT)
    marker = next(one for one in bucket.object_versions.all() if one.id not in {first, second})
    for version in ("unknown", "", marker.id, "a/../b", "x&versionId=" + first):
        with pytest.raises(ObjectNotFoundError):
            store.read(BUCKET, "k", version, LIMIT)


def test_what_is_missing_is_not_found(bucket: Any, store: S3Objects) -> None:
    for name, key in ((BUCKET, "missing"), ("no-such-bucket", "k"), ("UPPER_case", "k")):
        with pytest.raises(ObjectNotFoundError) as caught:
            store.read(name, key, None, LIMIT)
        assert str(caught.value) == str(ObjectNotFoundError())


def test_the_limit_is_exact(bucket: Any, store: S3Objects) -> None:
    bucket.put_object(Key="k", Body=b"x" * 100_000)
    assert len(store.read(BUCKET, "k", None, 100_000)) == 100_000
    with pytest.raises(ObjectTooLargeError, match="more than 99,999 bytes"):
        store.read(BUCKET, "k", None, 99_999)
    assert len(store.read(BUCKET, "k", None, 100_000)) == 100_000


def test_many_threads_share_one_client(bucket: Any, store: S3Objects) -> None:
    for number in range(8):
        bucket.put_object(Key=str(number), Body=str(number).encode() * 1000)

    def fetch(number: int) -> bool:
        return store.read(BUCKET, str(number % 8), None, LIMIT) == str(number % 8).encode() * 1000

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(fetch, range(200)))


def test_a_chunked_body_is_read() -> None:
    chunks = [b"3\r\nabc\r\n", b"2\r\nde\r\n", b"0\r\n\r\n"]
    answering = Answering(headers={"Transfer-Encoding": "chunked"}, chunks=chunks)
    assert read_from(answering) == b"abcde"


def test_an_endless_body_is_cut() -> None:
    endless: Any = repeat(b"x" * 65536, 1000)
    with pytest.raises(ObjectTooLargeError):
        read_from(Answering(headers={}, chunks=endless))


def test_a_body_longer_than_it_says_stops_where_it_said() -> None:
    assert read_from(Answering(headers={"Content-Length": "3"}, chunks=[b"x" * 5000])) == b"xxx"


def test_a_body_that_claims_too_much_is_not_waited_for() -> None:
    with pytest.raises(ObjectTooLargeError):
        read_from(Answering(headers={"Content-Length": str(10**12)}))


def test_a_compressed_body_is_not_unpacked() -> None:
    headers = {"Content-Encoding": "gzip", "Content-Length": "3"}
    assert read_from(Answering(headers=headers, chunks=[b"abc"])) == b"abc"


@pytest.mark.parametrize("length", ["10", "-5x", ""])
def test_a_body_that_ends_early_is_a_broken_store(length: str) -> None:
    with pytest.raises(ObjectStoreError):
        read_from(Answering(headers={"Content-Length": length}, chunks=[b"abc"]))


@pytest.mark.parametrize(
    "behave",
    [
        silent,
        lambda connection: None,
        lambda connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n"),
        dripping(b""),
        dripping(b"HTTP/1.1 200 OK\r\nX: "),
        dripping(b"HTTP/1.1 200 OK\r\n\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        dripping(b"HTTP/1.1 404 Not Found\r\n\r\n"),
    ],
)
def test_a_store_that_hangs_or_stammers_is_given_up(
    behave: Callable[[socket.socket], None],
) -> None:
    with listening(behave) as endpoint, closing(s3_objects(endpoint, HASTY)) as objects:
        with pytest.raises(ObjectStoreError) as caught:
            objects.read(BUCKET, "k", None, LIMIT)
        assert "127.0.0.1" not in str(caught.value)


def test_a_connection_that_is_used_again_drips_no_longer() -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        dripping(b"HTTP/1.1 200 OK\r\nX: ")(connection)

    with listening(behave) as endpoint, closing(s3_objects(endpoint, HASTY)) as objects:
        assert objects.read(BUCKET, "k", None, LIMIT) == b"x"
        with pytest.raises(ObjectStoreError, match="too long"):
            objects.read(BUCKET, "k", None, LIMIT)


def test_a_closed_port_is_a_store_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    objects = s3_objects(f"http://127.0.0.1:{port}", HASTY)
    with closing(objects), pytest.raises(ObjectStoreError) as caught:
        objects.read(BUCKET, "k", None, LIMIT)
    assert str(port) not in str(caught.value)


def page(code: str, extra: str = "") -> bytes:
    return f"<Error><Code>{code}</Code><Message>10.1.2.3</Message>{extra}</Error>".encode()


def failing(status: int, body: bytes, **headers: str) -> Answering:
    length = {"Content-Length": str(len(body))}
    return Answering(status=status, headers=length | headers, chunks=[body])


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, page("AccessDenied"), ObjectNotFoundError),
        (403, b"", ObjectNotFoundError),
        (404, page("NoSuchBucket"), ObjectNotFoundError),
        (404, b"<html>nothing here</html>", ObjectNotFoundError),
        (400, page("InvalidArgument"), ObjectNotFoundError),
        (405, page("MethodNotAllowed"), ObjectNotFoundError),
        (403, page("SignatureDoesNotMatch"), ObjectStoreError),
        (403, page("InvalidAccessKeyId"), ObjectStoreError),
        (403, page("RequestTimeTooSkewed"), ObjectStoreError),
        (400, b"<html>The plain HTTP request was sent to HTTPS port</html>", ObjectStoreError),
        (500, page("InternalError"), ObjectStoreError),
        (503, page("SlowDown"), ObjectStoreError),
        (500, page("&lt;script&gt; secret"), ObjectStoreError),
        (418, b"<<<", ObjectStoreError),
    ],
)
def test_what_a_store_answers(status: int, body: bytes, error: type[ObjectError]) -> None:
    answering = failing(status, body)
    with pytest.raises(error) as caught:
        read_from(answering)
    assert "10.1.2.3" not in str(caught.value)
    assert "script" not in str(caught.value)
    assert len(answering.asked) == (2 if status >= 500 else 1)


def test_an_endless_error_page_is_cut() -> None:
    endless: Any = repeat(b"x" * 65536, 1000)
    with pytest.raises(ObjectNotFoundError):
        read_from(Answering(status=404, headers={}, chunks=endless))


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308])
@pytest.mark.parametrize("region", [{}, {"x-amz-bucket-region": "eu-west-1"}])
def test_redirects_are_not_followed(status: int, region: dict[str, str]) -> None:
    with serving(Answering()) as elsewhere:
        answering = failing(status, b"", Location=f"{elsewhere.endpoint}/x", **region)
        with pytest.raises(ObjectStoreError, match="redirect"):
            read_from(answering)
    assert answering.asked == ["GET /images/k"]
    assert elsewhere.asked == []


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_redirect_that_urllib3_stumbles_over_is_not_followed() -> None:
    # On a 303 to another host urllib3 2.8 fails on botocore's headers, which are bytes, and
    # leaves its connection to the garbage collector.
    with serving(Answering()) as elsewhere:
        answering = failing(303, b"", Location=f"{elsewhere.endpoint}/x")
        with pytest.raises(ObjectStoreError):
            read_from(answering)
    gc.collect()
    assert set(answering.asked) == {"GET /images/k"}
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "PermanentRedirect"),
        (400, "IllegalLocationConstraintException"),
        (400, "AuthorizationHeaderMalformed"),
    ],
)
@pytest.mark.parametrize("region", ["eu-west-1", "@evil.example", ""])
def test_a_region_in_an_error_leads_to_no_other_host(status: int, code: str, region: str) -> None:
    with serving(Answering()) as elsewhere:
        extra = f"<Region>{region}</Region><Endpoint>{elsewhere.endpoint}</Endpoint>"
        answering = failing(status, page(code, extra))
        with pytest.raises(ObjectStoreError):
            read_from(answering)
    assert len(answering.asked) <= 4
    assert elsewhere.asked == []


def test_bucket_names_lead_to_no_other_host(monkeypatch: pytest.MonkeyPatch) -> None:
    answering = Answering()
    names = [OUTPOST, OUTPOST.replace("-o0", "-e0"), "abc--use1-az4--x-s3", "abc--use1-az4--xa-s3"]
    names += ["arn:aws:s3:us-east-1:123456789012:accesspoint/x", "host@evil.example"]
    with serving(answering), closing(s3_objects(answering.endpoint, HASTY)) as objects:
        for name in names:
            with pytest.raises(ObjectNotFoundError):
                objects.read(name, "k", None, LIMIT)
        assert answering.asked == []
        # The endpoint check holds by itself, too.
        monkeypatch.setattr("reknown.objects.s3._SPECIAL_BUCKETS", ("none of these",))
        for name in names[:2]:
            with pytest.raises(ObjectNotFoundError):
                objects.read(name, "k", None, LIMIT)
        assert answering.asked == []


@pytest.mark.parametrize("name", ["a.b.c", "127.0.0.1", "xn--abc", "x.mrap", "a-s3alias", "A_b"])
def test_the_bucket_stays_in_the_path(name: str) -> None:
    answering = Answering()
    with serving(answering), closing(s3_objects(answering.endpoint, HASTY)) as objects:
        assert objects.read(name, "k", None, LIMIT) == b""
    assert answering.asked == [f"GET /{name}/k"]


def test_credentials_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    answering = failing(403, page("SignatureDoesNotMatch"))
    with serving(answering), closing(s3_objects(answering.endpoint, HASTY)) as objects:
        with pytest.raises(ObjectStoreError) as caught:
            objects.read(BUCKET, "k", None, LIMIT)
        for text in (str(caught.value), repr(caught.value), repr(objects), str(objects)):
            assert SECRET not in text
            assert KEY_ID not in text


def test_without_credentials_the_environment_counts(
    moto: str, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put_object(Key="k", Body=b"image")
    objects = S3Objects(moto, "us-east-1")
    with closing(objects), pytest.raises(ObjectStoreError, match="NoCredentialsError"):
        objects.read(BUCKET, "k", None, LIMIT)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://192.0.2.1")
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    with closing(S3Objects(moto, "us-east-1")) as objects:
        assert objects.read(BUCKET, "k", None, LIMIT) == b"image"


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "host:9000",
        "ftp://host",
        "http://",
        "http://h:port",
        "http://[::1",
        "http://h?x",
        "http://h#x",
        "http://user:hidden@host",
    ],
)
def test_endpoints_that_make_no_sense(endpoint: str) -> None:
    with pytest.raises(InputError) as caught:
        s3_objects(endpoint)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("region", ["", "no region", "a/b", "@evil.example"])
def test_regions_that_make_no_sense(region: str) -> None:
    with pytest.raises(InputError, match=r"region|S3 cannot be set up"):
        S3Objects("http://127.0.0.1:1", region, KEY_ID, SECRET)


def test_half_of_the_credentials_is_refused() -> None:
    for key_id, secret in ((KEY_ID, None), (None, SECRET)):
        with pytest.raises(InputError, match="both") as caught:
            S3Objects("http://127.0.0.1:1", "us-east-1", key_id, secret)
        assert SECRET not in str(caught.value)


def test_an_unknown_profile_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(InputError, match="nobody"):
        S3Objects("http://127.0.0.1:1", "us-east-1")


@pytest.mark.parametrize("module", ["boto3", "botocore.config"])
def test_without_boto3_the_message_says_what_to_install(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=r"pip install 'reknown\[s3\]'"):
        s3_objects("http://127.0.0.1:1")
