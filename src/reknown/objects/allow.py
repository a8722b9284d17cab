"""Which buckets may be read: some, all, or none; and which may be written to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import NoObjectStoreError, ObjectNotFoundError, ObjectRefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from reknown.objects.base import ObjectFolder, ObjectNames, ObjectReader, ObjectWriter


@dataclass(frozen=True, slots=True)
class AllowedBuckets:
    """Passes on requests for the buckets in `allowed`; None allows every bucket."""

    reader: ObjectReader
    allowed: frozenset[str] | None

    def read(self, bucket: str, key: str, version: str | None, max_bytes: int) -> bytes:
        """The bytes of an object.

        Raises what the reader raises, and `ObjectNotFoundError` for any other bucket.
        """
        return self._reader_of(bucket).read(bucket, key, version, max_bytes)

    def size(self, bucket: str, key: str, version: str | None) -> int:
        """How many bytes an object has; raises as `read` does."""
        return self._reader_of(bucket).size(bucket, key, version)

    def open(self, bucket: str, key: str, version: str | None, max_bytes: int) -> BinaryIO:
        """An object as a file; raises as `read` does."""
        return self._reader_of(bucket).open(bucket, key, version, max_bytes)

    def buckets(self) -> Sequence[str]:
        """Those that are allowed, whether they are there or not; else what the reader tells."""
        return self.reader.buckets() if self.allowed is None else sorted(self.allowed)

    def list_folder(self, where: ObjectFolder) -> ObjectNames:
        """What there is in an allowed bucket; raises as `read` does."""
        return self._reader_of(where.bucket).list_folder(where)

    def _reader_of(self, bucket: str) -> ObjectReader:
        if self.allowed is not None and bucket not in self.allowed:
            raise ObjectNotFoundError
        return self.reader


@dataclass(frozen=True, slots=True)
class WritableBuckets:
    """Passes on what is written to the buckets in `allowed`."""

    writer: ObjectWriter
    allowed: frozenset[str]

    def write(self, bucket: str, key: str, data: bytes, kms_key: str | None = None) -> None:
        """Raises what the writer raises, and `ObjectRefusedError` for any other bucket."""
        if bucket not in self.allowed:
            raise ObjectRefusedError("this bucket is not allowed: name it with --record-bucket")
        self.writer.write(bucket, key, data, kms_key)


@dataclass(frozen=True, slots=True)
class NoObjects:
    """Stands where no store is configured: raises an error that says how to configure one."""

    def read(self, bucket: str, key: str, version: str | None, max_bytes: int) -> bytes:  # noqa: ARG002
        """Raises `NoObjectStoreError`."""
        raise NoObjectStoreError

    def size(self, bucket: str, key: str, version: str | None) -> int:  # noqa: ARG002
        """Raises `NoObjectStoreError`."""
        raise NoObjectStoreError

    def open(self, bucket: str, key: str, version: str | None, max_bytes: int) -> BinaryIO:  # noqa: ARG002
        """Raises `NoObjectStoreError`."""
        raise NoObjectStoreError

    def buckets(self) -> Sequence[str]:
        """Raises `NoObjectStoreError`."""
        raise NoObjectStoreError

    def list_folder(self, where: ObjectFolder) -> ObjectNames:  # noqa: ARG002
        """Raises `NoObjectStoreError`."""
        raise NoObjectStoreError
