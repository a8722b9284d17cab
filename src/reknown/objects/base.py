"""What every place that stored images and videos come from can do, and how it is asked.

Names come from strangers. They are checked here, by the rules that all places share, before
any of them becomes part of a path or an address.
"""

from __future__ import annotations

import re
from typing import BinaryIO, Protocol

from reknown.biometrics.errors import ObjectNotFoundError

_BUCKET = re.compile(r"[0-9A-Za-z.\-_]{3,255}")
_MAX_BYTES = 1024


class ObjectReader(Protocol):
    """A place that stored objects are read from; safe to use from several threads."""

    def read(self, bucket: str, key: str, version: str | None, max_bytes: int) -> bytes:
        """The bytes of an object, `max_bytes` at most; `version` None means the latest.

        Raises `ObjectNotFoundError`, `ObjectTooLargeError` or `ObjectStoreError`.
        """
        ...

    def size(self, bucket: str, key: str, version: str | None) -> int:
        """How many bytes an object has, without fetching them.

        Raises `ObjectNotFoundError` or `ObjectStoreError`.
        """
        ...

    def open(self, bucket: str, key: str, version: str | None, max_bytes: int) -> BinaryIO:
        """An object of `max_bytes` at most as a regular file, at its start, for reading.

        It can be sought in and has a `fileno()`; the caller closes it. For what is too large
        to be held in memory.

        Raises `ObjectNotFoundError`, `ObjectTooLargeError` or `ObjectStoreError`.
        """
        ...


def check_names(bucket: str, key: str, version: str | None) -> None:
    """Refuses what no place may be asked for.

    Amazon S3 allows "." and ".." within a key. They are refused because some stores and
    proxies resolve them, which leads from an allowed bucket to another one.

    Raises `ObjectNotFoundError`.
    """
    if not _BUCKET.fullmatch(bucket) or not bucket.strip("."):
        raise ObjectNotFoundError
    if not _is_text(key) or not {".", ".."}.isdisjoint(key.split("/")):
        raise ObjectNotFoundError
    if version is not None and not _is_text(version):
        raise ObjectNotFoundError


def _is_text(name: str) -> bool:
    """1 to 1024 bytes of UTF-8 without a NUL."""
    if not 1 <= len(name) <= _MAX_BYTES or "\0" in name:
        return False
    try:
        return len(name.encode()) <= _MAX_BYTES
    except UnicodeEncodeError:
        return False
