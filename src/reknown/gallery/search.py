"""From references to subjects: who of the gallery resembles a probe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.gallery.index import ExactIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.gallery.index import Found, Index
    from reknown.gallery.templates import GalleryTemplates

_GROWTH = 4


@dataclass(frozen=True, slots=True)
class SubjectScore:
    """A subject and its best reference; `user` is None for a reference without one."""

    user: str | None
    face_id: str
    score: float


def search_subjects(
    templates: GalleryTemplates,
    probes: NDArray[np.float32],
    threshold: float,
    limit: int,
    index: Index | None = None,
) -> list[list[SubjectScore]]:
    """For each of the `probes` (p, d) at most `limit` subjects scoring `threshold` or more.

    A subject scores as its best reference. Best first, of equal ones the one enrolled first.
    `index` holds the vectors of `templates`; without one they are all compared.

    Raises `InputError` for a limit below 1.
    """
    if limit < 1:
        raise InputError(f"a search returns at least one subject, not {limit}")
    if index is None:
        index = ExactIndex(templates.vectors)
    results: list[list[SubjectScore]] = [[] for _ in probes]
    pending = np.arange(len(probes))
    # One subject's references may fill the list: ask for more until enough subjects are in it.
    k = limit
    while len(pending) and len(index):
        short = []
        for number, found in zip(pending, index.search(probes[pending], k), strict=True):
            results[number] = _subjects(templates, found, threshold)[:limit]
            exhausted = k >= len(index) or found[1][-1] < threshold
            if len(results[number]) < limit and not exhausted:
                short.append(number)
        pending = np.array(short, np.intp)
        k *= _GROWTH
    return results


def _subjects(templates: GalleryTemplates, found: Found, threshold: float) -> list[SubjectScore]:
    rows, scores = found
    enough = scores >= threshold
    rows, scores = rows[enough], scores[enough]
    _, first = np.unique(templates.subjects[rows], return_index=True)
    return [
        SubjectScore(templates.users[row], templates.face_ids[row], float(score))
        for row, score in zip(rows[np.sort(first)], scores[np.sort(first)], strict=True)
    ]
