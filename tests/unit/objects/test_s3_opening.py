"""Sizes of objects, and objects as files: what the S3 reader has for videos."""

from __future__ import annotations

import errno
import os
import time
from contextlib import closing, suppress
from itertools import repeat
from pathlib import Path
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
from reknown.objects.s3 import S3Objects, S3Timeouts
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
    from collections.abc import Callable, Iterator

LIMIT = 1000
OUTPOST = "x-accessp-o0b1d075431d83bebde8xz5w8ijx1qzlbp3i3kuse10--op-s3"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where objects are fetched to; neither a file nor an open one is left there."""
    yield tmp_path
    assert list(tmp_path.iterdir()) == []
    assert open_within(tmp_path) == 0


def open_within(folder: Path) -> int:
    """How many descriptors lead to a file, or into a folder, to files without a name too."""
    count = 0
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            count += os.readlink(f"/proc/self/fd/{descriptor}").startswith(str(folder))
    return count


def opened(answering: Answering, folder: Path, timeouts: S3Timeouts = S3Timeouts()) -> bytes:
    """What an own server's object holds."""
    with serving(answering):
        objects = S3Objects(
            answering.endpoint, "us-east-1", KEY_ID, SECRET, timeouts, folder=folder
        )
        with closing(objects), objects.open(BUCKET, "k", None, LIMIT) as file:
            assert open_within(folder) == 1
            return file.read()


def size(answering: Answering) -> int:
    with serving(answering), closing(s3_objects(answering.endpoint)) as objects:
        return objects.size(BUCKET, "k", None)


def page(code: str, extra: str = "") -> bytes:
    return f"<Error><Code>{code}</Code>{extra}</Error>".encode()


def test_an_object_is_measured_and_opened(bucket: Any, moto: str, folder: Path) -> None:
    body = bytes(range(256)) * 5000
    first = bucket.put_object(Key="a/film.mp4", Body=body).version_id
    bucket.put_object(Key="a/film.mp4", Body=b"another cut")
    bucket.put_object(Key="empty", Body=b"")
    with closing(S3Objects(moto, "us-east-1", KEY_ID, SECRET, folder=folder)) as store:
        assert store.size(BUCKET, "a/film.mp4", first) == len(body)
        assert store.size(BUCKET, "a/film.mp4", None) == 11
        assert store.size(BUCKET, "empty", None) == 0
        with store.open(BUCKET, "a/film.mp4", first, len(body)) as file:
            assert os.fstat(file.fileno()).st_size == len(body)
            assert os.pread(file.fileno(), 10, 1000) == body[1000:1010]
            assert file.read() == body
            assert file.seek(-3, os.SEEK_END) == len(body) - 3
            assert file.read() == body[-3:]
            assert list(folder.iterdir()) == []
        with store.open(BUCKET, "empty", None, 0) as file:
            assert file.read() == b""
        with pytest.raises(ObjectTooLargeError, match="more than 1,279,999 bytes"):
            store.open(BUCKET, "a/film.mp4", first, len(body) - 1)


def test_without_a_folder_the_systems_is_used(
    bucket: Any, store: S3Objects, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    bucket.put_object(Key="k", Body=b"film")
    with store.open(BUCKET, "k", None, LIMIT) as file:
        assert os.fstat(file.fileno()).st_dev == folder.stat().st_dev
        assert file.read() == b"film"


def test_the_folder_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        S3Objects("http://127.0.0.1:1", "us-east-1", folder=tmp_path / "nothing")


def test_what_is_missing_is_not_found(bucket: Any, store: S3Objects) -> None:
    bucket.put_object(Key="gone", Body=b"film")
    bucket.Object("gone").delete()
    wanted: list[tuple[str, str, str | None]]
    wanted = [(BUCKET, "missing", None), ("no-such-bucket", "k", None), (BUCKET, "gone", None)]
    wanted += [(BUCKET, "gone", "unknown"), (BUCKET, "a/../b", None), (OUTPOST, "k", None)]
    for name, key, version in wanted:
        with pytest.raises(ObjectNotFoundError) as measuring:
            store.size(name, key, version)
        with pytest.raises(ObjectNotFoundError) as opening:
            store.open(name, key, version, LIMIT)
        assert str(measuring.value) == str(opening.value) == str(ObjectNotFoundError())


def test_a_size_is_asked_for_without_the_object() -> None:
    answering = Answering(headers={"Content-Length": str(10 * 2**30)})
    assert size(answering) == 10 * 2**30
    assert answering.asked == ["HEAD /images/k"]


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "-1"}, {"Content-Length": "many"}])
def test_a_store_that_does_not_tell_the_size(headers: dict[str, str]) -> None:
    with pytest.raises(ObjectStoreError):
        size(Answering(headers=headers))


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, page("AccessDenied"), ObjectNotFoundError),
        (403, b"", ObjectNotFoundError),
        (400, page("InvalidArgument"), ObjectNotFoundError),
        (404, page("NoSuchBucket"), ObjectNotFoundError),
        (405, page("MethodNotAllowed"), ObjectNotFoundError),
        (403, page("SignatureDoesNotMatch"), ObjectStoreError),
        (403, page("InvalidAccessKeyId"), ObjectStoreError),
        (500, page("InternalError"), ObjectStoreError),
        (301, page("PermanentRedirect"), ObjectStoreError),
    ],
)
@pytest.mark.parametrize("ask", ["size", "open"])
def test_errors_are_those_of_reading(
    folder: Path, ask: str, status: int, body: bytes, error: type[ObjectError]
) -> None:
    # An answer to HEAD has no body, so the reason is asked for where it matters.
    headers = {"Content-Length": str(len(body))}
    answering = Answering(status, headers, [body])
    with pytest.raises(error) as caught:
        size(answering) if ask == "size" else opened(answering, folder)
    assert type(caught.value) is error
    # boto3 looks for the region of the bucket after a 400, at the same endpoint.
    assert len(answering.asked) <= 3


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400])
def test_a_redirect_of_a_size_is_not_followed(status: int) -> None:
    with serving(Answering()) as elsewhere:
        headers = {"Location": f"{elsewhere.endpoint}/x", "x-amz-bucket-region": "eu-west-1"}
        answering = Answering(status, headers | {"Content-Length": "0"})
        with pytest.raises(ObjectStoreError):
            size(answering)
    assert len(answering.asked) <= 4
    assert elsewhere.asked == []


def test_an_endless_object_is_cut(folder: Path) -> None:
    endless: Any = repeat(b"x" * 65536, 1000)
    with pytest.raises(ObjectTooLargeError):
        opened(Answering(headers={}, chunks=endless), folder)


def test_an_object_that_breaks_off_leaves_nothing(folder: Path) -> None:
    with pytest.raises(ObjectStoreError, match="broke off"):
        opened(Answering(headers={"Content-Length": "10"}, chunks=[b"abc"]), folder)


def slowly(chunks: list[bytes], seconds: float) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        time.sleep(seconds)


def test_a_large_object_may_take_longer_than_an_image(folder: Path) -> None:
    def slow() -> Answering:
        chunks: Any = slowly([b"x" * 100] * 8, 0.1)
        return Answering(headers={"Content-Length": "800"}, chunks=chunks)

    patient = S3Timeouts(connect=2, read=2, body=0.5, rate=200)
    assert opened(slow(), folder, patient) == b"x" * 800
    answering = slow()
    with (
        serving(answering),
        closing(s3_objects(answering.endpoint, patient)) as objects,
        pytest.raises(ObjectStoreError, match="too long"),
    ):
        objects.read(BUCKET, "k", None, LIMIT)


@pytest.mark.parametrize(
    "behave",
    [
        silent,
        dripping(b"HTTP/1.1 200 OK\r\n\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        dripping(b"HTTP/1.1 404 Not Found\r\n\r\n"),
    ],
)
def test_a_store_that_drips_is_given_up(behave: Callable[[Any], None], folder: Path) -> None:
    with listening(behave) as endpoint:
        objects = S3Objects(endpoint, "us-east-1", KEY_ID, SECRET, HASTY, folder=folder)
        with closing(objects), pytest.raises(ObjectStoreError):
            objects.open(BUCKET, "k", None, LIMIT)


def test_a_full_disk_is_said(
    bucket: Any, store: S3Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put_object(Key="k", Body=b"x" * 100_000)
    bucket.put_object(Key="small", Body=b"x")

    def full(**_: Any) -> Any:
        return open("/dev/full", "w+b")

    monkeypatch.setattr("reknown.objects.s3.TemporaryFile", full)
    for key in ("k", "small"):
        with pytest.raises(ObjectStoreError, match=os.strerror(errno.ENOSPC)):
            store.open(BUCKET, key, None, 100_000)
    assert open_within(Path("/dev/full")) == 0


def test_an_unusable_folder_is_said(bucket: Any, moto: str, tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    bucket.put_object(Key="k", Body=b"x")
    objects = S3Objects(moto, "us-east-1", KEY_ID, SECRET, folder=tmp_path / "room")
    (tmp_path / "room").rmdir()
    with closing(objects), pytest.raises(ObjectStoreError, match="fetched to disk") as caught:
        objects.open(BUCKET, "k", None, LIMIT)
    assert str(tmp_path) not in str(caught.value)
