"""Which images are evaluated, and who is in them: a folder for each person, or a CSV file.

Sessions and groups come from the CSV alone. Group labels are opaque strings that the operator
declares; they are compared for equality and never predicted or interpreted.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.evaluation.data.problems import Problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reknown.evaluation.measures.arrays import Ints


UNLABELLED = -1
"""The group code of a sample with an empty label, and the session code of one without."""

# Formats that cannot be read are listed too: such an image is a failure, not overlooked.
_ENDINGS = frozenset(
    {".jpg", ".jpeg", ".png", ".avif", ".bmp", ".gif", ".heic", ".heif", ".tif", ".tiff", ".webp"}
)
_IMAGE, _SUBJECT, _SESSION = "image", "subject", "session"
_MAX_BYTES = 1 << 30
_MAX_ROWS = 5_000_000
_MAX_COLUMNS = 100
_MAX_FIELD = 4_096
_TOGETHER = 1_000
_NO_GROUPS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Sample:
    """One image of one subject.

    `line` is where it stands in the CSV file, or its number in the folder, from 1. `image` is
    relative to the manifest's root, with the links of a CSV file's paths resolved. `session` is
    None when it is not known. `groups` holds the label of each group column.
    """

    line: int
    image: Path
    subject: str
    session: str | None
    groups: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The samples in the order of the file.

    `digest` is a hex SHA-256 of all that is declared: names, subjects, sessions and groups in
    their order, not the bytes of the images.
    """

    root: Path
    samples: tuple[Sample, ...]
    group_columns: tuple[str, ...]
    digest: str

    def path(self, row: int) -> Path:
        """Where the image of a sample is."""
        return self.root / self.samples[row].image

    def subjects(self) -> tuple[Ints, tuple[str, ...]]:
        """Each sample's subject as a number from 0, intp (n,), and the subjects' names, sorted."""
        return _numbered([sample.subject for sample in self.samples])

    def sessions(self) -> Ints:
        """Each sample's session as a number from 0, `UNLABELLED` without one: intp (n,).

        Sessions of two subjects are never the same, whatever they are called.
        """
        names = [
            None if sample.session is None else (sample.subject, sample.session)
            for sample in self.samples
        ]
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names)) if name}
        return np.array([numbers[name] if name else UNLABELLED for name in names], np.intp)

    def groups(self, columns: Sequence[str]) -> tuple[Ints, tuple[str, ...]]:
        """Each sample's group as a number, intp (n,), and the labels, sorted.

        Several columns together make one group, with labels joined by " / ". A sample with an
        empty label in any of them is `UNLABELLED`. Raises `InputError` for an unknown column.
        """
        for column in columns:
            if column not in self.group_columns:
                known = ", ".join(self.group_columns) or "none"
                raise InputError(f"no group column {column!r} in the manifest; it has: {known}")
        labels = [_label(sample.groups, columns) for sample in self.samples]
        names = tuple(sorted(set(labels) - {""}))
        numbers = {name: number for number, name in enumerate(names)} | {"": UNLABELLED}
        return np.array([numbers[label] for label in labels], np.intp), names


def _label(groups: Mapping[str, str], columns: Sequence[str]) -> str:
    labels = [groups[column] for column in columns]
    return " / ".join(labels) if all(labels) else ""


def _numbered(names: Sequence[str]) -> tuple[Ints, tuple[str, ...]]:
    distinct = tuple(sorted(set(names)))
    numbers = {name: number for number, name in enumerate(distinct)}
    return np.array([numbers[name] for name in names], np.intp), distinct


def read_manifest(source: Path) -> Manifest:
    """Reads a folder of folders, or a CSV file with the columns image and subject.

    In a folder, each sub-folder is a subject with its images directly in it; links are not
    followed. A CSV file is UTF-8 and may have the column session and any others, which are
    groups; its image paths are relative to its own folder and stay in it. Space around values
    is removed, and names are normalised (NFC), so that one spelling is one subject. Whether
    the images can be read shows when they are read.

    Raises `InputError`, which names the first 20 lines that are wrong.
    """
    try:
        if source.is_dir():
            return _from_folder(source)
        if source.is_file():
            return _from_csv(source)
    except OSError as error:
        reason = (error.strerror or "failed").lower()
        raise InputError(f"cannot read {source}: {reason}") from error
    raise InputError(f"{source} is neither a folder nor a CSV file")


def _from_folder(root: Path) -> Manifest:
    problems = Problems(root)
    found = sorted(_images(root, problems))
    problems.raise_any()
    if not found:
        raise InputError(
            f"no images in {root}: it needs a folder for each person with .jpg, .jpeg or .png "
            "files in it"
        )
    samples = tuple(
        Sample(number, Path(folder, name), unicodedata.normalize("NFC", folder), None, _NO_GROUPS)
        for number, (folder, name) in enumerate(found, 1)
    )
    return Manifest(root, samples, (), _digest(samples, ()))


def _images(root: Path, problems: Problems) -> Iterator[tuple[str, str]]:
    """The names of subjects' folders and of the images in them."""
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _images_of(entry, problems)
            elif _is_image(entry):
                problems.add(0, f"{_printable(entry.name)}: put it into its person's folder")


def _images_of(person: os.DirEntry[str], problems: Problems) -> Iterator[tuple[str, str]]:
    with os.scandir(person) as entries:
        for entry in entries:
            shown = _printable(f"{person.name}/{entry.name}")
            if entry.is_dir(follow_symlinks=False):
                problems.add(0, f"{shown}: images lie directly in their person's folder")
            elif _is_image(entry):
                if problem := _unprintable(shown, f"{person.name}/{entry.name}"):
                    problems.add(0, problem)
                yield person.name, entry.name


def _is_image(entry: os.DirEntry[str]) -> bool:
    ending = os.path.splitext(entry.name)[1].lower()
    return ending in _ENDINGS and entry.is_file(follow_symlinks=False)


def _unprintable(shown: str, name: str) -> str:
    return f"{shown}: the name is not UTF-8, rename it" if shown != name else ""


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True, slots=True)
class _ManifestColumns:
    """Where things stand in a row."""

    width: int
    image: int
    subject: int
    session: int | None
    groups: tuple[tuple[str, int], ...]


def _from_csv(file: Path) -> Manifest:
    if file.stat().st_size > _MAX_BYTES:
        raise InputError(f"{file} has more than {_MAX_BYTES:,} bytes: split it")
    problems = Problems(file)
    # bytes that are no UTF-8 come through, to be reported with their line
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        rows = _rows(lines, problems)
        columns = _columns(next(rows, (0, []))[1], file)
        samples = tuple(_SampleReader(file.parent, columns, problems).samples(rows))
    problems.raise_any()
    if not samples:
        raise InputError(f"no images named in {file}")
    names = tuple(name for name, _ in columns.groups)
    return Manifest(file.parent, samples, names, _digest(samples, names))


def _rows(lines: Iterator[str], problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line that they begin on; blank lines and what follows a broken quote not."""
    reader = csv.reader(lines, strict=True)
    line = 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        problems.add(line, f"{error}: look for a quotation mark too many; nothing below was read")


def _columns(header: list[str], file: Path) -> _ManifestColumns:
    names = [unicodedata.normalize("NFC", name.strip()) for name in header]
    if _IMAGE not in names or _SUBJECT not in names:
        raise InputError(f"{file}: the first line must name the columns image,subject")
    if len(set(names)) < len(names) or not all(names) or _broken(names):
        raise InputError(f"{file}, line 1: each column needs a name of its own, in UTF-8")
    if len(names) > _MAX_COLUMNS:
        raise InputError(f"{file}, line 1: {_MAX_COLUMNS} columns are allowed")
    groups = tuple(
        (name, at) for at, name in enumerate(names) if name not in {_IMAGE, _SUBJECT, _SESSION}
    )
    session = names.index(_SESSION) if _SESSION in names else None
    return _ManifestColumns(len(names), names.index(_IMAGE), names.index(_SUBJECT), session, groups)


def _broken(row: Sequence[str]) -> str:
    """What is wrong with the characters of a row, or nothing."""
    text = "".join(row)
    if "\0" in text:
        return "a NUL in it"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "not UTF-8: save the file as UTF-8"
    if len(text) > _MAX_FIELD and max(map(len, row)) > _MAX_FIELD:
        return f"a value of more than {_MAX_FIELD:,} characters: look for a missing quotation mark"
    return ""


class _SampleReader:
    """Rows of a CSV file -> samples; equal texts are kept once."""

    def __init__(self, root: Path, columns: _ManifestColumns, problems: Problems) -> None:
        self._columns = columns
        self._problems = problems
        self._places = _Places(root)
        self._lines: dict[str, int] = {}
        self._texts: dict[str, str] = {}
        self._groups: dict[tuple[str, ...], Mapping[str, str]] = {}

    def samples(self, rows: Iterator[tuple[int, list[str]]]) -> Iterator[Sample]:
        for number, (line, row) in enumerate(rows, 1):
            if number > _MAX_ROWS:
                self._problems.add(line, f"more than {_MAX_ROWS:,} rows: split the file")
                return
            try:
                yield self._sample(line, row)
            except InputError as error:
                self._problems.add(line, str(error))

    def _sample(self, line: int, row: list[str]) -> Sample:
        columns = self._columns
        if len(row) != columns.width:
            raise InputError(f"{len(row)} values where the first line names {columns.width}")
        if problem := _broken(row):
            raise InputError(problem)
        subject = self._text(row[columns.subject])
        if not subject:
            raise InputError("the subject is empty")
        image = self._places.inside(row[columns.image].strip())
        before = self._lines.setdefault(image, line)
        if before != line:
            raise InputError(f"the same image as on line {before}")
        session = None if columns.session is None else self._text(row[columns.session]) or None
        return Sample(line, Path(image), subject, session, self._labels(row))

    def _text(self, value: str) -> str:
        known = self._texts.get(value)
        if known is None:
            known = unicodedata.normalize("NFC", value.strip())
            self._texts[value] = known
        return known

    def _labels(self, row: list[str]) -> Mapping[str, str]:
        values = tuple([row[at] for _, at in self._columns.groups])
        known = self._groups.get(values)
        if known is None:
            names = (name for name, _ in self._columns.groups)
            known = MappingProxyType(dict(zip(names, map(self._text, values), strict=True)))
            self._groups[values] = known
        return known


class _Places:
    """Keeps image paths within a folder; each sub-folder is looked up once."""

    def __init__(self, root: Path) -> None:
        self._root = _with_slash(os.path.realpath(root))
        self._folders: dict[str, str] = {}

    def inside(self, image: str) -> str:
        """The image's path relative to the root, with links resolved; `InputError` outside."""
        if not image:
            raise InputError("the image is empty")
        if image.startswith("/"):
            raise InputError("the image path is absolute: give it relative to this file")
        if ".." in image and ".." in image.split("/"):
            raise InputError("the image path leads out with ..: keep images below this file")
        folder, _, name = image.rpartition("/")
        real = self._folder(folder) + name
        if os.path.islink(real):
            real = os.path.realpath(real)
        if not real.startswith(self._root):
            raise InputError("a link leads out of this file's folder: keep images below it")
        return real[len(self._root) :]

    def _folder(self, folder: str) -> str:
        known = self._folders.get(folder)
        if known is None:
            known = _with_slash(os.path.realpath(self._root + folder))
            self._folders[folder] = known
        return known


def _with_slash(folder: str) -> str:
    return folder.rstrip("/") + "/"


def _digest(samples: Sequence[Sample], group_columns: Sequence[str]) -> str:
    digest = hashlib.sha256(json.dumps(group_columns).encode())
    for start in range(0, len(samples), _TOGETHER):
        rows = [
            (str(sample.image), sample.subject, sample.session, tuple(sample.groups.values()))
            for sample in samples[start : start + _TOGETHER]
        ]
        digest.update(json.dumps(rows).encode())
    return digest.hexdigest()
