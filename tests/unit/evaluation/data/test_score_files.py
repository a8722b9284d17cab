from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from growth import growth
from reknown.biometrics.errors import InputError
from reknown.evaluation.data.score_files import read_score_file

if TYPE_CHECKING:
    from pathlib import Path


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path / "scores.csv" if path.is_dir() else path


def test_columns_may_come_in_any_order(tmp_path: Path) -> None:
    text = (
        "mated,score,group_b,group_a,subject_a,subject_b\n"
        "1,0.5,x,x,ann,ann\n\n0,,y,x,ann,bob\n0,-inf,,x,bob,cid\n0,1e-3,x,x,cid,ann\n"
    )
    file = read_score_file(_write(tmp_path / "s.csv", text))
    assert file.scores.mated.tolist() == [0.5]
    assert file.scores.non_mated.tolist() == [-math.inf, -math.inf, 0.001]
    assert file.subject_names == ("ann", "bob", "cid")
    assert file.scores.non_mated_subjects is not None
    assert file.scores.non_mated_subjects.tolist() == [[0, 1], [1, 2], [2, 0]]
    assert file.group_names == ("x", "y")
    assert file.scores.non_mated_groups is not None
    assert file.scores.non_mated_groups.tolist() == [[0, 1], [0, -1], [0, 0]]
    assert file.flags.tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "missing: score, mated"),
        ("score,same\n1,1\n", "missing: mated; unknown: 'same'"),
        ("score,mated,subject_a\n1,1,a\n", "missing: subject_b"),
        ("score,mated,score\n1,1,1\n", "each once"),
        ("score,mated\n1,1\n0.5\n", "line 3: 1 values"),
        ("score,mated\n1,1\n\nhigh,0\n", "line 4: 'high' is not a score"),
        ("score,mated\n1,1\nnan,0\n", "line 3: NaN"),
        ("score,mated\ninf,1\n0,0\n", "line 2: NaN or .inf"),
        ("score,mated\n1,yes\n", "line 2: mated is 1 or 0, not 'yes'"),
        ("score,mated\n1,1\n", "no non-mated comparison"),
        ("score,mated\n1,0\n", "no mated comparison"),
        ("score,mated\n", "no mated comparison"),
        ("score,mated,subject_a,subject_b\n1,1,a,a\n0,0,b,b\n", "line 3: mated contradicts"),
        ("score,mated,subject_a,subject_b\n1,1,a,b\n0,0,a,b\n", "line 2: mated contradicts"),
        ("score,mated,subject_a,subject_b\n1,1,a,a\n0,0,a,\n", "line 3: a subject has no name"),
        ('score,mated\n1,"1\n', "cannot read"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_score_file(_write(tmp_path / "s.csv", text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*none\.csv: no such file"):
        read_score_file(tmp_path / "none.csv")


def test_arrays_are_read_as_the_csv_is(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    np.savez(path, score=[0.5, -np.inf], mated=[1, 0], subject_a=["a", "a"], subject_b=["a", "b"])
    file = read_score_file(path)
    assert file.scores.mated.tolist() == [0.5]
    assert file.scores.non_mated.tolist() == [-math.inf]
    assert file.subject_names == ("a", "b")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"score": [0.5]}, "missing: mated"),
        ({"score": [0.5, 0.1], "mated": [1]}, "same length"),
        ({"score": ["a", "b"], "mated": [1, 0]}, "not numbers"),
        ({"score": [1.0, 2.0], "mated": [1, 2]}, "other than 1 and 0"),
        ({"score": [1.0, np.nan], "mated": [1, 0]}, "row 1: NaN"),
        ({"score": np.array([1.0, object()], object), "mated": [1, 0]}, "allow_pickle"),
    ],
)
def test_wrong_arrays_are_refused(tmp_path: Path, arrays: dict[str, object], message: str) -> None:
    np.savez(tmp_path / "s.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=message):
        read_score_file(tmp_path / "s.npz")


def test_no_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        read_score_file(_write(tmp_path / "s.npz", "score,mated\n1,1\n"))


def test_the_work_grows_with_the_rows_and_no_faster(tmp_path: Path) -> None:
    def file(rows: int) -> Path:
        lines = [
            f"{k * 1e-6:.6f},0,s{k},s{k // 10}" if k % 10 else f"{k * 1e-6:.6f},1,a,a"
            for k in range(rows)
        ]
        text = "score,mated,subject_a,subject_b\n" + "\n".join(lines) + "\n"
        return _write(tmp_path / f"{rows}.csv", text)

    assert len(read_score_file(file(80_000)).flags) == 80_000
    assert growth(read_score_file, file(10_000), file(80_000)) < 24
