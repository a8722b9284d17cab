"""What of a search is work of the database, and how much of that a standby could take over.

    python -m bench.replica [FACES] > replica.json

The whole use case, and its halves by themselves, over one connection to a PostgreSQL of its own:
`look_up`, which only reads, and `conclude`, which reads the candidates' faces and writes the
record to the ledger. Counted is the processor time of the connection's own process on the server,
the write-ahead log, and the time that the client takes. Linux only.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from bench.approximate import filled_server
from bench.gallery import COLLECTION, SPACE, Drawer, DrawnPack, face_id
from bench.pixels import decode_image
from sqlalchemy import text

from reknown.biometrics.thresholds import ThresholdChoice
from reknown.cli.demo_images import EILEEN, jpeg
from reknown.cli.session import open_engine
from reknown.gallery.cache import IndexCache
from reknown.gallery.templates import pick_templates
from reknown.ledger.records import ProbeRecord
from reknown.objects.allow import NoObjects
from reknown.services.context import Actor, Context, Platform
from reknown.services.searches.search import Probes, Query, Scores, conclude, look_up
from reknown.storage.database import reading
from reknown.vision.engines import Engines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reknown.storage.database import Database

_FACES = 20_000
_SEARCHES = 400
_TURNS = 3


@dataclass(frozen=True, slots=True)
class Spent:
    """For one call, on average: processor time of the server, its log, and how long it took."""

    server_us: float
    log_bytes: float
    took_us: float


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else _FACES
    picture = decode_image(jpeg(EILEEN.crop()))
    executor = Drawer(open_engine(None).detect(picture.pixels)[0])
    with filled_server(size) as database:
        engines = Engines(DrawnPack(), SPACE.pack)
        platform = Platform(database, engines, executor, IndexCache(2**32), NoObjects())
        report = _measured(Context(platform, Actor("bench")), size)
    print(json.dumps({"faces": size, "calls": _SEARCHES * _TURNS} | report, indent=1))


def _measured(context: Context, size: int) -> dict[str, Any]:
    """Turn about, so that what else the machine does meets all of them."""
    database = context.database
    probes = _probes(database, size)
    query = Query(COLLECTION, ThresholdChoice(similarity=80))

    def read(asked: Probes) -> Scores:
        return look_up(context.platform, query, asked)

    def write(found: Scores) -> None:
        with database.begin() as connection:
            conclude(connection, context.actor, found)

    def both(asked: Probes) -> None:
        write(read(asked))

    scores = [read(each) for each in probes]
    turns: dict[str, list[Spent]] = {"look_up": [], "conclude": [], "search": []}
    for _ in range(_TURNS):
        turns["look_up"].append(_spent(database, read, probes))
        turns["conclude"].append(_spent(database, write, scores))
        turns["search"].append(_spent(database, both, probes))
    means = {name: _mean(found) for name, found in turns.items()}
    halves = means["look_up"].server_us + means["conclude"].server_us
    return {
        "of one call": {
            name: {
                "server_us": round(spent.server_us, 1),
                "log_bytes": round(spent.log_bytes),
                "took_us": round(spent.took_us),
            }
            for name, spent in means.items()
        },
        "look_up_of_server_time": round(means["look_up"].server_us / halves, 3),
        "look_up_of_server_time_by_turn": [
            round(read.server_us / (read.server_us + written.server_us), 3)
            for read, written in zip(turns["look_up"], turns["conclude"], strict=True)
        ],
    }


def _probes(database: Database, size: int) -> list[Probes]:
    numbers = np.random.default_rng(11).integers(0, size, _SEARCHES).tolist()
    found = []
    with reading(database) as connection:
        for name in map(face_id, numbers):
            own = pick_templates(connection, COLLECTION, [name])
            record = ProbeRecord("face", face_id=name)
            found.append(Probes(record, own.space, own.vectors, own_face=own.keys[0]))
    return found


def _spent(database: Database, work: Callable[[Any], object], inputs: Sequence[object]) -> Spent:
    """One thread uses one connection, which is the same before, within and afterwards."""
    process, log = _state(database)
    used, began = _processor_ns(process), time.perf_counter()
    for each in inputs:
        work(each)
    took, spent = time.perf_counter() - began, _processor_ns(process) - used
    same, end = _state(database)
    assert same == process
    return Spent(spent / 1000 / len(inputs), (end - log) / len(inputs), took * 1e6 / len(inputs))


def _state(database: Database) -> tuple[int, int]:
    """The server's process of our connection, and how far its write-ahead log has come."""
    with database.connect() as connection:
        query = "SELECT pg_backend_pid(), CAST(pg_current_wal_insert_lsn() - '0/0' AS bigint)"
        process, log = connection.execute(text(query)).one()
    return process, log


def _processor_ns(process: int) -> int:
    return int(Path(f"/proc/{process}/schedstat").read_text(encoding="ascii").split()[0])


def _mean(found: Sequence[Spent]) -> Spent:
    columns = zip(*((each.server_us, each.log_bytes, each.took_us) for each in found), strict=True)
    return Spent(*(sum(column) / len(found) for column in columns))


if __name__ == "__main__":
    main()
