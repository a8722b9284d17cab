"""Whether two sets of images are of different people, and how alike those are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.text import counted
from reknown.evaluation.data.duplicates import ImageMarks, find_duplicates
from reknown.evaluation.data.pairs import score_matrix

if TYPE_CHECKING:
    from reknown.evaluation.data.images import EvaluatedImages
    from reknown.evaluation.data.manifest import Manifest
    from reknown.evaluation.measures.arrays import Floats


_SHOWN = 5
_BLOCK = 2_048


def check_people(gallery: Manifest, probes: Manifest) -> None:
    """Raises `InputError` for a subject who is in the gallery and among the probes."""
    both = sorted(set(gallery.subjects()[1]) & set(probes.subjects()[1]))
    if both:
        names = ", ".join(repr(name) for name in both[:_SHOWN])
        raise InputError(
            f"{counted(len(both), 'subject is', 'subjects are')} in the gallery and among the "
            f"probes, {names} first: each match of theirs would be right. Leave them out on one "
            "side, or rename strangers who share a name"
        )


def check_strangers(gallery: EvaluatedImages, probes: EvaluatedImages) -> int:
    """How many probes look like an image of the gallery without being the same file.

    Raises `InputError` for a subject or a file that is on both sides.
    """
    gallery.templates.space.require(probes.templates.space)
    check_people(gallery.manifest, probes.manifest)
    count = len(gallery.manifest.samples)
    one, other = gallery.templates.images, probes.templates.images
    marks = ImageMarks(
        one.digests + other.digests,
        np.concatenate([one.hashes, other.hashes]),
        np.concatenate([one.thumbnails, other.thumbnails]),
    )
    sides = (np.arange(len(marks.digests)) >= count).astype(np.intp)
    found = find_duplicates(marks, sides)
    across = ~found.same_subject
    same = found.second[across & found.exact] - count
    if len(same):
        image = probes.manifest.samples[same[0]].image.as_posix()
        raise InputError(
            f"{len(np.unique(same)):,} probes are the same file as an image of the gallery, "
            f"{image!r} first: somebody is on both sides under two names"
        )
    return len(np.unique(found.second[across]))


def best_scores(gallery: EvaluatedImages, probes: EvaluatedImages) -> Floats:
    """Each probe's best score in the gallery (p,), -inf for a failed probe.

    Raises `InputError` when no image of a side gave a template.
    """
    for name, side in (("gallery", gallery), ("probes", probes)):
        side.templates.require_any(f"image of the {name}")
    count = len(gallery.templates.failed)
    failed = np.concatenate([gallery.templates.failed, probes.templates.failed])
    vectors = np.concatenate([gallery.templates.vectors, probes.templates.vectors])
    rows = np.arange(count, len(failed))
    best = np.full(len(rows), -np.inf)
    for start in range(0, count, _BLOCK):
        part = np.arange(start, min(start + _BLOCK, count))
        np.maximum(best, score_matrix(vectors, failed, rows, part).max(axis=1), out=best)
    return best
