"""Single images and videos of an archive: listed, and deleted with all that was seen in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.gallery import groups, media
from reknown.gallery.collections import claim
from reknown.gallery.media import FiledMedium
from reknown.ledger import log
from reknown.ledger.records import DeleteFromArchiveRecord, ListArchiveRecord
from reknown.objects.uploads import delete_kept, is_kept

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reknown.services.context import Context
    from reknown.services.galleries.pages import PageRequest
    from reknown.storage.paging import Page

__all__ = ["ArchiveDeletion", "FiledMedium", "delete_from_archive", "list_archive", "was_added"]


@dataclass(frozen=True, slots=True)
class ArchiveDeletion:
    """What is gone: media by their SHA-256, ids of sightings, and how many `files` on the disk.

    `absent` was not known. `left` are files in folders of the operator, which are where they
    were: a scan reads them anew.
    """

    deleted: tuple[str, ...]
    absent: tuple[str, ...]
    sightings: tuple[str, ...]
    files: int
    left: tuple[str, ...]


def list_archive(context: Context, collection: str, page: PageRequest) -> Page[FiledMedium]:
    """A page of what faces were looked for in; raises `NotFoundError`."""
    with context.database.begin() as connection:
        found = media.list_media(connection, collection, page.after, page.limit)
        record = ListArchiveRecord(len(found.items))
        log.append(connection, context.actor, collection, record)
    return found


def was_added(collection: str, its: FiledMedium) -> bool:
    """Whether it was uploaded, so that its file goes when it is deleted."""
    return any(is_kept(Path(place), collection) for place in its.files)


def delete_from_archive(
    context: Context, collection: str, sha256s: Iterable[str]
) -> ArchiveDeletion:
    """Deletes images and videos with all that was seen in them; nothing brings them back.

    A file that was uploaded is deleted from the disk, before the deletion is acknowledged. Files in
    folders of the operator are never touched. References of people stay, whatever file they were
    enrolled from. Raises `NotFoundError`, and `InputError` for a file that cannot be deleted, once
    all else is.
    """
    wanted = tuple(dict.fromkeys(sha256s))
    with context.database.begin() as connection:
        # whoever scans waits for this, and finds that the file is gone
        claim(connection, collection)
        found = media.filed_media(connection, collection, wanted)
        places = [Path(place) for each in found for place in each.files]
        kept = {place for place in places if is_kept(place, collection)}
        problems = delete_kept(kept)
        stuck = {
            each.medium.sha256
            for each in found
            if any(Path(place) in problems for place in each.files)
        }
        known = {each.medium.sha256 for each in found}
        deleted = tuple(each for each in wanted if each in known - stuck)
        seen = tuple(media.delete_media(connection, collection, deleted))
        groups.drop_empty(connection, collection)
        gone = len(kept) - len(problems)
        left = tuple(
            place
            for each in found
            if each.medium.sha256 not in stuck
            for place in each.files
            if Path(place) not in kept
        )
        record = DeleteFromArchiveRecord(deleted, seen, gone, len(left))
        log.append(connection, context.actor, collection, record)
    if problems:  # after the commit, as the other files are gone
        raise InputError(next(iter(problems.values())))
    absent = tuple(each for each in wanted if each not in known)
    return ArchiveDeletion(deleted, absent, seen, gone, left)
