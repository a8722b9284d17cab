"""Films that lie in the operator's buckets, to be chosen from: their names alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ObjectNotFoundError
from reknown.objects.base import ObjectFolder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.services.context import Context

__all__ = ["ObjectFolder", "StoredFilms", "list_buckets", "list_stored_films"]

_ENDINGS = (".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm", ".avi")
# Pages of a store that are looked through for one with a film or a folder in it.
_MOST_PAGES = 5


@dataclass(frozen=True, slots=True)
class StoredFilms:
    """A page of a folder: names that begin at the bucket, of folders with a slash at their ends."""

    folders: Sequence[str]
    films: Sequence[str]
    next: str | None


def list_buckets(context: Context) -> Sequence[str]:
    """Those that films may come from, as far as the store tells; the first 1,000 by name.

    Raises `ObjectError`.
    """
    try:
        return context.platform.objects.buckets()
    except ObjectNotFoundError:  # a store may let us read and yet not tell
        return ()


def list_stored_films(context: Context, where: ObjectFolder) -> StoredFilms:
    """What in a folder is a film by its name, and its folders; nothing is opened.

    A page may be empty where more follow. Raises `ObjectError`.
    """
    for _ in range(_MOST_PAGES):
        found = context.platform.objects.list_folder(where)
        films = tuple(key for key in found.keys if key.lower().endswith(_ENDINGS))
        if films or found.folders or found.next is None:
            break
        where = replace(where, after=found.next)
    return StoredFilms(found.folders, films, found.next)
