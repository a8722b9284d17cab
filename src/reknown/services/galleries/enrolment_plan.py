"""Who is to be enrolled from which image: a folder for each person, or a CSV file."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.biometrics.problems import Problems
from reknown.gallery.names import normalised
from reknown.services.galleries.enrolees import Enrolee, GivenBox, as_text
from reknown.services.galleries.shared_images import with_others
from reknown.vision.folders import images_at, told
from reknown.vision.lists import open_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reknown.vision.lists import PictureList

_NOBODYS = "files in nobody's folder"
_LARGEST = 1e9
_BOX = ("left", "top", "width", "height")


def read_plan(
    source: Path, left_out: Counter[str] | None = None, root: Path | None = None
) -> list[Enrolee]:
    """The plan from a folder of folders or from a CSV file with columns image and subject.

    In a folder, each sub-folder is a person and images may lie at any depth in it. `left_out`
    counts what a folder holds besides, by reason. In a CSV, image paths are relative to `root`, the
    file's own folder if none is given, or absolute; with the columns left, top, width and height
    (`GivenBox`) a line says which face is meant. Names are normalised (NFC), so that one spelling
    is one person.

    Raises `InputError` when there is nothing to enrol, or that names the lines that make no sense.
    """
    try:
        return with_others(_read(source, Counter() if left_out is None else left_out, root))
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "no such file").lower()
        raise InputError(f"cannot read {source}: {reason}") from error


def _read(source: Path, left_out: Counter[str], root: Path | None) -> list[Enrolee]:
    if source.is_dir():
        if root is not None:
            raise InputError("--root is for a CSV file: a folder is its own root")
        found = sorted(_from_folder(source, left_out), key=lambda enrolee: enrolee.source)
        if not found:
            raise InputError(
                f"no images in {source}: it needs a folder for each person with images in it"
                f"{told(left_out)}"
            )
        return found
    if source.is_file():
        enrolees = _from_csv(source, source.parent if root is None else root)
        if not enrolees:
            raise InputError(f"no images named in {source}")
        return enrolees
    raise InputError(f"{source} is neither a folder nor a CSV file")


def _from_folder(root: Path, left_out: Counter[str]) -> Iterator[Enrolee]:
    origin, depth = as_text(os.path.realpath(root)), len(root.parts)
    next(root.iterdir(), None)  # raises where it cannot be read
    for path in images_at([root], left_out):
        person, *below = path.parts[depth:]
        if below or path.is_dir():  # a folder that cannot be read, to be complained of
            label = as_text("/".join(below))
            yield Enrolee(path, normalised(as_text(person)), None, label, origin)
        else:
            left_out[_NOBODYS] += 1


def _from_csv(file: Path, root: Path) -> list[Enrolee]:
    problems = Problems(file)
    with open_list(file, problems) as listed:
        reader = _LineReader(root, listed)
        enrolees = list(reader.enrolees(problems))
    problems.raise_any()
    return enrolees


class _LineReader:
    """Rows of a CSV file -> enrolees."""

    def __init__(self, root: Path, listed: PictureList) -> None:
        self._root, self._listed = root, listed
        names = [name.casefold() for name in listed.names]
        boxed = all(side in names for side in _BOX)
        self._box = [names.index(side) for side in _BOX] if boxed else []

    def enrolees(self, problems: Problems) -> Iterator[Enrolee]:
        for line, row in self._listed.rows:
            try:
                yield self._enrolee(row)
            except InputError as error:
                problems.add(line, str(error))

    def _enrolee(self, row: Sequence[str]) -> Enrolee:
        image, subject = row[self._listed.image].strip(), row[self._listed.subject].strip()
        if not image:
            raise InputError("the image is empty")
        if not subject:
            raise InputError("the subject is empty")
        subject, path = normalised(subject), Path(image)
        # a folder named after the person is left out, so that no trace of the name outlives them
        parts = [part for part in path.parts if normalised(part) != subject]
        label = "" if path.is_absolute() else "/".join(parts)
        return Enrolee(self._root / path, subject, self._place(row), label)

    def _place(self, row: Sequence[str]) -> GivenBox | None:
        values = [row[place].strip() for place in self._box]
        if not any(values):
            return None
        try:
            box = GivenBox(*(float(value.replace(",", ".")) for value in values))
        except ValueError:
            box = None
        # no NaN is less than anything
        if box is None or not (
            box.width > 0 and box.height > 0 and all(abs(n) < _LARGEST for n in astuple(box))
        ):
            raise InputError("left, top, width and height take numbers as in `reknown detect`")
        return box
