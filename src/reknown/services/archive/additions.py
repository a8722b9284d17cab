"""Photos and films that people add to an archive of their own: kept, then scanned by a worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ImageError, InputError, VideoError
from reknown.biometrics.sightings import Medium, MediumKind
from reknown.biometrics.text import printable
from reknown.gallery.collections import claim, list_collections
from reknown.gallery.media import FileStamp, ensure_medium, find_media, place_file
from reknown.jobs import queue
from reknown.ledger import log
from reknown.ledger.records import AddToArchiveRecord, ScanArchiveRecord
from reknown.services.archive.scan_jobs import SCAN, people_own
from reknown.services.images.sources import MAX_BYTES
from reknown.storage.database import reading
from reknown.video.containers import REQUESTED, examine
from reknown.video.isolation import probe_isolated
from reknown.vision.decoding.scan import scan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from reknown.objects.uploads import Arriving, Uploads
    from reknown.services.context import Context, Platform
    from reknown.storage.database import Connection

_LONGEST_NAME = 200
_FILMS = {"mov": ".mp4", "matroska": ".mkv", "avi": ".avi"}


@dataclass(frozen=True, slots=True)
class Added:
    """What came of additions: how many were kept, and why others were not, by their names."""

    kept: int
    refused: Sequence[tuple[str, str]]


def may_add(context: Context, collection: str) -> Uploads:
    """Where additions may go; raises `NotFoundError`, and `InputError` where none are taken."""
    uploads = context.platform.uploads
    if uploads is None:
        raise InputError("uploads are not taken here: an operator starts the server with --uploads")
    context.platform.space_of(collection)
    return uploads


def add_to_archive(
    context: Context, collection: str, brought: Iterable[tuple[str, Arriving]]
) -> Added:
    """Keeps what can be read, by its digest, and has a worker look at it.

    What a file is called is kept as data. All is on disk before this returns. Raises
    `NotFoundError` for the collection, `InputError` where nothing is taken.
    """
    kept: list[tuple[Path, Medium]] = []
    refused: list[tuple[str, str]] = []
    size = 0
    uploads = may_add(context, collection)
    for called, arrived in brought:
        name = printable(called.replace("\\", "/").rpartition("/")[2])[:_LONGEST_NAME] or "unnamed"
        try:
            kind, ending = _kind(context.platform, arrived)
        except (ImageError, VideoError) as error:
            refused.append((name, str(error)))
            continue
        path = arrived.archive(collection, ending)
        kept.append((path, Medium(arrived.sha256, kind, name)))
        size += arrived.size
    if kept:
        with context.database.begin() as connection:
            _place(connection, collection, kept)
            digests = tuple(medium.sha256 for _, medium in kept)
            record = AddToArchiveRecord(digests, size)
            log.append(connection, context.actor, collection, record)
            _ensure_scan(connection, context, collection)
        uploads.sync_archive(collection)
    return Added(len(kept), refused)


def scan_archive(context: Context, collection: str) -> str:
    """Has a worker look at what was added, unless one is about to; the job's id."""
    may_add(context, collection)
    with context.database.begin() as connection:
        job_id = _ensure_scan(connection, context, collection)
        log.append(connection, context.actor, collection, ScanArchiveRecord(job_id))
    return job_id


def forget_archives(platform: Platform) -> int:
    """Deletes what was added to collections that are gone; how many of these."""
    if platform.uploads is None:
        return 0
    names: set[str] = set()
    after: str | None = None
    while True:
        with reading(platform.database) as connection:
            page = list_collections(connection, after)
        names |= {each.name for each in page.items}
        if (after := page.next) is None:
            return platform.uploads.sweep_archives(names)


def _kind(platform: Platform, arrived: Arriving) -> tuple[MediumKind, str]:
    """What it is, and how the names of such files end; it has been read by then."""
    try:
        form = examine(arrived.file, REQUESTED)
    except VideoError:
        data = arrived.file.read(MAX_BYTES + 1)
        people_own(platform).executor.decode(data)
        return MediumKind.IMAGE, f".{scan(data).form.value.lower()}"
    probe_isolated(arrived.file)
    return MediumKind.VIDEO, _FILMS[form]


def _place(connection: Connection, collection: str, kept: Sequence[tuple[Path, Medium]]) -> None:
    """Says where they lie; a scan looks at those that nobody has looked at."""
    owner = claim(connection, collection).id
    known = find_media(connection, collection, [medium.sha256 for _, medium in kept])
    for path, medium in kept:
        before = known.get(medium.sha256)
        fingerprint = "" if before is None else before[1]
        whole = medium if before is None else before[0]
        key = ensure_medium(connection, owner, whole, fingerprint)
        found = path.stat()
        place_file(connection, owner, path, FileStamp(found.st_size, found.st_mtime_ns), key)


def _ensure_scan(connection: Connection, context: Context, collection: str) -> str:
    for job in queue.list_open(connection):
        waits = not job.claimed and not job.stopping
        if waits and (job.kind, job.collection) == (SCAN, collection):
            return job.job_id
    return queue.add(connection, queue.NewJob(SCAN, context.actor.name, collection, "{}"))
