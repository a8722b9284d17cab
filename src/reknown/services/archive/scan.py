"""Every face of every image and video below folders, kept to be searched later.

Files that have not changed are passed over, files that were moved are found again by their
bytes, and what is gone is forgotten. What has been looked at is on disk before it is told of, a
batch at a time, so that a scan that was ended goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ImageError, InputError, ReknownError, VideoError
from reknown.biometrics.sightings import Medium, MediumKind
from reknown.gallery.collections import claim, require
from reknown.gallery.media import (
    ensure_medium,
    files_in,
    find_media,
    folders_below,
    forget_files,
    place_file,
)
from reknown.gallery.sightings import keep_sightings
from reknown.ledger import log
from reknown.ledger.records import ForgetFilesRecord, KeepSightingsRecord
from reknown.services.archive.sightings import (
    purge_sightings,
    require_days,
    sightings_of_image,
    sightings_of_video,
)
from reknown.services.archive.survey import Survey, survey
from reknown.services.archive.times import local, taken
from reknown.services.galleries.collections import ensure_collection
from reknown.services.galleries.spaces import until_switched
from reknown.services.images.sources import attempt_all, read_source
from reknown.services.videos.clips import open_clip
from reknown.storage.database import reading
from reknown.vision.extraction import ExtractionPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from reknown.biometrics.sightings import Sighting
    from reknown.biometrics.templates import TemplateSpace
    from reknown.biometrics.tracks import VideoInfo
    from reknown.services.archive.survey import FoundFile
    from reknown.services.context import Context
    from reknown.storage.database import Connection
    from reknown.vision.extraction import ImageInfo

_BATCH_FILES = 64
_BATCH_SECONDS = 2.0
_FORGOTTEN_AT_ONCE = 1_000


class ScanOutcome(Enum):
    """What became of a file."""

    SEEN = "seen"
    MOVED = "moved or copied"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """Scan these folders and files for `collection`.

    What is seen is kept for `expire_days` (1 to 3650), or until it is deleted. With `again` what
    nothing could be seen in before is read once more.
    """

    places: tuple[Path, ...]
    collection: str
    expire_days: int | None = None
    again: bool = False
    pack: str | None = None

    def __post_init__(self) -> None:
        if not self.places:
            raise InputError("name a folder to scan")
        if self.expire_days is not None:
            require_days(self.expire_days)


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A file's fate; `reason` is empty unless it was refused.

    `fit` of its `faces` are good enough to be searched.
    """

    path: Path
    kind: MediumKind
    outcome: ScanOutcome
    faces: int = 0
    fit: int = 0
    reason: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class ScanTally:
    """What a scan has come to so far; `gone` files were forgotten with `forgotten` sightings."""

    survey: Survey = field(default_factory=Survey)
    gone: int = 0
    forgotten: int = 0


@dataclass(frozen=True, slots=True)
class _Look:
    """What was seen in a file; None for `sightings` where its bytes are known already."""

    medium: Medium
    sightings: tuple[Sighting, ...] | None
    warnings: tuple[str, ...] = ()


def count_work(context: Context, request: ScanRequest) -> tuple[int, int]:
    """How many files a scan would look at now, and how many bytes they have; changes nothing."""
    ensure_collection(context, request.collection, request.pack)
    found = survey(
        context.database, request.collection, request.places, Survey(), again=request.again
    )
    files = size = 0
    for file in found:
        files += 1
        size += file.state.size
    return files, size


def scan(context: Context, request: ScanRequest, tally: ScanTally) -> Iterator[ScannedFile]:
    """Looks at what is new or has changed, and forgets what is gone; counts in `tally`.

    A file's fate is given out only after it is on disk. Uses all cores and holds only a few
    images at a time. Raises `InputError` for places that cannot be read, `GalleryError`,
    `ModelError`, and `SpaceMismatchError` when the collection is switched meanwhile.
    """
    space = ensure_collection(context, request.collection, request.pack)
    purge_sightings(context, request.collection)
    expires = request.expire_days
    until = None if expires is None else datetime.now(UTC) + timedelta(days=expires)
    files = survey(
        context.database, request.collection, request.places, tally.survey, again=request.again
    )
    policy = ExtractionPolicy(space)

    def work(file: FoundFile) -> _Look:
        return _look(context, request.collection, file, policy)

    looks = attempt_all(context.platform, work, files)
    with until_switched(request.collection):
        for batch in _batches(looks):
            yield from _keep(context, request.collection, batch, space, until)
    _forget(context, request.collection, tally)


def forget(context: Context, collection: str, place: Path) -> tuple[int, int]:
    """Forgets files at a place and below it, and what was seen in them alone, wherever they are.

    How many files and sightings that was. Raises `NotFoundError` for the collection.
    """
    root = os.path.abspath(place)
    with reading(context.database) as connection:
        owner = require(connection, collection).id
        keys = [
            known.key
            for folder in folders_below(connection, owner, root)
            for known in files_in(connection, owner, folder).values()
        ]
        beside = files_in(connection, owner, os.path.dirname(root)).get(os.path.basename(root))
    tally = ScanTally(Survey(gone=[*keys, *([beside.key] if beside else [])]))
    _forget(context, collection, tally)
    return tally.gone, tally.forgotten


def _look(context: Context, collection: str, file: FoundFile, policy: ExtractionPolicy) -> _Look:
    if file.kind is MediumKind.VIDEO:
        return _look_at_video(context, collection, file, policy.space)
    data = read_source(file.path)
    sha256 = hashlib.sha256(data).hexdigest()
    if (known := _known(context, collection, sha256, policy.space)) is not None:
        return _Look(known, None)
    called = _called(context, collection, file, sha256)
    medium = _medium(file, sha256, called)
    try:
        found = context.platform.executor.extract(data, policy)
    except ImageError as error:
        return _Look(replace(medium, problem=str(error)), ())
    medium = _medium(file, sha256, called, found.image.taken, found.image)
    seen = tuple(sightings_of_image(medium, found))
    return _Look(medium, seen, found.image.warnings)


def _look_at_video(
    context: Context, collection: str, file: FoundFile, space: TemplateSpace
) -> _Look:
    with open_clip(file.path) as clip:
        sha256 = hashlib.file_digest(clip, "sha256").hexdigest()  # type: ignore[arg-type]
        if (known := _known(context, collection, sha256, space)) is not None:
            return _Look(known, None)
        clip.seek(0)
        called = _called(context, collection, file, sha256)
        medium = _medium(file, sha256, called)
        try:
            found = context.platform.executor.analyse(clip, space.pack, _unwatched)
        except VideoError as error:
            return _Look(replace(medium, problem=str(error)), ())
    medium = _medium(file, sha256, called, local(found.info.created), found.info)
    return _Look(medium, tuple(sightings_of_video(medium, found.tracks)), found.warnings)


def _unwatched(_done_ms: int, _of_ms: int, _tracks: int) -> None:
    """Progress within a video is not shown: there are many files."""


def _known(context: Context, collection: str, sha256: str, space: TemplateSpace) -> Medium | None:
    """The medium of these bytes, if it has been looked at in this space and without a problem."""
    with reading(context.database) as connection:
        found = find_media(connection, collection, [sha256]).get(sha256)
    if found is None or found[1] != space.fingerprint or found[0].problem:
        return None
    return found[0]


def _called(context: Context, collection: str, file: FoundFile, sha256: str) -> str:
    """What people call it, who may have added it: then the file itself is named by its digest."""
    if file.path.stem != sha256:
        return file.path.name
    with reading(context.database) as connection:
        found = find_media(connection, collection, [sha256]).get(sha256)
    return file.path.name if found is None else found[0].name


def _medium(
    file: FoundFile,
    sha256: str,
    called: str,
    metadata: str | None = None,
    size: ImageInfo | VideoInfo | None = None,
) -> Medium:
    when = taken(metadata, called, file.state.modified_ns)
    width, height = (0, 0) if size is None else (size.width, size.height)
    return Medium(sha256, file.kind, called, when, "", width, height)


def _batches(
    looks: Iterable[tuple[FoundFile, _Look | ReknownError]],
) -> Iterator[list[tuple[FoundFile, _Look | ReknownError]]]:
    """As many as one transaction takes, or what there is after a while."""
    batch: list[tuple[FoundFile, _Look | ReknownError]] = []
    begun = time.monotonic()
    for each in looks:
        batch.append(each)
        if len(batch) == _BATCH_FILES or time.monotonic() - begun > _BATCH_SECONDS:
            yield batch
            batch, begun = [], time.monotonic()
    if batch:
        yield batch


def _keep(
    context: Context,
    collection: str,
    batch: list[tuple[FoundFile, _Look | ReknownError]],
    space: TemplateSpace,
    until: datetime | None,
) -> list[ScannedFile]:
    """Writes down what was seen in these files, in one durable transaction."""
    done: list[ScannedFile] = []
    media: list[str] = []
    ids: list[str] = []
    replaced = 0
    with context.database.begin() as connection:
        owner = claim(connection, collection).id
        for file, look in batch:
            if refused := _refused(connection, collection, file, look):
                done.append(ScannedFile(file.path, file.kind, ScanOutcome.REFUSED, reason=refused))
                continue
            assert isinstance(look, _Look)
            if look.sightings is None:
                key = ensure_medium(connection, owner, look.medium, space.fingerprint)
            else:
                key, before = keep_sightings(
                    connection, collection, look.medium, look.sightings, space, until
                )
                media.append(look.medium.sha256)
                ids.extend(sighting.sighting_id for sighting in look.sightings)
                replaced += before
            place_file(connection, owner, file.path, file.state, key)
            done.append(_fate(file, look))
        if media:
            record = KeepSightingsRecord(tuple(media), tuple(ids), replaced, until)
            log.append(connection, context.actor, collection, record)
    return done


def _refused(
    connection: Connection, collection: str, file: FoundFile, look: _Look | ReknownError
) -> str:
    """Why nothing is kept of a file; what was deleted meanwhile does not come back."""
    if isinstance(look, Exception):
        return str(look)
    if not file.path.exists():
        return "it was deleted meanwhile"
    # kept without what was seen in it, it would pass for looked at
    sha256 = look.medium.sha256
    if look.sightings is None and not find_media(connection, collection, [sha256]):
        return "what was known of it was deleted meanwhile: scan again"
    return ""


def _fate(file: FoundFile, look: _Look) -> ScannedFile:
    if look.sightings is None:
        return ScannedFile(file.path, file.kind, ScanOutcome.MOVED)
    if look.medium.problem:
        reason = look.medium.problem
        return ScannedFile(file.path, file.kind, ScanOutcome.REFUSED, reason=reason)
    fit = sum(sighting.fit for sighting in look.sightings)
    faces = len(look.sightings)
    return ScannedFile(file.path, file.kind, ScanOutcome.SEEN, faces, fit, warnings=look.warnings)


def _forget(context: Context, collection: str, tally: ScanTally) -> None:
    """Forgets what is gone, once what was moved has been found elsewhere."""
    keys = tally.survey.gone
    for start in range(0, len(keys), _FORGOTTEN_AT_ONCE):
        portion = keys[start : start + _FORGOTTEN_AT_ONCE]
        with context.database.begin() as connection:
            gone = forget_files(connection, collection, portion)
            record = ForgetFilesRecord(len(portion), tuple(gone))
            log.append(connection, context.actor, collection, record)
        tally.gone += len(portion)
        tally.forgotten += len(gone)
