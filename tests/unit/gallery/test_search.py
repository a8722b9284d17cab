from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.biometrics.templates import TemplateSpace
from reknown.gallery.search import search_references, search_subjects
from reknown.gallery.templates import GalleryTemplates

if TYPE_CHECKING:
    from numpy.typing import NDArray


DIMENSION = 16
SPACE = TemplateSpace("tiny", "ab" * 32, DIMENSION)


def units(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    vectors = rng.normal(size=(count, DIMENSION)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def gallery(vectors: NDArray[np.float32], users: list[str | None]) -> GalleryTemplates:
    return GalleryTemplates.of(SPACE, vectors, [f"f{row}" for row in range(len(users))], users)


def naive(
    templates: GalleryTemplates,
    probe: NDArray[np.float32],
    threshold: float,
    limit: int,
    users_only: bool = False,
) -> list[tuple[str | None, str, float]]:
    best: dict[str, tuple[float, int]] = {}
    scores = (templates.vectors.astype(np.float64) * probe).sum(axis=1)
    for row, score in enumerate(scores.tolist()):
        if users_only and templates.users[row] is None:
            continue
        subject = templates.users[row] or templates.face_ids[row]
        if score >= threshold and (subject not in best or score > best[subject][0]):
            best[subject] = (score, row)
    ordered = sorted(best.values(), key=lambda pair: (-pair[0], pair[1]))[:limit]
    return [(templates.users[row], templates.face_ids[row], score) for score, row in ordered]


@settings(deadline=None, max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1),
    users=st.lists(st.sampled_from([None, "a", "a", "a", "b", "c"]), max_size=60),
    distinct=st.integers(1, 10),
    probes=st.integers(0, 3),
    threshold=st.floats(-1, 1),
    limit=st.integers(1, 8),
    users_only=st.booleans(),
)
def test_finds_what_looking_at_everything_finds(
    seed: int,
    users: list[str | None],
    distinct: int,
    probes: int,
    threshold: float,
    limit: int,
    users_only: bool,
) -> None:
    rng = np.random.default_rng(seed)
    templates = gallery(units(rng, distinct)[rng.integers(0, distinct, len(users))], users)
    asked = units(rng, probes)
    found = search_subjects(templates, asked, threshold, limit, users_only=users_only)
    assert [[(hit.user, hit.face_id, hit.score) for hit in hits] for hits in found] == [
        naive(templates, probe, threshold, limit, users_only) for probe in asked
    ]
    nobodys = GalleryTemplates.of(SPACE, templates.vectors, templates.face_ids, [None] * len(users))
    each = search_references(templates, asked, threshold, limit)
    assert [[(hit.face_id, hit.score) for hit in hits] for hits in each] == [
        [hit[1:] for hit in naive(nobodys, probe, threshold, limit)] for probe in asked
    ]
    owners = dict(zip(templates.face_ids, users, strict=True))
    assert all(hit.user == owners[hit.face_id] for hits in each for hit in hits)


def test_many_references_of_one_subject_hide_nobody() -> None:
    rng = np.random.default_rng(3)
    probe = units(rng, 1)
    others = units(rng, 5)
    vectors = np.concatenate([np.repeat(probe, 1000, axis=0), others])
    templates = gallery(vectors, ["crowd"] * 1000 + [None] * 5)
    (hits,) = search_subjects(templates, probe, -1, 3)
    assert [hit.user for hit in hits] == ["crowd", None, None]
    assert hits[0].face_id == "f0"
    assert templates.subject_count == 6


def test_many_references_without_user_hide_no_user() -> None:
    rng = np.random.default_rng(3)
    probe = units(rng, 1)
    vectors = np.concatenate([np.repeat(probe, 1000, axis=0), units(rng, 5)])
    templates = gallery(vectors, [None] * 1000 + ["a", "b", "a", "c", "b"])
    (hits,) = search_subjects(templates, probe, -1, 5, users_only=True)
    assert sorted(str(hit.user) for hit in hits) == ["a", "b", "c"]
    (hits,) = search_references(templates, probe, -1, 3)
    assert [hit.face_id for hit in hits] == ["f0", "f1", "f2"]


def test_a_score_at_the_threshold_counts() -> None:
    vectors = np.eye(2, DIMENSION, dtype=np.float32)
    templates = gallery(vectors, ["a", "b"])
    assert [hit.user for hit in search_subjects(templates, vectors[:1], 1.0, 5)[0]] == ["a"]
    assert [hit.user for hit in search_subjects(templates, vectors[:1], 0.0, 5)[0]] == ["a", "b"]


def test_a_limit_below_one_makes_no_sense() -> None:
    templates = gallery(np.eye(1, DIMENSION, dtype=np.float32), ["a"])
    for search in (search_subjects, search_references):
        with pytest.raises(InputError, match="at least one"):
            search(templates, np.empty((0, 16), np.float32), 0, 0)


def test_nothing_is_found_in_nothing() -> None:
    templates = gallery(np.empty((0, DIMENSION), np.float32), [])
    probes = np.eye(2, DIMENSION, dtype=np.float32)
    assert search_subjects(templates, probes, -1, 1) == [[], []]
    assert search_references(templates, probes, -1, 1) == [[], []]
