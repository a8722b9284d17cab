"""What every place of stored objects can do, and how it is asked.

Names come from strangers. They are checked here, by the rules that all places share, before
any of them becomes part of a path or an address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol
from unicodedata import category

from reknown.biometrics.errors import ObjectNotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

_BUCKET = re.compile(r"[0-9A-Za-z.\-_]{3,255}")
_MAX_BYTES = 1024
_LONGEST_TOKEN = 4096

MOST_NAMES = 1000
"""Of one page of a listing; S3 gives no more."""


@dataclass(frozen=True, slots=True)
class ObjectFolder:
    """Where to look: in a folder of a bucket, which is empty or has a slash at its end.

    Only what begins with `beginning` there; `after` is what the page before gave as `next`.
    """

    bucket: str
    folder: str = ""
    beginning: str = ""
    after: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectNames:
    """Names that begin at the bucket: of folders, with a slash at their ends, and of objects.

    There are `MOST_NAMES` at most; `next` leads to the others.
    """

    folders: tuple[str, ...]
    keys: tuple[str, ...]
    next: str | None = None


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

    def buckets(self) -> Sequence[str]:
        """The first `MOST_NAMES` buckets by name; raises `ObjectNotFoundError` if none is told.

        Raises `ObjectStoreError`.
        """
        ...

    def list_folder(self, where: ObjectFolder) -> ObjectNames:
        """What there is; names that nobody could ask for are left out.

        Raises `ObjectNotFoundError` or `ObjectStoreError`.
        """
        ...


class ObjectWriter(Protocol):
    """A place that objects are written to; safe to use from several threads."""

    def write(self, bucket: str, key: str, data: bytes, kms_key: str | None = None) -> None:
        """Writes JSON, whole or not at all, in place of what there was under that key.

        It is on disk when this returns, encrypted by the place with `kms_key` if one is given.

        Raises `ObjectStoreError` where it may go better later; `ObjectRefusedError` and
        `ObjectNotFoundError` where it will not.
        """
        ...


def check_names(bucket: str, key: str, version: str | None) -> None:
    """Refuses what no place may be asked for.

    Amazon S3 allows "." and ".." within a key. They are refused because some stores and
    proxies resolve them, which leads from an allowed bucket to another one.

    Raises `ObjectNotFoundError`.
    """
    if not is_bucket(bucket):
        raise ObjectNotFoundError
    if not _is_text(key) or not {".", ".."}.isdisjoint(key.split("/")):
        raise ObjectNotFoundError
    if version is not None and not _is_text(version):
        raise ObjectNotFoundError


def check_folder(where: ObjectFolder) -> None:
    """Refuses folders as `check_names` does, and what does not end like one.

    Raises `ObjectNotFoundError`.
    """
    if where.folder and not where.folder.endswith("/"):
        raise ObjectNotFoundError
    if "/" in where.beginning or len(where.after or "") > _LONGEST_TOKEN:
        raise ObjectNotFoundError
    check_names(where.bucket, f"{where.folder}{where.beginning}_", None)


def can_be_asked_for(bucket: str, key: str) -> bool:
    """Whether this is a name that `check_names` takes, and that a line of text can hold."""
    try:
        check_names(bucket, key, None)
    except ObjectNotFoundError:
        return False
    return not any(category(each) == "Cc" for each in key)


def can_be_written(bucket: str, key: str) -> bool:
    """Whether every place has a name for it: a folder has none for empty parts and backslashes."""
    return can_be_asked_for(bucket, key) and "" not in key.split("/") and "\\" not in key


def is_bucket(name: str) -> bool:
    """Whether a bucket may be called so."""
    return bool(_BUCKET.fullmatch(name) and name.strip("."))


def _is_text(name: str) -> bool:
    """1 to 1024 bytes of UTF-8 without a NUL."""
    if not 1 <= len(name) <= _MAX_BYTES or "\0" in name:
        return False
    try:
        return len(name.encode()) <= _MAX_BYTES
    except UnicodeEncodeError:
        return False
