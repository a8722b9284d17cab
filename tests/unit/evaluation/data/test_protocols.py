from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.evaluation.data.duplicates import Duplicates
from reknown.evaluation.data.manifest import read_manifest
from reknown.evaluation.data.protocols import (
    all_pairs,
    gallery_split,
    official_pairs,
    tuning_subjects,
)
from unit.evaluation.manifests import manifest_of, people

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "fold,image_a,image_b,same\n"


def _pairs(folder: Path, content: str) -> Path:
    path = folder / "pairs.csv"
    path.write_text(content)
    return path


def test_listed_pairs_are_rows_of_the_manifest(tmp_path: Path) -> None:
    manifest = manifest_of(("a/1.jpg", "A"), ("a/2.jpg", "A"), ("b/1.jpg", "B"))
    content = HEADER + "0,a/1.jpg,a/2.jpg,1\n1,b/1.jpg,a/1.jpg,0\n"
    pairs = official_pairs(_pairs(tmp_path, content), manifest)
    assert pairs.first.tolist() == [0, 2]
    assert pairs.second.tolist() == [1, 0]
    assert pairs.mated.tolist() == [True, False]
    assert pairs.fold.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("0,a/1.jpg,a/2.jpg", "3 values"),
        ("x,a/1.jpg,a/2.jpg,1", "fold"),
        ("-1,a/1.jpg,a/2.jpg,1", "fold"),
        ("0,a/1.jpg,a/2.jpg,yes", "same"),
        ("0,a/1.jpg,a/9.jpg,1", "'a/9.jpg' is not in"),
        ("0,a/1.jpg,a/2.jpg,0", "contradicts"),
        ("0,a/1.jpg,b/1.jpg,1", "contradicts"),
        ("0,a/1.jpg,a/1.jpg,1", "itself"),
        ("0,a/3.jpg,a/1.jpg,1", "twice"),
    ],
)
def test_a_wrong_pair_is_named(tmp_path: Path, row: str, problem: str) -> None:
    manifest = manifest_of(("a/1.jpg", "A"), ("a/2.jpg", "A"), ("b/1.jpg", "B"), ("a/3.jpg", "A"))
    path = _pairs(tmp_path, HEADER + "0,a/1.jpg,a/3.jpg,1\n" + row + "\n")
    with pytest.raises(InputError) as caught:
        official_pairs(path, manifest)
    assert "line 3: " in str(caught.value)
    assert problem in str(caught.value)


@pytest.mark.parametrize("content", ["", HEADER, "a,b\n", "image_a,image_b,same,fold\n"])
def test_a_list_without_pairs_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(InputError, match=r"first line|no pairs"):
        official_pairs(_pairs(tmp_path, content), people([2]))
    with pytest.raises(InputError, match="no such file"):
        official_pairs(tmp_path / "absent.csv", people([2]))


def test_the_pairs_of_lfw(shared: Path) -> None:
    folder = shared / "data" / "lfw-view2"
    pairs = official_pairs(folder / "pairs.csv", read_manifest(folder / "images"))
    assert np.bincount(pairs.fold).tolist() == [600] * 10
    assert np.bincount(pairs.fold[pairs.mated]).tolist() == [300] * 10


def test_all_pairs_are_counted() -> None:
    pairs = all_pairs(people([3, 2, 1]))
    assert (pairs.mated, pairs.non_mated) == (4, 11)


def test_halves_are_of_subjects_and_do_not_move() -> None:
    whole = [str(number) for number in range(1_000)]
    tuning = tuning_subjects(whole)
    assert 430 < tuning.sum() < 570
    assert (tuning_subjects(whole[:500]) == tuning[:500]).all()
    assert (tuning_subjects(whole, salt="x") != tuning).any()
    assert not tuning_subjects(whole, 0.0).any()
    assert tuning_subjects(whole, 1.0).all()


@given(
    counts=st.lists(st.integers(1, 5), min_size=2, max_size=12),
    enrolled=st.integers(1, 6),
    references=st.integers(1, 3),
    seed=st.text(max_size=3),
)
def test_a_split_leaves_nothing_out_and_mixes_nothing(
    counts: list[int], enrolled: int, references: int, seed: str
) -> None:
    manifest = people(counts)
    try:
        split = gallery_split(manifest, enrolled, references, seed=seed)
    except InputError:
        able = sum(count > references for count in counts)
        assert able < enrolled or enrolled == len(counts)
        return
    parts = [split.gallery, split.mated_probes, split.non_mated_probes]
    assert sorted(np.concatenate(parts).tolist()) == list(range(sum(counts)))
    who = [set(split.subjects[part].tolist()) for part in parts]
    assert who[0] == who[1]
    assert not who[0] & who[2]
    assert np.bincount(split.subjects[split.gallery]).max() == references
    assert len(split.gallery) == enrolled * references


def test_a_larger_gallery_holds_the_smaller() -> None:
    manifest = people([3] * 50)
    small, large = (gallery_split(manifest, number, seed="s") for number in (10, 20))
    assert set(small.gallery.tolist()) < set(large.gallery.tolist())
    other = gallery_split(manifest, 10, seed="t")
    assert set(other.gallery.tolist()) != set(small.gallery.tolist())


def test_too_small_a_set_is_explained() -> None:
    with pytest.raises(InputError, match="1 subject has more than 1 sample"):
        gallery_split(people([2, 1]), 2)
    with pytest.raises(InputError, match="leave some out"):
        gallery_split(people([2, 2]), 2)
    with pytest.raises(InputError, match="at least"):
        gallery_split(people([2, 2]), 0)


def test_probes_of_an_enrolled_session_are_flagged() -> None:
    manifest = manifest_of(
        ("1", "A", "s"), ("2", "A", "s"), ("3", "A", "s"), ("4", "B", "s"), ("5", "B", None)
    )
    split = gallery_split(manifest, 1, 2)
    assert split.same_session.tolist() == [True]


def test_probes_that_copy_a_reference_can_be_left_out() -> None:
    split = gallery_split(people([4, 1]), 1)
    reference, copy = int(split.gallery[0]), int(split.mated_probes[1])
    one, other = sorted((reference, copy))
    pair = Duplicates(
        np.array([one]), np.array([other]), np.array([True]), np.array([0]), np.array([True])
    )
    left = split.without_duplicates(pair)
    assert left.mated_probes.tolist() == [p for p in split.mated_probes.tolist() if p != copy]
