from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

import pytest

from reknown.biometrics.errors import NoObjectStoreError, ObjectNotFoundError, ObjectRefusedError
from reknown.objects.allow import AllowedBuckets, NoObjects, WritableBuckets
from reknown.objects.base import ObjectFolder, ObjectNames

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reknown.objects.base import ObjectReader


@dataclass(frozen=True)
class Echo:
    def read(self, bucket: str, key: str, version: str | None, max_bytes: int) -> bytes:
        return f"{bucket} {key} {version} {max_bytes}".encode()

    def size(self, bucket: str, key: str, version: str | None) -> int:
        return len(f"{bucket} {key} {version}")

    def buckets(self) -> Sequence[str]:
        return ["one", "three"]

    def list_folder(self, where: ObjectFolder) -> ObjectNames:
        return ObjectNames((), (f"{where.bucket} {where.folder}",))

    def open(self, bucket: str, key: str, version: str | None, max_bytes: int) -> BinaryIO:
        return BytesIO(self.read(bucket, key, version, max_bytes))


def asking(reader: ObjectReader, bucket: str) -> list[Callable[[], object]]:
    """Everything that can be asked of a reader."""
    return [
        lambda: reader.read(bucket, "k", None, 9),
        lambda: reader.size(bucket, "k", None),
        lambda: reader.open(bucket, "k", None, 9),
        lambda: reader.list_folder(ObjectFolder(bucket)),
    ]


def test_an_allowed_bucket_is_read() -> None:
    reader: ObjectReader = AllowedBuckets(Echo(), frozenset({"one", "two"}))
    assert reader.read("two", "k", "v", 9) == b"two k v 9"
    assert reader.size("two", "k", "v") == 7
    assert reader.open("two", "k", "v", 9).read() == b"two k v 9"
    assert reader.list_folder(ObjectFolder("two", "f/")).keys == ("two f/",)


def test_the_allowed_buckets_are_told_and_no_other() -> None:
    assert AllowedBuckets(Echo(), frozenset({"two", "one"})).buckets() == ["one", "two"]
    assert AllowedBuckets(Echo(), None).buckets() == ["one", "three"]
    with pytest.raises(NoObjectStoreError):
        NoObjects().buckets()


@pytest.mark.parametrize("bucket", ["One", "one ", "three", "", "on", "one/..", "one\0"])
def test_other_buckets_are_not_there(bucket: str) -> None:
    reader = AllowedBuckets(Echo(), frozenset({"one"}))
    for ask in asking(reader, bucket):
        with pytest.raises(ObjectNotFoundError) as caught:
            ask()
        assert str(caught.value) == str(ObjectNotFoundError())


def test_none_allows_every_bucket_and_an_empty_set_none() -> None:
    assert AllowedBuckets(Echo(), None).read("any", "k", None, 9) == b"any k None 9"
    with pytest.raises(ObjectNotFoundError):
        AllowedBuckets(Echo(), frozenset()).read("any", "k", None, 9)


def test_without_a_store_the_message_says_how_to_get_one() -> None:
    reader: ObjectReader = NoObjects()
    for ask in asking(reader, "any"):
        with pytest.raises(NoObjectStoreError, match="--buckets or --s3-endpoint"):
            ask()


@dataclass(frozen=True)
class Slate:
    written: list[tuple[object, ...]] = field(default_factory=list)

    def write(self, *given: object) -> None:
        self.written.append(given)


def test_nothing_is_written_into_a_bucket_that_nobody_allowed() -> None:
    slate = Slate()
    writer = WritableBuckets(slate, frozenset({"one"}))
    for bucket in ("One", "one ", "two", ""):
        with pytest.raises(ObjectRefusedError, match="--record-bucket"):
            writer.write(bucket, "k", b"{}")
    writer.write("one", "k", b"{}", "key")
    assert slate.written == [("one", "k", b"{}", "key")]
