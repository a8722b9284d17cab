"""Objects that are written to a store."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reknown.biometrics.errors import (
    ObjectError,
    ObjectNotFoundError,
    ObjectRefusedError,
    ObjectStoreError,
)
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

    from reknown.objects.s3 import S3Objects


def failure(answering: Answering, bucket: str = BUCKET, key: str = "k") -> ObjectError:
    with (
        serving(answering),
        # botocore waits for a second to be told to go on
        closing(s3_objects(answering.endpoint, replace(HASTY, body=30.0))) as objects,
        pytest.raises(ObjectError) as raised,
    ):
        objects.write(bucket, key, b"{}")
    return raised.value


def test_what_is_written_is_read_and_replaced(bucket: Any, store: S3Objects) -> None:
    for data in (b'{"a":1}', b"{}"):
        store.write(BUCKET, "door/5e/1.json", data)
        assert store.read(BUCKET, "door/5e/1.json", None, 100) == data
    assert bucket.Object("door/5e/1.json").content_type == "application/json"


def test_the_store_encrypts_with_a_key_of_kms(bucket: Any, store: S3Objects) -> None:
    store.write(BUCKET, "k", b"{}", "alias/seen")
    stored = bucket.Object("k")
    assert (stored.server_side_encryption, stored.ssekms_key_id) == ("aws:kms", "alias/seen")


def test_a_bucket_that_is_gone_takes_nothing(moto: str) -> None:
    with (
        closing(s3_objects(moto)) as objects,
        pytest.raises(ObjectRefusedError, match="404 NoSuchBucket"),
    ):
        objects.write("nobody-made-this", "k", b"{}")


@pytest.mark.parametrize(
    ("bucket", "key"), [(BUCKET, "a/../b"), ("..", "k"), ("seen--x-s3", "k"), (BUCKET, "\ud800")]
)
def test_names_that_lead_elsewhere_are_not_asked_for(bucket: str, key: str) -> None:
    answering = Answering()
    assert isinstance(failure(answering, bucket, key), ObjectNotFoundError)
    assert answering.asked == []


@pytest.mark.parametrize(
    ("status", "later"), [(403, False), (400, False), (409, True), (429, True), (503, True)]
)
def test_a_store_that_is_busy_is_asked_later(status: int, later: bool) -> None:
    error = failure(Answering(status=status))
    assert isinstance(error, ObjectStoreError if later else ObjectRefusedError)


@pytest.mark.parametrize(
    ("code", "later"),
    [("KMS.ThrottlingException", True), ("ExpiredToken", True), ("KMS.NotFoundException", False)],
)
def test_what_others_can_mend_is_tried_later(code: str, later: bool) -> None:
    page = f"<Error><Code>{code}</Code></Error>".encode()
    headers = {"Content-Length": str(len(page)), "Content-Type": "application/xml"}
    error = failure(Answering(status=400, headers=headers, chunks=[page]))
    assert isinstance(error, ObjectStoreError if later else ObjectRefusedError)
    assert code in str(error)


def test_a_redirect_is_not_followed() -> None:
    with serving(Answering()) as elsewhere:
        headers = {"Content-Length": "0", "Location": f"{elsewhere.endpoint}/{BUCKET}/k"}
        error = failure(Answering(status=307, headers=headers))
    assert "redirect" in str(error)
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    "behave",
    [
        silent,
        dripping(b"HTTP/1.1 100 Continue\r\nX: "),
        dripping(b"HTTP/1.1 200 OK\r\nX: "),
        dripping(b"HTTP/1.1 503 Slow Down\r\n\r\n"),
    ],
)
def test_a_store_that_hangs_or_drips_is_given_up(behave: Callable[[Any], None]) -> None:
    with (
        listening(behave) as endpoint,
        closing(s3_objects(endpoint, HASTY)) as objects,
        pytest.raises(ObjectStoreError),
    ):
        objects.write(BUCKET, "k", b"{}")
