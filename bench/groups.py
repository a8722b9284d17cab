"""How long it takes to group unknown people, in how much memory, beside other methods.

    python -m bench.groups [SIGHTINGS...] > groups.json

Archives of `bench/drawn_archive.py`, each method in a process of its own, one after the other, at
one threshold of score for all of them: DBSCAN (two neighbours) and average linkage of scikit-learn,
Chinese Whispers of dlib, HDBSCAN (two neighbours, no threshold: it has none). They take the square
of the number of sightings, so they run on the first 5,000 alone. `more` are 1,000 sightings that
come to those that are grouped. BLAS has as many threads as there are cores.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from bench.drawn_archive import drawn

from reknown.evaluation.measures.grouping import grouping_errors
from reknown.gallery.grouping.grouping import group
from reknown.gallery.grouping.sightings import sightings
from reknown.vision.batch import available_cores

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.drawn_archive import Archive
    from numpy.typing import NDArray

    Labels = NDArray[np.intp]

_LEAST = 0.5614
_SIZES = (5_000, 20_000, 100_000)
_PEERS_TO = 5_000
_MORE = 1_000


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(_measured(sys.argv[2], int(sys.argv[3]))))
        return
    sizes = [int(size) for size in sys.argv[1:]] or list(_SIZES)
    report: dict[str, Any] = {"cores": available_cores(), "least": _LEAST}
    for size in sizes:
        report[str(size)] = {
            name: _in_a_process(name, size)
            for name in _METHODS
            if size <= _PEERS_TO or name in {"reknown", "more"}
        }
    print(json.dumps(report, indent=1))


def _in_a_process(name: str, size: int) -> Any:
    command = [sys.executable, "-m", "bench.groups", "--one", name, str(size)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def _measured(name: str, size: int) -> dict[str, Any]:
    archive = drawn(size)
    prepare = _METHODS[name](archive)
    # from here on the peak is this method's own
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before, started = _memory("VmRSS"), time.monotonic()
    labels = prepare()
    seconds = time.monotonic() - started
    errors = grouping_errors(labels, archive.people)
    return {
        "seconds": round(seconds, 2),
        "mib": (_memory("VmHWM") - before) // 1024,
        "groups": errors.mixed.trials,
        "mixed": errors.mixed.errors,
        "wrong": [errors.wrong.errors, errors.wrong.trials],
        "apart": [errors.apart.errors, errors.apart.trials],
    }


def _memory(what: str) -> int:
    """KiB of this process."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what))


def _reknown(archive: Archive) -> Callable[[], Labels]:
    all_of_them = sightings(archive.vectors, np.arange(len(archive.people)))
    return lambda: group(all_of_them, _LEAST).labels


def _more(archive: Archive) -> Callable[[], Labels]:
    """The last sightings come when the others are grouped."""
    known, count = len(archive.people) - _MORE, len(archive.people)
    before = group(sightings(archive.vectors[:known], np.arange(known)), _LEAST).labels
    groups = np.append(before, np.full(_MORE, -1))
    fresh = np.arange(count) >= known
    grown = sightings(archive.vectors, np.arange(count), groups=groups, fresh=fresh)
    return lambda: group(grown, _LEAST).labels


def _distances(archive: Archive) -> NDArray[np.float64]:
    distances = np.clip(1 - archive.vectors @ archive.vectors.T, 0, 2)
    return np.asarray(distances, np.float64)


def _average(archive: Archive) -> Callable[[], Labels]:
    from sklearn.cluster import AgglomerativeClustering

    method = AgglomerativeClustering(
        None, metric="precomputed", linkage="average", distance_threshold=1 - _LEAST
    )
    return lambda: np.asarray(method.fit_predict(_distances(archive)), np.intp)


def _dbscan(archive: Archive) -> Callable[[], Labels]:
    from sklearn.cluster import DBSCAN

    method = DBSCAN(eps=1 - _LEAST, min_samples=2, metric="precomputed")
    return lambda: np.asarray(method.fit_predict(_distances(archive)), np.intp)


def _hdbscan(archive: Archive) -> Callable[[], Labels]:
    from sklearn.cluster import HDBSCAN

    method = HDBSCAN(min_cluster_size=2, metric="precomputed", copy=False)
    return lambda: np.asarray(method.fit_predict(_distances(archive)), np.intp)


def _chinese_whispers(archive: Archive) -> Callable[[], Labels]:
    import dlib

    rows = [dlib.vector(row) for row in archive.vectors]
    # of unit vectors: the distance at that score
    distance = float(np.sqrt(2 - 2 * _LEAST))
    return lambda: np.array(dlib.chinese_whispers_clustering(rows, distance), np.intp)


_METHODS: dict[str, Callable[[Archive], Callable[[], Labels]]] = {
    "reknown": _reknown,
    "more": _more,
    "average linkage of scikit-learn": _average,
    "DBSCAN": _dbscan,
    "HDBSCAN": _hdbscan,
    "Chinese Whispers of dlib": _chinese_whispers,
}


if __name__ == "__main__":
    main()
