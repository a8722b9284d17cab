"""Which files below folders are new, changed or gone since they were looked at."""

from __future__ import annotations

import os
import stat
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.biometrics.sightings import MediumKind
from reknown.gallery.collections import require
from reknown.gallery.media import FileStamp, files_in, folders_below
from reknown.services.images.files import require_places
from reknown.storage.database import reading
from reknown.vision.folders import HIDDEN, IMAGE_ENDINGS, LINKS, is_hidden

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reknown.gallery.media import KnownFile
    from reknown.storage.database import Database

_VIDEOS = frozenset(
    {".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".vob", ".ts"}
    | {".mts", ".m2ts", ".wmv", ".asf", ".flv", ".3gp", ".3g2", ".divx"}
)
OTHERS = "files that are no images or videos by their names"
NAMELESS = "names that are no text in UTF-8"
UNREADABLE = "folders that cannot be read"
EMPTY = "empty files"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that is new or has changed."""

    path: Path
    kind: MediumKind
    state: FileStamp


@dataclass(slots=True)
class Survey:
    """What a walk through folders has counted so far.

    `gone` are the keys of known files that are not there any more, `left_out` says how many of
    what else there is were passed over, by reason.
    """

    unchanged: int = 0
    gone: list[int] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def survey(
    database: Database, collection: str, places: Sequence[Path], counted: Survey, *, again: bool
) -> Iterator[FoundFile]:
    """The files below these folders, and these files, that have to be looked at; in order.

    With `again` also those that nothing could be seen in before, and those looked at with
    another model pack. Only one folder's names are held at a time.

    Raises `InputError` for a place that is not there, and for a folder that is empty where it
    was not before, as a drive that is not mounted is.
    """
    places = [Path(os.path.abspath(place)) for place in places]
    require_places(places)
    with reading(database) as connection:
        owner = require(connection, collection)
    walk = _Walk(database, owner.id, owner.fingerprint, counted, again)
    for place in places:
        yield from walk.below(place) if place.is_dir() else walk.file(place)


@dataclass(frozen=True, slots=True)
class _Walk:
    database: Database
    owner: int
    fingerprint: str
    counted: Survey
    again: bool

    def below(self, root: Path) -> Iterator[FoundFile]:
        self._require_mounted(root)
        visited: set[str] = set()
        unread: list[OSError] = []
        for folder, inner, _ in os.walk(root, onerror=unread.append):
            inner[:] = sorted(name for name in inner if self._enters(folder, name))
            visited.add(folder)
            yield from self._changed(folder)
        self.counted.left_out[UNREADABLE] += len(unread)
        closed = {str(error.filename) for error in unread}
        for folder in self._folders_below(root):
            # what cannot be read now is not gone
            if folder not in visited and not any(_is_below(folder, name) for name in closed):
                self.counted.gone.extend(each.key for each in self._known(folder).values())

    def file(self, path: Path) -> Iterator[FoundFile]:
        known = self._known(str(path.parent))
        if (found := self._found(path, path.stat(), known)) is not None:
            yield found

    def _changed(self, folder: str) -> Iterator[FoundFile]:
        known = self._known(folder)
        present: set[str] = set()
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            self.counted.left_out[UNREADABLE] += 1
            return
        for entry in listed:
            if entry.is_dir(follow_symlinks=False):
                continue
            if not self._is_ours(entry):
                continue
            present.add(entry.name)
            try:
                found = self._found(Path(entry.path), entry.stat(follow_symlinks=False), known)
            except OSError:  # gone since
                continue
            if found is not None:
                yield found
        self.counted.gone.extend(each.key for name, each in known.items() if name not in present)

    def _found(
        self, path: Path, status: os.stat_result, known: Mapping[str, KnownFile]
    ) -> FoundFile | None:
        state, before = FileStamp(status.st_size, status.st_mtime_ns), known.get(path.name)
        if before is not None and before.state == state and not self._wants(before):
            self.counted.unchanged += 1
            return None
        if not status.st_size:
            self.counted.left_out[EMPTY] += 1
            return None
        suffix = path.suffix.lower()
        kind = MediumKind.VIDEO if suffix in _VIDEOS else MediumKind.IMAGE
        return FoundFile(path, kind, state)

    def _wants(self, before: KnownFile) -> bool:
        return before.fingerprint != self.fingerprint or (self.again and bool(before.problem))

    def _is_ours(self, entry: os.DirEntry[str]) -> bool:
        reason = None
        if entry.is_symlink():
            reason = LINKS
        elif is_hidden(entry.name):
            reason = HIDDEN
        elif os.path.splitext(entry.name)[1].lower() not in IMAGE_ENDINGS | _VIDEOS:
            reason = OTHERS
        elif not _is_text(entry.name):
            reason = NAMELESS
        elif not stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
            reason = OTHERS
        if reason is not None:
            self.counted.left_out[reason] += 1
        return reason is None

    def _enters(self, folder: str, name: str) -> bool:
        reason = None
        if os.path.islink(os.path.join(folder, name)):
            reason = LINKS
        elif is_hidden(name):
            reason = HIDDEN
        elif not _is_text(name):
            reason = NAMELESS
        if reason is not None:
            self.counted.left_out[reason] += 1
        return reason is None

    def _known(self, folder: str) -> dict[str, KnownFile]:
        # a long look at the database would keep deletions from being cleaned up
        with reading(self.database) as connection:
            return files_in(connection, self.owner, folder)

    def _folders_below(self, root: Path) -> list[str]:
        with reading(self.database) as connection:
            return folders_below(connection, self.owner, str(root))

    def _require_mounted(self, root: Path) -> None:
        with os.scandir(root) as entries:
            if next(entries, None) is not None:
                return
        if self._folders_below(root):
            raise InputError(
                f"{root} is empty and was not before: is its drive mounted? If its files are gone "
                "for good, `reknown sightings forget` forgets what was seen in them"
            )


def _is_below(folder: str, above: str) -> bool:
    return folder == above or folder.startswith(above.rstrip("/") + "/")


def _is_text(name: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in name)
