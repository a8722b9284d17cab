"""Which buckets may be read: some, all, or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.objects.errors import NoObjectStoreError, ObjectNotFoundError

if TYPE_CHECKING:
    from reknown.objects.base import ObjectReader


@dataclass(frozen=True, slots=True)
class AllowedBuckets:
    """Passes on what is asked of the buckets in `allowed`; None allows every bucket."""

    reader: ObjectReader
    allowed: frozenset[str] | None

    def read(self, bucket: str, key: str, version: str | None, max_bytes: int) -> bytes:
        """The bytes of an object.

        Raises what the reader raises, and `ObjectNotFoundError` for any other bucket.
        """
        if self.allowed is not None and bucket not in self.allowed:
            raise ObjectNotFoundError
        return self.reader.read(bucket, key, version, max_bytes)


@dataclass(frozen=True, slots=True)
class NoObjects:
    """Stands where no store is configured."""

    def read(self, bucket: str, key: str, version: str | None, max_bytes: int) -> bytes:  # noqa: ARG002
        """Raises `NoObjectStoreError`, which says how to configure a store."""
        raise NoObjectStoreError
