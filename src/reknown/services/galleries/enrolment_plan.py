"""Who is to be enrolled from which image: a folder for each person, or a CSV file."""

from __future__ import annotations

import csv
import os
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.services.images.folders import HIDDEN, IMAGE_ENDINGS, LINKS, images_at, is_hidden

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from reknown.services.images.sources import Source

_COLUMNS = ("image", "subject")
_NOBODYS = "files in nobody's folder"


@dataclass(frozen=True, slots=True)
class Enrolee:
    """One image of one person."""

    source: Source
    subject: str

    @property
    def name(self) -> str:
        """The file's name as text, whatever bytes the file system holds; else empty."""
        if isinstance(self.source, bytes):
            return ""
        return os.fsencode(self.source.name).decode("utf-8", "replace")


def read_plan(source: Path, left_out: Counter[str] | None = None) -> list[Enrolee]:
    """The plan from a folder of folders or from a CSV file with columns image and subject.

    In a folder, each sub-folder is a person and images may lie at any depth in it; links
    are left out. In a CSV, image paths are relative to the file. `left_out` counts what a folder
    holds besides, by reason.

    Raises `InputError` when there is nothing to enrol or a line makes no sense.
    """
    try:
        return _read(source, Counter() if left_out is None else left_out)
    except OSError as error:
        reason = (error.strerror or "failed").lower()
        raise InputError(f"cannot read {source}: {reason}") from error


def _read(source: Path, left_out: Counter[str]) -> list[Enrolee]:
    if source.is_dir():
        found = sorted(_from_folder(source, left_out), key=lambda pair: pair[0])
        if not found:
            raise InputError(
                f"no images in {source}: it needs a folder for each person with .jpg, .jpeg "
                f"or .png files in it{_besides(left_out)}"
            )
        return [Enrolee(path, person) for path, person in found]
    if source.suffix.lower() in IMAGE_ENDINGS:
        raise InputError(
            f"{source} is an image: give the folder with a folder for each person, or a CSV file"
        )
    if source.is_file():
        enrolees = list(_from_csv(source))
        if not enrolees:
            raise InputError(f"no images named in {source}")
        return enrolees
    raise InputError(f"{source} is neither a folder nor a CSV file")


def _besides(left_out: Mapping[str, int]) -> str:
    listed = ", ".join(f"{count:,} {what}" for what, count in sorted(left_out.items()) if count)
    return f"; left out: {listed}" if listed else ""


def _from_folder(root: Path, left_out: Counter[str]) -> Iterator[tuple[Path, str]]:
    for person in root.iterdir():
        if person.is_symlink():
            left_out[LINKS] += 1
        elif is_hidden(person.name):
            left_out[HIDDEN] += 1
        elif not person.is_dir():
            left_out[_NOBODYS] += 1
        else:
            for path in images_at([person], left_out):
                yield path, _plain(person.name)


def _plain(name: str) -> str:
    """One spelling of what looks the same (NFC): else one person would be two."""
    return unicodedata.normalize("NFC", name)


def _from_csv(file: Path) -> Iterator[Enrolee]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, strict=True)
            missing = [column for column in _COLUMNS if column not in (rows.fieldnames or ())]
            if missing:
                raise InputError(f"{file}: the first line must name the columns image,subject")
            for row in rows:
                image, subject = ((row[column] or "").strip() for column in _COLUMNS)
                if not image or not subject:
                    raise InputError(f"{file}, line {rows.line_num}: image or subject is empty")
                yield Enrolee(file.parent / image, _plain(subject))
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {file}: {error}") from error
