"""One image under several people: nothing says whose face is meant."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.services.images.sources import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reknown.services.galleries.enrolees import Enrolee


def with_others(plan: Sequence[Enrolee]) -> list[Enrolee]:
    """The plan, each image that several people have and that has no box with the `others`.

    Images are the same by their bytes, which are read of files of one size alone.
    """
    by_digest: dict[str, list[int]] = defaultdict(list)
    for number in _of_one_size(plan):
        if (digest := _digest(plan[number])) is not None:
            by_digest[digest].append(number)
    found = list(plan)
    for same in by_digest.values():
        subjects = {plan[number].subject for number in same}
        for number in same:
            others = tuple(sorted(subjects - {plan[number].subject}))
            if others and plan[number].box is None:
                found[number] = replace(plan[number], others=others)
    return found


def _of_one_size(plan: Sequence[Enrolee]) -> Iterator[int]:
    """The places of those whose file is as large as one of another person."""
    sizes: dict[int, list[int]] = defaultdict(list)
    for number, enrolee in enumerate(plan):
        if (size := _size(enrolee)) is not None:
            sizes[size].append(number)
    for alike in sizes.values():
        if len({plan[number].subject for number in alike}) > 1:
            yield from alike


def _size(enrolee: Enrolee) -> int | None:
    """The bytes of its file; None where there are none to read."""
    if not isinstance(enrolee.source, Path):
        return None
    try:
        size = enrolee.source.stat().st_size
    except (OSError, ValueError):
        return None  # reading it says why that does not work
    return size if 0 < size <= MAX_BYTES else None


def _digest(enrolee: Enrolee) -> str | None:
    assert isinstance(enrolee.source, Path)
    try:
        with enrolee.source.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
