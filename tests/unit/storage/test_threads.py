"""How many threads BLAS has where a gallery is searched, and where templates are evaluated."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from reknown.gallery.index import ExactIndex
from reknown.storage.database import open_database
from reknown.vision.load import load_engine
from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def blas_threads() -> set[int]:
    return {
        library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    }


@pytest.fixture(autouse=True)
def _two_threads() -> Iterator[None]:
    """As on a machine of two cores; afterwards as it was."""
    with threadpool_limits(2, user_api="blas"):
        assert blas_threads() == {2}
        yield


def test_blas_has_one_thread_where_a_gallery_is_open(tmp_path: Path) -> None:
    open_database(tmp_path).dispose()
    assert blas_threads() == {1}


LATE = """
import sys
from pathlib import Path
from reknown.storage.database import open_database
open_database(Path(sys.argv[1])).dispose()
before = "numpy" in sys.modules
import numpy
from threadpoolctl import threadpool_info
print(before, *{each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"})
"""


def test_blas_has_one_thread_where_it_is_imported_after_the_gallery_was_opened(
    tmp_path: Path,
) -> None:
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "2"}
    command = [sys.executable, "-c", LATE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["False", "1"]


@pytest.mark.parametrize("pack", ["opencv", "public-domain"])
def test_a_model_pack_leaves_blas_to_evaluations(cache_folder: Path, pack: str) -> None:
    """They compare all templates with all in one thread of ours."""
    load_engine(PackStore(cache_folder), pack)
    assert 2 in blas_threads()


@pytest.mark.parametrize("probes", [1, 7])
def test_what_is_found_does_not_depend_on_threads(probes: int) -> None:
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(40_000 + probes, 128)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index, asked = ExactIndex(vectors[probes:]), vectors[:probes]
    found = []
    for threads in (1, 2, 3):
        with threadpool_limits(threads, user_api="blas"):
            found.append([(r.tolist(), s.tolist()) for r, s in index.search(asked, 10)])
    assert found[0] == found[1] == found[2]
