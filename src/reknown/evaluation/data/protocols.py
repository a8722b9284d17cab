"""Which samples are compared with which: listed pairs, all pairs, probes with a gallery."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.problems import Problems
from reknown.biometrics.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from reknown.evaluation.data.duplicates import Duplicates
    from reknown.evaluation.data.manifest import Manifest
    from reknown.evaluation.measures.arrays import Ints, Mask


_PAIR_COLUMNS = ["fold", "image_a", "image_b", "same"]
_MAX_PAIRS = 10_000_000
_MAX_FOLDS = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class ListedPairs:
    """m comparisons of a published list.

    `first`, `second` intp (m,): rows of the manifest. `mated` bool (m,). `fold` intp (m,),
    from 0.
    """

    first: Ints
    second: Ints
    mated: Mask
    fold: Ints


@dataclass(frozen=True, slots=True, eq=False)
class AllPairs:
    """Every sample with every other, once; described, not listed.

    `subjects` intp (n,): numbers from 0. `sessions` intp (n,): equal numbers are one session,
    negative is not known. With `skip_same_session`, mated pairs of one session are left out.
    """

    subjects: Ints
    sessions: Ints
    skip_same_session: bool = False

    @property
    def mated(self) -> int:
        """How many pairs are of one subject, before anything is left out."""
        counts = np.bincount(self.subjects)
        return int((counts * (counts - 1) // 2).sum())

    @property
    def non_mated(self) -> int:
        """How many pairs are of two subjects."""
        count = len(self.subjects)
        return count * (count - 1) // 2 - self.mated


@dataclass(frozen=True, slots=True, eq=False)
class GallerySplit:
    """A gallery and the probes to search in it, as rows of the manifest.

    `gallery` intp (g,): the references, by subject. `mated_probes` intp (p,): of enrolled
    subjects, never a reference themselves; `same_session` bool (p,): one of the subject's
    references is of the same session. `non_mated_probes` intp (q,): of subjects who are not
    enrolled. `subjects` intp (n,): the subject of each row of the manifest.
    """

    subjects: Ints
    gallery: Ints
    mated_probes: Ints
    same_session: Mask
    non_mated_probes: Ints

    def without_duplicates(self, duplicates: Duplicates) -> GallerySplit:
        """Without the mated probes whose image is in the gallery, under any name."""
        enrolled = np.zeros(len(self.subjects), bool)
        enrolled[self.gallery] = True
        copies = np.zeros(len(self.subjects), bool)
        copies[duplicates.first[enrolled[duplicates.second]]] = True
        copies[duplicates.second[enrolled[duplicates.first]]] = True
        return self._with_probes(~copies[self.mated_probes])

    def _with_probes(self, kept: Mask) -> GallerySplit:
        return GallerySplit(
            self.subjects,
            self.gallery,
            self.mated_probes[kept],
            self.same_session[kept],
            self.non_mated_probes,
        )


def all_pairs(manifest: Manifest, *, skip_same_session: bool = False) -> AllPairs:
    """Every sample of the manifest with every other."""
    subjects, _ = manifest.subjects()
    return AllPairs(subjects, manifest.sessions(), skip_same_session)


def official_pairs(path: Path, manifest: Manifest) -> ListedPairs:
    """The pairs of a CSV file with the columns fold, image_a, image_b and same (1 or 0).

    Images are named as in the manifest, relative to its root. Raises `InputError`, which
    names the first 20 lines that are wrong: an unknown image, a label that contradicts the
    subjects of the manifest, an image with itself, a pair listed twice.
    """
    reader = _PairReader(path, manifest)
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.reader(lines, strict=True)
            if next(rows, None) != _PAIR_COLUMNS:
                raise InputError(f"{path}: the first line must be {','.join(_PAIR_COLUMNS)}")
            for row in rows:
                if row:
                    reader.add(rows.line_num, row)
    except OSError as error:
        reason = (error.strerror or "failed").lower()
        raise InputError(f"cannot read {path}: {reason}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {error}") from error
    return reader.finish()


class _PairReader:
    def __init__(self, path: Path, manifest: Manifest) -> None:
        self._path = path
        self._subjects, _ = manifest.subjects()
        self._rows: Mapping[str, int] = {
            sample.image.as_posix(): row for row, sample in enumerate(manifest.samples)
        }
        self._pairs: dict[tuple[int, int], tuple[bool, int]] = {}
        self._problems = Problems(path)

    def add(self, line: int, row: list[str]) -> None:
        if len(self._pairs) >= _MAX_PAIRS:
            raise InputError(f"more than {_MAX_PAIRS:,} pairs: split the file")
        if problem := self._add(row):
            self._problems.add(line, problem)

    def _add(self, row: list[str]) -> str:
        """Keeps a pair, or says what is wrong with it."""
        if len(row) != len(_PAIR_COLUMNS):
            return f"{len(row)} values instead of {len(_PAIR_COLUMNS)}"
        fold, first, second, same = row
        if not (fold.isascii() and fold.isdigit() and len(fold) < 5 and int(fold) < _MAX_FOLDS):
            return f"the fold is not a number from 0 to {_MAX_FOLDS - 1}"
        if same not in {"0", "1"}:
            return "same is neither 0 nor 1"
        for name in (first, second):
            if name not in self._rows:
                return f"{name!r} is not in the manifest"
        return self._keep(self._rows[first], self._rows[second], same == "1", int(fold))

    def _keep(self, first: int, second: int, mated: bool, fold: int) -> str:
        pair = (first, second)
        if first == second:
            return "an image with itself"
        if mated != bool(self._subjects[first] == self._subjects[second]):
            return "same contradicts the subjects of the manifest"
        if pair in self._pairs or pair[::-1] in self._pairs:
            return "this pair is listed twice"
        self._pairs[pair] = (mated, fold)
        return ""

    def finish(self) -> ListedPairs:
        self._problems.raise_any()
        if not self._pairs:
            raise InputError(f"no pairs in {self._path}")
        pairs = np.array(list(self._pairs), np.intp)
        mated, fold = zip(*self._pairs.values(), strict=True)
        return ListedPairs(pairs[:, 0], pairs[:, 1], np.array(mated), np.array(fold, np.intp))


def tuning_subjects(names: Sequence[str], share: float = 0.5, salt: str = "") -> Mask:
    """Which subjects, by name, are for choosing thresholds; the others are for testing.

    bool (s,). Decided for each alone, by a hash of its name and `salt`, so that it stays where it
    is when others come or go. `share` of them, 0 to 1, is on average what is chosen.
    """
    return np.array([_draw("tune", salt, name) < share for name in names], bool)


def gallery_split(
    manifest: Manifest, enrolled: int, references: int = 1, *, seed: str = ""
) -> GallerySplit:
    """Draws `enrolled` subjects with `references` samples each; what is left are the probes.

    Only subjects with more samples than that are enrolled, so that each has a probe. The draw
    is by hashes of `seed` and the names: a larger gallery of the same seed holds the smaller.

    Raises `InputError` when there are too few such subjects, or nobody is left to search for
    in vain.
    """
    if enrolled < 1 or references < 1:
        raise InputError("a gallery needs a subject and a reference at least")
    subjects, names = manifest.subjects()
    able = np.flatnonzero(np.bincount(subjects) > references)
    if len(able) < enrolled:
        raise InputError(
            f"{counted(len(able), 'subject has', 'subjects have')} more than "
            f"{counted(references, 'sample')}; {enrolled:,} are to be enrolled: ask for fewer "
            "subjects or references"
        )
    if enrolled == len(names):
        raise InputError("all subjects would be enrolled: leave some out for non-mated searches")
    chosen = _first(able, [_draw("enrol", seed, names[number]) for number in able], enrolled)
    gallery = np.concatenate(list(_references(manifest, subjects, chosen, references, seed)))
    return _split(manifest.sessions(), subjects, chosen, gallery)


def _split(sessions: Ints, subjects: Ints, chosen: Ints, gallery: Ints) -> GallerySplit:
    probe = np.ones(len(subjects), bool)
    probe[gallery] = False
    known = np.isin(subjects, chosen)
    mated = np.flatnonzero(probe & known)
    same = (sessions[mated] >= 0) & np.isin(sessions[mated], sessions[gallery])
    return GallerySplit(subjects, gallery, mated, same, np.flatnonzero(~known))


def _references(
    manifest: Manifest, subjects: Ints, chosen: Ints, references: int, seed: str
) -> Iterator[Ints]:
    order = np.argsort(subjects, kind="stable")
    bounds = np.searchsorted(subjects[order], np.arange(subjects.max() + 2))
    for subject in chosen:
        rows = order[bounds[subject] : bounds[subject + 1]]
        draws = [_draw("reference", seed, manifest.samples[row].image.as_posix()) for row in rows]
        yield _first(rows, draws, references)


def _first(items: Ints, draws: Sequence[float], count: int) -> Ints:
    """The `count` items with the lowest draws, ascending."""
    return np.sort(items[np.argsort(draws, kind="stable")[:count]])


def _draw(purpose: str, seed: str, name: str) -> float:
    """An even draw from 0 to 1 (exclusive) that depends on nothing but its arguments."""
    text = "\0".join((purpose, seed, name)).encode("utf-8", "surrogateescape")
    return (int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 11) * 2.0**-53
