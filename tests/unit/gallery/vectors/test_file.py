from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reknown.gallery.vectors.file import read_index, remove_from_index, write_index
from reknown.gallery.vectors.slabs import Slab

if TYPE_CHECKING:
    from pathlib import Path


KEY = bytes(32)


def filled(rows: int) -> Slab:
    slab = Slab(6, 32)
    vectors = np.random.default_rng(1).normal(size=(rows, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    keys = np.arange(rows, dtype=np.int64)
    slab.append(keys, keys, keys, vectors)
    return slab


def test_what_comes_while_a_file_is_written_is_not_in_its_last_block(tmp_path: Path) -> None:
    slab = filled(25)
    with (tmp_path / "it").open("w+b") as file:
        digest = write_index(file, KEY, 6, [(slab, 18)], 7)
        contents, (read,) = read_index(file, KEY, digest, 0)
    assert (contents.revision, read.rows) == (7, 18)
    assert (read.codes[1, :, 2:] == 128).all()
    assert (read.codes[1, :, :2] == slab.codes[1, :, :2]).all()
    assert (slab.codes[1, :, 2:9] != 128).any(axis=(0, 2)).all()


def test_equal_files_have_different_names(tmp_path: Path) -> None:
    # of two machines with one database: what one deletes is not yet deleted in the other's
    digests = set()
    for name in ("one", "other"):
        with (tmp_path / name).open("w+b") as file:
            digests.add(write_index(file, KEY, 6, [(filled(18), 18)], 7))
    assert len(digests) == 2


def test_what_is_removed_is_not_in_the_file_and_the_rest_as_it_was(tmp_path: Path) -> None:
    slabs = [filled(20), filled(32)]
    slabs[1].keys += 20
    with (tmp_path / "it").open("w+b") as file:
        digest = write_index(file, KEY, 6, [(slab, slab.rows) for slab in slabs], 7)
        gone = np.array([3, 19, 20, 51, 99], np.int64)
        new = remove_from_index(file, KEY, digest, gone)
        assert new != digest
        _, read = read_index(file, KEY, new, 16)
    for slab in slabs:
        slab.remove(slab.find(gone))
    for slab, other in zip(slabs, read, strict=True):
        assert (other.rows, other.gaps) == (slab.rows, 2)
        assert (other.keys[: slab.rows] == slab.keys[: slab.rows]).all()
        assert (other.present() == slab.present()).all()
        rows = np.arange(slab.rows)
        places = rows // 16, slice(None), rows % 16
        assert (other.codes[places] == slab.codes[places]).all()
    assert read[1].room >= 16
