from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.errors import ObjectNotFoundError
from reknown.objects.base import check_names


@pytest.mark.parametrize("bucket", ["abc", "A_b-c.9", "a" * 255, "...a"])
@pytest.mark.parametrize(
    "key", ["k", "a/b.jpg", "//", "é/ü", "...", "a..b", "%2e%2e/x", "k" * 1024]
)
@pytest.mark.parametrize("version", [None, "null", "v" * 1024])
def test_ordinary_names_pass(bucket: str, key: str, version: str | None) -> None:
    check_names(bucket, key, version)


@pytest.mark.parametrize(
    "bucket",
    [
        "",
        "ab",
        "...",
        "a" * 256,
        "a/b",
        "abc\n",
        "abc\0",
        "äbc",
        "١٢٣",
        "a b",
        "a@b.c",
        "a:80",
        "arn:aws:s3:us-east-1:123456789012:accesspoint/x",
        "http://host",
        "..\\x",
        "%2e%2e",
    ],
)
def test_odd_buckets_are_refused(bucket: str) -> None:
    with pytest.raises(ObjectNotFoundError):
        check_names(bucket, "key", None)


@pytest.mark.parametrize(
    "key",
    ["", ".", "..", "../x", "a/../b", "a/.", "./a", "a\0b", "k" * 1025, "é" * 513, "\ud800"],
)
def test_odd_keys_are_refused(key: str) -> None:
    with pytest.raises(ObjectNotFoundError):
        check_names("bucket", key, None)


@pytest.mark.parametrize("version", ["", "v" * 1025, "\udfff", "a\0"])
def test_odd_versions_are_refused(version: str) -> None:
    with pytest.raises(ObjectNotFoundError):
        check_names("bucket", "key", version)


@given(st.text(), st.text(), st.none() | st.text())
def test_any_text_passes_or_is_refused(bucket: str, key: str, version: str | None) -> None:
    with suppress(ObjectNotFoundError):
        check_names(bucket, key, version)
        assert bucket.isascii()
        assert ".." not in key.split("/")
