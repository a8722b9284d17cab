"""Who is to be enrolled from which image: a folder for each person, or a CSV file."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.services.images.sources import Source

# Formats that will be refused are listed so that they are refused by name, not overlooked.
_ENDINGS = frozenset(
    {".jpg", ".jpeg", ".png", ".avif", ".bmp", ".gif", ".heic", ".heif", ".tif", ".tiff", ".webp"}
)
_COLUMNS = ("image", "subject")


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


def read_plan(source: Path) -> list[Enrolee]:
    """The plan from a folder of folders or from a CSV file with columns image and subject.

    In a folder, each sub-folder is a person and images may lie at any depth in it; links
    are not followed. In a CSV, image paths are relative to the file.

    Raises `InputError` when there is nothing to enrol or a line makes no sense.
    """
    try:
        return _read(source)
    except OSError as error:
        reason = (error.strerror or "failed").lower()
        raise InputError(f"cannot read {source}: {reason}") from error


def _read(source: Path) -> list[Enrolee]:
    if source.is_dir():
        found = sorted(_from_folder(source), key=lambda pair: pair[0])
        plan = [Enrolee(path, person) for path, person in found]
        if not plan:
            raise InputError(
                f"no images in {source}: it needs a folder for each person with .jpg, .jpeg "
                "or .png files in it"
            )
        return plan
    if source.is_file():
        plan = list(_from_csv(source))
        if not plan:
            raise InputError(f"no images named in {source}")
        return plan
    raise InputError(f"{source} is neither a folder nor a CSV file")


def _from_folder(root: Path) -> Iterator[tuple[Path, str]]:
    for person in root.iterdir():
        if person.is_symlink() or not person.is_dir():
            continue
        for folder, _, names in os.walk(person, onerror=_raise):
            paths = (Path(folder, name) for name in names)
            for path in paths:
                if path.suffix.lower() in _ENDINGS and not path.is_symlink():
                    yield path, person.name


def _raise(error: OSError) -> None:
    raise error


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
                yield Enrolee(file.parent / image, subject)
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {file}: {error}") from error
