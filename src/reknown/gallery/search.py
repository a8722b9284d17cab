"""From references to subjects: who of the gallery resembles a probe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.gallery.index import ExactIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.gallery.index import Found
    from reknown.gallery.templates import GalleryTemplates

_GROWTH = 4


@dataclass(frozen=True, slots=True)
class SubjectScore:
    """A reference that was found, a subject's best; `user` is None for one without a user."""

    user: str | None
    face_id: str
    score: float


def search_references(
    templates: GalleryTemplates, probes: NDArray[np.float32], threshold: float, limit: int
) -> list[list[SubjectScore]]:
    """For each of the `probes` (p, d) at most `limit` references scoring `threshold` or more.

    Best first, of equal ones the one enrolled first. Raises `InputError` for a limit below 1.
    """
    _check_limit(limit)
    index = ExactIndex(templates.vectors)
    found = index.search(probes, limit, threshold)
    return [_references(templates, row, threshold) for row in found]


def search_subjects(
    templates: GalleryTemplates,
    probes: NDArray[np.float32],
    threshold: float,
    limit: int,
    *,
    users_only: bool = False,
) -> list[list[SubjectScore]]:
    """For each of the `probes` (p, d) at most `limit` subjects scoring `threshold` or more.

    A subject scores as its best reference. Best first, of equal ones the one enrolled first.
    With `users_only` references without user are passed over.

    Raises `InputError` for a limit below 1.
    """
    _check_limit(limit)
    index = ExactIndex(templates.vectors)
    results: list[list[SubjectScore]] = [[] for _ in probes]
    pending = np.arange(len(probes))
    # One subject's references may fill the list: ask for more until enough subjects are in it.
    k = limit
    while len(pending) and len(index):
        short = []
        for number, found in zip(pending, index.search(probes[pending], k, threshold), strict=True):
            results[number] = _subjects(templates, found, threshold, users_only)[:limit]
            exhausted = len(found[0]) < k or found[1][-1] < threshold
            if len(results[number]) < limit and not exhausted:
                short.append(number)
        pending = np.array(short, np.intp)
        k *= _GROWTH
    return results


def _check_limit(limit: int) -> None:
    if limit < 1:
        raise InputError(f"a search returns at least one subject, not {limit}")


def _subjects(
    templates: GalleryTemplates, found: Found, threshold: float, users_only: bool
) -> list[SubjectScore]:
    seen: set[int] = set()
    best = []
    for row, score in zip(*found, strict=True):
        subject = int(templates.subjects[row])
        if score < threshold or subject in seen:
            continue
        seen.add(subject)
        if not users_only or templates.users[row] is not None:
            best.append(_scored(templates, int(row), float(score)))
    return best


def _references(templates: GalleryTemplates, found: Found, threshold: float) -> list[SubjectScore]:
    pairs = zip(*found, strict=True)
    return [_scored(templates, int(row), float(s)) for row, s in pairs if s >= threshold]


def _scored(templates: GalleryTemplates, row: int, score: float) -> SubjectScore:
    return SubjectScore(templates.users[row], templates.face_ids[row], score)
