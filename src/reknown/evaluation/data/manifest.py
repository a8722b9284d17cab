"""Which images are evaluated, and who is in them: a folder for each person, or a CSV file.

Sessions and groups come from the CSV alone. Group labels are opaque strings that the operator
declares; they are compared for equality and never predicted or interpreted.
"""

from __future__ import annotations

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
from reknown.biometrics.problems import Problems
from reknown.vision.folders import images_at
from reknown.vision.lists import open_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reknown.evaluation.measures.arrays import Ints
    from reknown.vision.lists import PictureList


UNLABELLED = -1
"""The group code of a sample with an empty label, and the session code of one without."""

_SESSION = "session"
_TOGETHER = 1_000
_NO_GROUPS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Sample:
    """One image of one subject.

    `line` is where it stands in the CSV file, or its number in the folder, from 1. `image` is
    relative to the manifest's root, or absolute outside it, with the links of a CSV file's paths
    resolved. `session` is None when it is not known. `groups` holds the label of each group column.
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


def read_manifest(source: Path, root: Path | None = None) -> Manifest:
    """Reads a folder of folders, or a CSV file with the columns image and subject.

    In a folder, each sub-folder is a subject with its images directly in it; links are
    not followed, and what is hidden or the system's own is left alone. A CSV file (`vision/lists`)
    may have the column session and any others, which are groups; its image paths are relative to
    `root`, its own folder if none is given, and stay in it, or are absolute. Space around values
    is removed, and names are normalised (NFC), so that one spelling is one subject. Whether
    the images can be read shows when they are read.

    Raises `InputError`, which names the first 20 lines that are wrong.
    """
    try:
        if source.is_dir():
            if root is not None:
                raise InputError("--root is for a CSV file: a folder is its own root")
            return _from_folder(source)
        if source.is_file():
            return _from_csv(source, source.parent if root is None else root)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "no such file").lower()
        raise InputError(f"cannot read {source}: {reason}") from error
    raise InputError(f"{source} is neither a folder nor a CSV file")


def read_uploaded(data: bytes, root: Path) -> Manifest:
    """A CSV file that somebody has sent, whose pictures lie below `root` and nowhere else.

    It is read from memory and comes to no disk: who is in it is nobody's business. Raises
    `InputError` as `read_manifest` does, and for paths that are absolute.
    """
    with os.fdopen(os.memfd_create("manifest"), "w+b") as memory:
        memory.write(data)
        memory.flush()
        place = Path(f"/proc/self/fd/{memory.fileno()}")
        try:
            manifest = _from_csv(place, root)
        except InputError as error:
            raise InputError(str(error).replace(str(place), "the manifest")) from error
    problems = Problems(Path("the manifest"))
    for sample in manifest.samples:
        if sample.image.is_absolute():
            problems.add(sample.line, "the path leads out of the folder: give it from there on")
    problems.raise_any()
    return manifest


def _from_folder(root: Path) -> Manifest:
    problems = Problems(root)
    found = sorted(_images(root, problems))
    problems.raise_any()
    if not found:
        raise InputError(
            f"no images in {root}: it needs a folder for each person with images in it"
        )
    samples = tuple(
        Sample(number, Path(folder, name), unicodedata.normalize("NFC", folder), None, _NO_GROUPS)
        for number, (folder, name) in enumerate(found, 1)
    )
    return Manifest(root, samples, (), _digest(samples, ()))


def _images(root: Path, problems: Problems) -> Iterator[tuple[str, str]]:
    """The names of subjects' folders and of the images in them."""
    depth = len(root.parts)
    for path in images_at([root]):
        person, *below = path.parts[depth:]
        if not below:
            problems.add(0, f"{_printable(person)}: put it into its person's folder")
            continue
        if len(below) > 1:
            deep = _printable(f"{person}/{below[0]}")
            problems.add(0, f"{deep}: images lie directly in their person's folder")
        elif problem := _unprintable(f"{person}/{below[0]}"):
            problems.add(0, problem)
        yield person, below[0]


def _unprintable(name: str) -> str:
    shown = _printable(name)
    return f"{shown}: the name is not UTF-8, rename it" if shown != name else ""


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True, slots=True)
class _ManifestColumns:
    """Where things stand in a row."""

    image: int
    subject: int
    session: int | None
    groups: tuple[tuple[str, int], ...]


def _from_csv(file: Path, root: Path) -> Manifest:
    problems = Problems(file)
    with open_list(file, problems) as listed:
        columns = _columns(listed)
        samples = tuple(_SampleReader(root, columns, problems).samples(listed.rows))
    problems.raise_any()
    if not samples:
        raise InputError(f"no images named in {file}")
    names = tuple(name for name, _ in columns.groups)
    return Manifest(root, samples, names, _digest(samples, names))


def _columns(listed: PictureList) -> _ManifestColumns:
    session = next((n for n, name in enumerate(listed.names) if name.lower() == _SESSION), None)
    known = {listed.image, listed.subject, session}
    groups = tuple((name, at) for at, name in enumerate(listed.names) if at not in known)
    return _ManifestColumns(listed.image, listed.subject, session, groups)


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
        for line, row in rows:
            try:
                yield self._sample(line, row)
            except InputError as error:
                self._problems.add(line, str(error))

    def _sample(self, line: int, row: list[str]) -> Sample:
        columns = self._columns
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
    """Keeps relative paths within a folder; each sub-folder is looked up once."""

    def __init__(self, root: Path) -> None:
        self._root = _with_slash(os.path.realpath(root))
        self._folders: dict[str, str] = {}

    def inside(self, image: str) -> str:
        """The image's path relative to the root, with links resolved; `InputError` outside.

        An absolute path is where it says, and stays absolute outside the root.
        """
        if not image:
            raise InputError("the image is empty")
        if image.startswith("/"):
            folder, _, name = image.rpartition("/")
            return os.path.realpath(self._folder(folder) + name).removeprefix(self._root)
        if ".." in image and ".." in image.split("/"):
            raise InputError(
                "the image path leads out with ..: give --root, or the path from the root on"
            )
        folder, _, name = image.rpartition("/")
        real = self._folder(folder) + name
        if os.path.islink(real):
            real = os.path.realpath(real)
        if not real.startswith(self._root):
            raise InputError("a link leads out of the folder: give the path that it leads to")
        return real[len(self._root) :]

    def _folder(self, folder: str) -> str:
        known = self._folders.get(folder)
        if known is None:
            # joined to an absolute folder, the root counts for nothing
            known = _with_slash(os.path.realpath(os.path.join(self._root, folder)))
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
