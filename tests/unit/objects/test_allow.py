from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from reknown.objects.allow import AllowedBuckets, NoObjects
from reknown.objects.errors import NoObjectStoreError, ObjectNotFoundError

if TYPE_CHECKING:
    from reknown.objects.base import ObjectReader


@dataclass(frozen=True)
class Echo:
    def read(self, bucket: str, key: str, version: str | None, max_bytes: int) -> bytes:
        return f"{bucket} {key} {version} {max_bytes}".encode()


def test_an_allowed_bucket_is_read() -> None:
    reader: ObjectReader = AllowedBuckets(Echo(), frozenset({"one", "two"}))
    assert reader.read("two", "k", "v", 9) == b"two k v 9"


@pytest.mark.parametrize("bucket", ["One", "one ", "three", "", "on", "one/..", "one\0"])
def test_other_buckets_are_not_there(bucket: str) -> None:
    with pytest.raises(ObjectNotFoundError) as caught:
        AllowedBuckets(Echo(), frozenset({"one"})).read(bucket, "k", None, 9)
    assert str(caught.value) == str(ObjectNotFoundError())


def test_none_allows_every_bucket_and_an_empty_set_none() -> None:
    assert AllowedBuckets(Echo(), None).read("any", "k", None, 9) == b"any k None 9"
    with pytest.raises(ObjectNotFoundError):
        AllowedBuckets(Echo(), frozenset()).read("any", "k", None, 9)


def test_without_a_store_the_message_says_how_to_get_one() -> None:
    reader: ObjectReader = NoObjects()
    with pytest.raises(NoObjectStoreError, match="--buckets or --s3-endpoint"):
        reader.read("any", "k", None, 9)
