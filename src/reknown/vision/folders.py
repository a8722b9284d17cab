"""Folders of people's files: the one walk through them, and what of them is left alone."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

IMAGE_ENDINGS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".avif", ".bmp", ".gif", ".heic", ".heif"}
    | {".hif", ".tif", ".tiff", ".webp"}
)
HIDDEN = "hidden files and folders, and those of the system"
LINKS = "links, which are not followed"
OTHERS = "files that are no images by their names"
SPECIAL = "pipes, sockets and devices"
# What network storage, Windows, macOS and Linux put beside people's files.
_OF_SYSTEMS = frozenset(
    {"@eadir", "@tmp", "@recycle", "@recently-snapshot", "#recycle", "#snapshot", "__macosx"}
    | {"$recycle.bin", "recycler", "system volume information", "thumbs.db", "ehthumbs.db"}
    | {"desktop.ini", "lost+found"}
)


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or a system's own."""
    return name.startswith(".") or name.lower() in _OF_SYSTEMS


def is_image_name(name: str) -> bool:
    """Whether a file of this name should be an image."""
    return os.path.splitext(name)[1].lower() in IMAGE_ENDINGS


def told(left_out: Mapping[str, int]) -> str:
    """What was left out and why, for the end of a message; empty where nothing was."""
    listed = ", ".join(f"{count:,} {what}" for what, count in sorted(left_out.items()) if count)
    return f"; left out: {listed}" if listed else ""


def walk(
    folder: Path,
    left_out: Counter[str] | None = None,
    *,
    links: bool = False,
    hidden: bool = False,
) -> Iterator[Path]:
    """The regular files in the folder at any depth, by name, files before folders.

    What is hidden is left alone but with `hidden`; the folder itself may be called anything. Links
    to folders are never followed, to files only with `links`. `left_out` counts all that by
    reason. A folder that cannot be read comes as if it were a file, to be complained of in its
    turn.
    """
    counted = Counter[str]() if left_out is None else left_out
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            yield here
            continue
        below: list[Path] = []
        for entry in found:
            if reason := _reason(entry, links=links, hidden=hidden):
                counted[reason] += 1
            elif entry.is_dir(follow_symlinks=False):
                below.append(Path(entry.path))
            else:
                yield Path(entry.path)
        waiting.extend(reversed(below))


def gaps_below(folder: Path) -> Iterator[Path]:
    """Links, which `walk` does not follow, and empty folders: what lay there may lie elsewhere.

    Behind the link, or on a drive that is mounted there at other times.
    """
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                listed = list(entries)
        except OSError:
            continue  # `walk` complains of it
        if not listed and here != folder:
            yield here
        found = [entry for entry in listed if not is_hidden(entry.name)]
        for entry in found:
            if entry.is_symlink():
                yield Path(entry.path)
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))


def images_at(places: Iterable[Path], left_out: Counter[str] | None = None) -> Iterator[Path]:
    """These files, and in place of a folder those of `walk` that are images by their names."""
    counted = Counter[str]() if left_out is None else left_out
    for place in places:
        if not place.is_dir():
            yield place
            continue
        for path in walk(place, counted):
            if is_image_name(path.name) or path.is_dir():
                yield path
            else:
                counted[OTHERS] += 1


def _reason(entry: os.DirEntry[str], *, links: bool, hidden: bool) -> str:
    """Why it is left alone; empty for a folder, or a file that is to be had."""
    if is_hidden(entry.name) and not hidden:
        return HIDDEN
    if entry.is_symlink():
        # whoever reads a broken one is told why that does not work
        return "" if links and not entry.is_dir() else LINKS
    if entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False):
        return ""
    return SPECIAL
