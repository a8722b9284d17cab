"""Scores of any system: a CSV file or NumPy's npz, one comparison a row.

The columns, or arrays, are `score` and `mated` (1 or 0), and, in pairs, `subject_a` and
`subject_b`, `group_a` and `group_b`. An empty score, or -inf, is a failure to enrol or acquire.
"""

from __future__ import annotations

import csv
import hashlib
import math
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.evaluation.measures.scores import UNLABELLED, ScoreSet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from reknown.evaluation.measures.arrays import Floats, Ints, Mask


_REQUIRED = ("score", "mated")
_SUBJECTS = ("subject_a", "subject_b")
_GROUPS = ("group_a", "group_b")
_KNOWN = (*_REQUIRED, *_SUBJECTS, *_GROUPS)
_FLAGS = {"1": True, "0": False, "true": True, "false": False, "True": True, "False": False}
_MAX_ROWS = 50_000_000
_MAX_BYTES = 1 << 32


@dataclass(frozen=True, slots=True, eq=False)
class ScoreFile:
    """What the file holds.

    `scores` keeps the order of the rows on each side; `flags` bool (n,) says of every row
    whether it is mated. `subject_names` and `group_names` belong to the codes and are empty
    where the file has no such columns. `digest` is the SHA-256 of the file's bytes.
    """

    scores: ScoreSet
    flags: Mask
    subject_names: tuple[str, ...]
    group_names: tuple[str, ...]
    digest: str


def read_score_file(path: Path) -> ScoreFile:
    """Reads `path`, an npz if its name ends so, else CSV.

    Raises `InputError` with the line, or row, that is wrong: NaN or +inf, a score that is no
    number, `mated` other than 1 or 0, a mated comparison of two subjects and a non-mated one
    of one; and for unknown or missing columns, or no comparison on one of both sides.
    """
    try:
        digest = _digest(path)
        read = _read_npz if path.suffix == ".npz" else _read_csv
        columns, place = read(path)
    except OSError as error:
        reason = (error.strerror or "failed").lower()
        raise InputError(f"cannot read {path}: {reason}") from error
    except (csv.Error, UnicodeDecodeError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"cannot read {path}: {error}") from error
    return _assembled(path, columns, place, digest)


@dataclass(frozen=True, slots=True, eq=False)
class _ScoreColumns:
    """The columns in the order of the rows; texts of subjects and groups, or nothing."""

    scores: Floats
    flags: Mask
    texts: Mapping[str, Sequence[str]]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_csv(path: Path) -> tuple[_ScoreColumns, Callable[[int], str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, strict=True)
        names = [name.strip() for name in next(rows, [])]
        _check_names(path, names)
        parts: list[list[str]] = [[] for _ in names]
        lines: list[int] = []
        for row in rows:
            if not row:
                continue
            if len(row) != len(names):
                raise InputError(
                    f"{path}, line {rows.line_num}: {len(row)} values instead of {len(names)}"
                )
            if len(lines) >= _MAX_ROWS:
                raise InputError(f"{path} has more than {_MAX_ROWS:,} comparisons: split it")
            lines.append(rows.line_num)
            for part, value in zip(parts, row, strict=True):
                part.append(value)
    table = dict(zip(names, parts, strict=True))

    def place(row: int) -> str:
        return f"line {lines[row]}"

    scores = _numbers(path, table.pop("score"), place)
    flags = _flags(path, table.pop("mated"), place)
    return _ScoreColumns(scores, flags, table), place


def _read_npz(path: Path) -> tuple[_ScoreColumns, Callable[[int], str]]:
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _MAX_BYTES:
            raise InputError(f"{path} unpacks to more than 4 GiB: split it")
    with np.load(path, allow_pickle=False) as archive:
        _check_names(path, list(archive.files))
        arrays = {name: archive[name] for name in archive.files}
    shapes = {array.shape for array in arrays.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise InputError(f"{path}: all arrays have one dimension and the same length")

    def place(row: int) -> str:
        return f"row {row}"

    scores, mated = arrays.pop("score"), arrays.pop("mated")
    if scores.dtype.kind not in "fiu":
        raise InputError(f"{path}: score holds {scores.dtype}, not numbers")
    if mated.dtype.kind not in "biu" or not np.isin(mated, (0, 1)).all():
        raise InputError(f"{path}: mated holds something other than 1 and 0")
    texts = {name: [str(value) for value in array.tolist()] for name, array in arrays.items()}
    return _ScoreColumns(scores.astype(np.float64), mated.astype(bool), texts), place


def _check_names(path: Path, names: Sequence[str]) -> None:
    missing = [name for name in _REQUIRED if name not in names]
    for pair in (_SUBJECTS, _GROUPS):
        if (pair[0] in names) != (pair[1] in names):
            missing += [name for name in pair if name not in names]
    unknown = [name for name in names if name not in _KNOWN]
    if missing or unknown or len(set(names)) != len(names):
        raise InputError(
            f"{path}: the columns are score,mated and, if you like, subject_a,subject_b and "
            f"group_a,group_b, each once; missing: {', '.join(missing) or 'none'}; unknown: "
            f"{', '.join(repr(name) for name in unknown) or 'none'}"
        )


def _numbers(path: Path, texts: Sequence[str], place: Callable[[int], str]) -> Floats:
    try:
        return np.array([float(text) if text.strip() else -math.inf for text in texts], np.float64)
    except ValueError:
        for row, text in enumerate(texts):
            if text.strip() and not _is_number(text):
                raise InputError(f"{path}, {place(row)}: {text!r} is not a score") from None
        raise


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _flags(path: Path, texts: Sequence[str], place: Callable[[int], str]) -> Mask:
    for row, text in enumerate(texts):
        if text not in _FLAGS:
            raise InputError(f"{path}, {place(row)}: mated is 1 or 0, not {text!r}")
    return np.array([_FLAGS[text] for text in texts], bool)


def _assembled(
    path: Path, columns: _ScoreColumns, place: Callable[[int], str], digest: str
) -> ScoreFile:
    scores, flags = columns.scores, columns.flags
    _check_rows(path, np.isnan(scores) | (scores == math.inf), place, "NaN or +inf is not a score; "
                "leave the cell empty where the comparison failed")  # fmt: skip
    for wanted, name in ((flags, "mated"), (~flags, "non-mated")):
        if not wanted.any():
            raise InputError(f"{path} has no {name} comparison: error rates need both kinds")
    subjects, subject_names = _codes(columns.texts, _SUBJECTS)
    if subjects is not None:
        _check_rows(path, (subjects == UNLABELLED).any(axis=1), place, "a subject has no name")
        same = subjects[:, 0] == subjects[:, 1]
        _check_rows(path, same != flags, place, "mated contradicts the subjects")
    groups, group_names = _codes(columns.texts, _GROUPS)
    found = ScoreSet(
        scores[flags],
        scores[~flags],
        None if subjects is None else subjects[flags, 0],
        None if subjects is None else subjects[~flags],
        None if groups is None else groups[flags, 0],
        None if groups is None else groups[~flags],
    )
    return ScoreFile(found, flags, subject_names, group_names, digest)


def _check_rows(path: Path, wrong: Mask, place: Callable[[int], str], problem: str) -> None:
    if wrong.any():
        raise InputError(f"{path}, {place(int(np.argmax(wrong)))}: {problem}")


def _codes(
    texts: Mapping[str, Sequence[str]], pair: tuple[str, str]
) -> tuple[Ints | None, tuple[str, ...]]:
    """The codes (n, 2) of both columns, and the names; empty texts are unlabelled."""
    if pair[0] not in texts:
        return None, ()
    both = [[text.strip() for text in texts[name]] for name in pair]
    names = tuple(sorted(set(both[0]) | set(both[1]) - {""}))
    names = tuple(name for name in names if name)
    numbers = {name: number for number, name in enumerate(names)} | {"": UNLABELLED}
    codes = [np.array([numbers[text] for text in column], np.intp) for column in both]
    return np.stack(codes, axis=1), names
